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
import { resolveVadModel } from '../models/resolve.js';
import { asModel, loadWhisperModel, type Model } from '../models/whisper-model.js';
import { Result } from '../result.js';
import type { AudioSource, Segment, TranscribeOptions, TranscriptionJob, TranscriptionResult } from '../types.js';
import { Assembly } from './assemble.js';
import { type Emit, startJob } from './job.js';
import { isSignal, type JobOptions, resolveOptions } from './options.js';
import { ProgressMeter } from './progress.js';
import { decodeInOrder } from './scheduler.js';
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
  // Held from the call on: a close() right after it lets the job finish.
  let given: Model | undefined;
  let release: (() => void) | undefined;
  let refused: { error: unknown } | undefined;
  try {
    given = typeof options?.model === 'object' ? asModel(options.model) : undefined;
    release = given?.hold();
  } catch (error) {
    refused = { error };
  }
  return startJob(signal, async (emit, stop) => {
    try {
      if (typeof refused === 'object') throw refused.error;
      return await run(audio, options, given, emit, stop);
    } finally {
      release?.(); // last: a close() of the caller's handle resolves when all of this job is gone
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
  given: Model | undefined,
  emit: Emit,
  signal: AbortSignal,
): Promise<TranscriptionResult> {
  const job = resolveOptions(options);
  if (signal.aborted) throw aborted(signal);
  const addon = binding();
  const cancel = new addon.CancelToken();
  const abort = () => cancel.cancel();
  signal.addEventListener('abort', abort, { once: true });
  let model: Model | undefined;
  let open: OpenAudio | undefined;
  try {
    const vadModel = job.skipSilence ? await resolveVadModel() : '';
    const plan = { begin: samples(job.start), end: job.end === Number.POSITIVE_INFINITY ? job.end : samples(job.end) };
    const chunkSamples = samples(job.chunkSeconds);
    // A wrong file is told before a gigabyte of weights is read for it.
    open = await openAudio(addon, audio, options, { ...plan, chunkSamples, vadModel }, cancel);
    checkStart(job, open.duration);
    if (!given) {
      const { offline } = options;
      model = await loadWhisperModel(options.model as string | undefined, {
        signal,
        ...(offline === undefined ? {} : { offline }),
      });
    }
    const loaded = given ?? (model as Model);
    checkLanguage(job, loaded, addon.languages());
    return await decodeAll(open, loaded, job, options, { emit, signal, cancel });
  } catch (error) {
    if (error instanceof CallbackFailure) throw error.cause;
    if (signal.aborted && !hasPartial(error)) throw aborted(signal);
    throw toHearkenError(error);
  } finally {
    signal.removeEventListener('abort', abort);
    try {
      await open?.close();
    } finally {
      await model?.close();
    }
  }
}

/** What the caller's own callback threw: it goes back to the caller as it is. */
class CallbackFailure extends Error {}

interface Reins {
  emit: Emit;
  signal: AbortSignal;
  cancel: NativeCancelToken;
}

async function decodeAll(
  open: OpenAudio,
  model: Model,
  job: JobOptions,
  options: TranscribeOptions,
  { emit, signal, cancel }: Reins,
): Promise<TranscriptionResult> {
  const { planner } = open;
  let language = job.language ?? 'en';
  let languageProbability: number | undefined;
  const begin = samples(job.start);
  const assembly = new Assembly(begin, job.words, () => language);
  const meter = new ProgressMeter();
  const total = rangeSeconds(job, open.duration);

  const report = async (whole = total, force = false) => {
    const progress = meter.at(seconds(assembly.position - begin), whole, force);
    if (!progress) return;
    try {
      options.onProgress?.(progress);
    } catch (cause) {
      throw new CallbackFailure('onProgress failed', { cause });
    }
    await emit({ type: 'progress', progress });
  };
  // Segments leave in order, one after another, whether they come from a finished chunk or from a window of a running one.
  let sent = Promise.resolve();
  const send = (segments: Segment[]): Promise<void> => {
    sent = sent.then(async () => {
      for (const segment of segments) await emit({ type: 'segment', segment });
      await report();
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

  let chunks = 0;
  let decodedChunks = 0;
  let failure: unknown;
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
  } catch (error) {
    if (!signal.aborted) throw error;
    assembly.flush();
    const end = Math.max(assembly.position, total === undefined ? planner.position : begin + samples(total));
    const partial = assembly.transcript(
      open.duration ?? seconds(planner.position),
      assembly.finish(end, 'aborted'),
      languageProbability,
    );
    throw aborted(signal, new Result(partial));
  }

  // Where a header promised more than there was, the audio decides.
  const end = planner.position;
  const whole = open.duration === undefined ? end : Math.round(open.duration * SAMPLE_RATE);
  const duration = seconds(end < samples(job.end) ? end : Math.max(end, whole));
  const coverage = assembly.finish(end, 'silence');
  await report(seconds(assembly.position - begin), true);
  const result = new Result(assembly.transcript(duration, coverage, languageProbability));
  await emit({ type: 'done', result });
  return result;
}

function rangeSeconds(job: JobOptions, duration: number | undefined): number | undefined {
  if (duration === undefined) return job.end === Number.POSITIVE_INFINITY ? undefined : job.end - job.start;
  return Math.max(0, Math.min(job.end, duration) - job.start);
}

function checkStart(job: JobOptions, duration: number | undefined): void {
  if (duration !== undefined && job.start > 0 && job.start >= duration) {
    throw new HearkenError(
      'ERR_INVALID_ARG',
      `startTime is ${job.start} s, but the audio ends at ${seconds(duration * SAMPLE_RATE)} s`,
    );
  }
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
