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
import { type ResourceManager, resources } from '../models/manager.js';
import { resolveVadModel } from '../models/resolve.js';
import type { Model } from '../models/whisper-model.js';
import { MemoryMonitor } from '../resources/monitor.js';
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
import { Supplies, type Wants } from './supplies.js';
import { samples, seconds } from './time.js';
import { Workers } from './workers.js';

/**
 * Transcribes audio of any length in bounded memory: streamed from its source, cut at pauses, decoded chunk by chunk on several
 * workers, segments handed out in order as they come.
 *
 * The job is a promise of the whole result and an async iterable of its events; leaving the loop early stops it.
 *
 * @throws HearkenError ERR_INVALID_ARG, ERR_AUDIO_*, ERR_MODEL_*, ERR_MEMORY_LIMIT, ERR_CLOSED; ERR_ABORTED carries what was finished as `partial`
 */
export function transcribeChunked(audio: AudioSource, options: TranscribeOptions = {}): TranscriptionJob {
  return startTranscription(audio, options, resources);
}

/** The job, with the models of a manager where the options have no handle. `onEnd` is called when it is over, whatever came of it. */
export function startTranscription(
  audio: AudioSource,
  options: TranscribeOptions,
  manager: ResourceManager,
  onEnd?: () => void,
): TranscriptionJob {
  const signal = isSignal(options?.signal) ? options.signal : undefined;
  const held = holdGiven(options);
  return startJob<TranscribeEvent, TranscriptionResult>(signal, async (emit, stop) => {
    try {
      return await run(audio, options, held.given(), manager, emit, stop);
    } finally {
      onEnd?.();
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
  manager: ResourceManager,
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
  let workers: Workers | undefined;
  let supplies: Supplies | undefined;
  let failed: CallbackFailure | undefined;
  const failing = new AbortController();
  const waiting = AbortSignal.any([signal, failing.signal]);
  const monitor = new MemoryMonitor(addon, {
    workers: () => supplies?.grant.workers ?? 0,
    onMemory: options.onMemory,
    onFailure: (cause) => {
      failed = new CallbackFailure('onMemory failed', { cause });
      cancel.cancel();
      failing.abort();
    },
  });
  const receipt = (audioSeconds: number) =>
    monitor.receipt({ workers: workers?.most ?? 0, evictions: supplies?.grant.evictions ?? 0, audioSeconds });
  let result: Result;
  try {
    try {
      const vadModel = job.skipSilence ? await resolveVadModel() : '';
      supplies = owned.add(await Supplies.reserve(manager, given, wants(job, options), waiting));
      let tracker: SpeakerTracker | undefined;
      if (job.diarize !== false) {
        const diarizer = await supplies.diarizer(signal);
        const native = { begin: samples(job.start), threads: diarizationThreads(supplies.grant.workers) };
        tracker = owned.add(await SpeakerTracker.open(addon, diarizer, job.speakers, native, cancel));
      }
      // A wrong file is told before a gigabyte of weights is read for it.
      const chunkSamples = samples(job.chunkSeconds);
      const tapped = tracker ? { diarization: tracker.native } : {};
      const plan = { ...planned(job), chunkSamples, vadModel, ...tapped };
      const open = owned.add(await openAudio(addon, audio, options, plan, cancel));
      checkStart(job, open.duration);
      const model = await supplies.model(signal);
      checkLanguage(job, model, addon.languages());
      const { grant } = supplies;
      workers = new Workers({
        workers: () => grant.workers,
        take: () => model.states.take(),
        give: (state) => model.states.give(state),
      });
      grant.onChange = () => workers?.changed();
      grant.holding = () => workers?.held ?? 0;
      result = await decodeAll(open, workers, tracker, job, options, { emit, signal, cancel, model });
    } finally {
      cancel.cancel(); // what still waits for audio waits no longer
      await owned.close();
    }
    if (failed) throw failed; // while the speakers were found, which an abort does not stop
    result.receipt = receipt(processedSeconds(result));
    await emit({ type: 'done', result });
    return result;
  } catch (error) {
    const callback = failed ?? error;
    if (callback instanceof CallbackFailure) throw callback.cause;
    const { partial } = error as { partial?: Result };
    if (partial) partial.receipt = receipt(processedSeconds(partial));
    if (signal.aborted && !partial) throw aborted(signal);
    throw toHearkenError(error);
  } finally {
    signal.removeEventListener('abort', abort);
    await monitor.close();
  }
}

/** Telling speakers apart takes about a third of the time that the words take. */
const diarizationThreads = (workers: number): number => Math.max(1, Math.round(workers / 3));

/** What the job will hold. */
function wants(job: JobOptions, options: TranscribeOptions): Wants {
  const { model, offline } = options;
  // A handle was checked when it was given; anything else is for the models to refuse.
  const named = model === undefined || typeof model === 'object' ? {} : { model };
  const decoders = Math.max(job.decode.beamSize, job.decode.temperatureIncrement > 0 ? job.decode.bestOf : 1);
  return {
    what: 'the transcription',
    model: {
      ...named,
      ...(offline === undefined ? {} : { offline }),
      decoders,
      chunkSamples: samples(job.chunkSeconds),
    },
    workers: job.workers,
    ...(job.diarize === false
      ? {}
      : { speakers: { channels: job.diarize === 'channels', threads: diarizationThreads } }),
  };
}

/** Seconds of audio that a result accounts for. */
function processedSeconds({ coverage }: Transcript): number {
  const done = coverage.filter(({ status }) => status !== 'aborted');
  return (done.at(-1)?.end ?? 0) - (done[0]?.start ?? 0);
}

interface Reins {
  emit: Emit<TranscribeEvent>;
  signal: AbortSignal;
  cancel: NativeCancelToken;
  model: Model;
}

async function decodeAll(
  open: OpenAudio,
  workers: Workers,
  tracker: SpeakerTracker | undefined,
  job: JobOptions,
  options: TranscribeOptions,
  { emit, signal, cancel, model }: Reins,
): Promise<Result> {
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
      workers,
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
