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
  return startJob(signal, (emit, stop) => run(audio, options, emit, stop));
}

/** The simple call: the whole result, once it is there. The same engine and options as {@link transcribeChunked}. */
export async function transcribe(audio: AudioSource, options: TranscribeOptions = {}): Promise<TranscriptionResult> {
  return transcribeChunked(audio, options);
}

async function run(
  audio: AudioSource,
  options: TranscribeOptions,
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
  let release: (() => void) | undefined;
  try {
    const given = typeof options.model === 'object' ? asModel(options.model) : undefined;
    release = given?.hold();
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
    return await decodeAll(open, given ?? (model as Model), job, options, { emit, signal, cancel });
  } catch (error) {
    if (signal.aborted && !hasPartial(error)) throw aborted(signal);
    throw toHearkenError(error);
  } finally {
    signal.removeEventListener('abort', abort);
    await open?.close();
    await model?.close();
    release?.(); // last: a close() of the caller's handle resolves when all of this job is gone
  }
}

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
    options.onProgress?.(progress);
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
    if (job.language === undefined && model.multilingual) {
      const guess = await state.detectLanguage(chunk, job.decode.threads, cancel);
      language = guess.language;
      languageProbability = Math.round(guess.probability * 1e4) / 1e4;
    }
    return { ...job.decode, language };
  };

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
      await send(assembly.add(decoded));
      if (signal.aborted) throw aborted(signal);
    }
    await send(assembly.flush());
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
  const duration = job.end === Number.POSITIVE_INFINITY ? seconds(end) : (open.duration ?? seconds(end));
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

function aborted(signal: AbortSignal, partial?: TranscriptionResult): HearkenError {
  const error = new HearkenError('ERR_ABORTED', 'the transcription was aborted', { cause: signal.reason });
  return partial ? Object.assign(error, { partial }) : error;
}

const hasPartial = (error: unknown) => error instanceof HearkenError && 'partial' in error;
