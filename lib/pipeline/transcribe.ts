import { type OpenAudio, openAudio, SAMPLE_RATE } from '../audio/source.js';
import {
  binding,
  type NativeCancelToken,
  type NativeChunk,
  type NativeDecodeOptions,
  type NativeSegment,
  type NativeState,
} from '../binding.js';
import { HearkenError, toHearkenError } from '../errors.js';
import { loadDiarizer } from '../models/diarizer.js';
import { resolveVadModel } from '../models/resolve.js';
import { loadWhisperModel, type Model } from '../models/whisper-model.js';
import { Result } from '../result.js';
import type {
  AudioSource,
  CoverageSpan,
  Segment,
  SpeakerTrack,
  SpeakerTurn,
  TranscribeEvent,
  TranscribeOptions,
  Transcript,
  TranscriptionJob,
  TranscriptionResult,
} from '../types.js';
import { Assembly } from './assemble.js';
import { isSignal } from './checks.js';
import { type Given, holdGiven } from './given.js';
import { type Emit, startJob } from './job.js';
import { type JobOptions, resolveOptions } from './options.js';
import { Owned } from './owned.js';
import { checkStart, planned, rangeSeconds, wholeDuration } from './range.js';
import { CallbackFailure, Reporter } from './report.js';
import { decodeInOrder } from './scheduler.js';
import { SpeakerTracker } from './speaker-tracker.js';
import { attribute } from './speakers.js';
import { samples, seconds } from './time.js';

/**
 * Transcribes audio of any length in bounded memory: streamed from its source, cut at pauses, decoded chunk by chunk on several
 * workers, segments handed out in order as they come.
 *
 * The job is a promise of the whole result and an async iterable of its events; leaving the loop early stops it.
 *
 * @throws HearkenError ERR_INVALID_ARG, ERR_AUDIO_*, ERR_MODEL_*, ERR_CLOSED; ERR_ABORTED carries what was finished as `partial`
 */
export function transcribeChunked(audio: AudioSource, options: TranscribeOptions = {}): TranscriptionJob {
  const signal = isSignal(options?.signal) ? options.signal : undefined;
  const held = holdGiven(options);
  return startJob<TranscribeEvent, TranscriptionResult>(signal, async (emit, stop) => {
    try {
      return await run(audio, options, held.given(), emit, stop);
    } finally {
      held.release(); // last: a close() of the caller's handle resolves when all of this job is gone
    }
  });
}

/** The simple call: the whole result, once it is there. The same engine and options as {@link transcribeChunked}. */
export async function transcribe(audio: AudioSource, options: TranscribeOptions = {}): Promise<TranscriptionResult> {
  return transcribeChunked(audio, options);
}

async function run(
  audio: AudioSource,
  options: TranscribeOptions,
  given: Given,
  emit: Emit<TranscribeEvent>,
  signal: AbortSignal,
): Promise<TranscriptionResult> {
  const job = resolveOptions(options);
  if (signal.aborted) throw aborted(signal);
  const addon = binding();
  const cancel = new addon.CancelToken();
  const abort = () => cancel.cancel();
  signal.addEventListener('abort', abort, { once: true });
  const owned = new Owned();
  try {
    const vadModel = job.skipSilence ? await resolveVadModel() : '';
    const plan = planned(job);
    let tracker: SpeakerTracker | undefined;
    if (job.diarize !== false) {
      const diarizer = given.diarizer ?? owned.add(await loadDiarizer({}, { signal }));
      tracker = owned.add(await SpeakerTracker.open(addon, diarizer, job.speakers, diarizing(job), cancel));
    }
    // A wrong file is told before a gigabyte of weights is read for it.
    const chunkSamples = samples(job.chunkSeconds);
    const tapped = tracker ? { diarization: tracker.native } : {};
    const open = owned.add(
      await openAudio(addon, audio, options, { ...plan, chunkSamples, vadModel, ...tapped }, cancel),
    );
    checkStart(job, open.duration);
    const { offline } = options;
    const wanted = { signal, ...(offline === undefined ? {} : { offline }) };
    const model = given.model ?? owned.add(await loadWhisperModel(options.model as string | undefined, wanted));
    checkLanguage(job, model, addon.languages());
    return await decodeAll(open, model, tracker, job, options, { emit, signal, cancel });
  } catch (error) {
    if (error instanceof CallbackFailure) throw error.cause;
    if (signal.aborted && !hasPartial(error)) throw aborted(signal);
    throw toHearkenError(error);
  } finally {
    signal.removeEventListener('abort', abort);
    cancel.cancel(); // what still waits for audio waits no longer
    await owned.close();
  }
}

/** A diarization's share of the job's threads: it takes about a third of the time that the words take. */
function diarizing(job: JobOptions): { begin: number; threads: number } {
  return { begin: samples(job.start), threads: Math.max(1, Math.round(job.workers / 3)) };
}

interface Reins {
  emit: Emit<TranscribeEvent>;
  signal: AbortSignal;
  cancel: NativeCancelToken;
}

async function decodeAll(
  open: OpenAudio,
  model: Model,
  tracker: SpeakerTracker | undefined,
  job: JobOptions,
  options: TranscribeOptions,
  { emit, signal, cancel }: Reins,
): Promise<TranscriptionResult> {
  const { planner } = open;
  let language = job.language ?? 'en';
  let languageProbability: number | undefined;
  const begin = samples(job.start);
  const assembly = new Assembly(begin, job.words || tracker !== undefined, () => language);
  const reporter = new Reporter(options.onProgress, emit);
  const total = rangeSeconds(job, open.duration);
  const processed = () => seconds(assembly.position - begin);

  // Segments leave in order, one after another, whether they come from a finished chunk or from a window of a running one.
  let sent = Promise.resolve();
  let events = 0;
  const send = (segments: Segment[]): Promise<void> => {
    sent = sent.then(async () => {
      for (const segment of emit.listening() ? segments : []) {
        await tracker?.settled(samples(segment.end));
        const near = tracker?.turnsNear(segment.start, segment.end);
        const parts = near ? spoken([segment], near, job) : [segment];
        for (const part of parts) await emit({ type: 'segment', segment: { ...part, id: events++ } });
      }
      await reporter.at(processed(), total);
    });
    return sent;
  };
  const decodeOptions = async (chunk: NativeChunk, state: NativeState): Promise<NativeDecodeOptions> => {
    // The language of the first chunk that has enough to tell is that of all that follow.
    if (job.language === undefined && model.multilingual && languageProbability === undefined && long(chunk)) {
      const guess = await state.detectLanguage(chunk, job.decode.threads, cancel);
      language = guess.language;
      languageProbability = Math.round(guess.probability * 1e4) / 1e4;
    }
    return { ...job.decode, language };
  };
  const transcript = (duration: number, covered: CoverageSpan[], track: SpeakerTrack | undefined): Transcript => {
    const plain = assembly.transcript(duration, covered, languageProbability);
    return track ? { ...plain, segments: spoken(plain.segments, track.turns, job), ...track } : plain;
  };

  let chunks = 0;
  let decodedChunks = 0;
  let failure: unknown;
  let coverage: CoverageSpan[] | undefined;
  let track: SpeakerTrack | undefined;
  tracker?.start();
  try {
    const work = {
      planner,
      cancel,
      workers: job.workers,
      createState: () => model.createState(),
      decodeOptions,
      // A failure of a callback in here is thrown by the next send that is awaited.
      onWindow: (chunk: NativeChunk, segments: NativeSegment[]) =>
        void send(assembly.early(chunk, segments)).catch(() => {}),
    };
    for await (const decoded of decodeInOrder(work)) {
      chunks++;
      failure ??= decoded.error;
      if (!decoded.error) decodedChunks++;
      await send(assembly.add(decoded));
      if (signal.aborted) throw aborted(signal);
    }
    await send(assembly.flush());
    // One chunk that can't be decoded is a hole in the result; if none can, there is no result.
    if (chunks > 0 && decodedChunks === 0) throw failure;
    if (chunks === 0) checkStart(job, seconds(planner.position) > job.start ? undefined : job.start);
    coverage = assembly.finish(planner.position, 'silence');
    track = await tracker?.finish();
    if (signal.aborted) throw aborted(signal);
  } catch (error) {
    if (tracker?.failure) throw tracker.failure.error;
    if (!signal.aborted) throw error;
    assembly.flush();
    const end = Math.max(assembly.position, total === undefined ? planner.position : begin + samples(total));
    const duration = open.duration ?? seconds(planner.position);
    // Text without speakers is better than none.
    track ??= await tracker?.finish().catch(() => undefined);
    throw aborted(signal, new Result(transcript(duration, coverage ?? assembly.finish(end, 'aborted'), track)));
  }

  await reporter.at(processed(), processed(), true); // what was read is all there is
  const result = new Result(transcript(wholeDuration(job, open.duration, planner.position), coverage, track));
  const { segments, speakers, turns, exclusiveTurns } = result;
  if (speakers && turns && exclusiveTurns) {
    await emit({ type: 'speakers', segments, speakers, turns, exclusiveTurns });
  }
  await emit({ type: 'done', result });
  return result;
}

/** Segments with their speakers, and without the words that only served to find them. */
function spoken(segments: Segment[], turns: readonly SpeakerTurn[], job: JobOptions): Segment[] {
  const parts = attribute(segments, turns);
  return job.words ? parts : parts.map(({ words, ...part }) => part);
}

/** Long enough to tell a language from. */
const long = (chunk: NativeChunk) => chunk.end - chunk.begin >= SAMPLE_RATE / 2;

function checkLanguage(job: JobOptions, model: Model, languages: readonly string[]): void {
  const refuse = (message: string) => {
    throw new HearkenError('ERR_INVALID_ARG', message);
  };
  const { language } = job;
  if (language !== undefined && !languages.includes(language)) {
    refuse(
      `language '${language}' is not one that Whisper knows: give a code such as ${languages.slice(0, 5).join(', ')}, or auto`,
    );
  }
  if (model.multilingual) return;
  const remedy = 'use a multilingual model, such as base';
  if (language !== undefined && language !== 'en') refuse(`the model knows English only, not '${language}': ${remedy}`);
  if (job.decode.translate) refuse(`the model knows English only and can't translate: ${remedy}`);
}

function aborted(signal: AbortSignal, partial?: TranscriptionResult): HearkenError {
  const error = new HearkenError('ERR_ABORTED', 'the transcription was aborted', { cause: signal.reason });
  return partial ? Object.assign(error, { partial }) : error;
}

const hasPartial = (error: unknown) => error instanceof HearkenError && 'partial' in error;
