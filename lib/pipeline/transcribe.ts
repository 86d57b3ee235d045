import { openAudio } from '../audio/source.js';
import type { NativeChunk, NativeState } from '../binding.js';
import { HearkenError } from '../errors.js';
import { type ResourceManager, resources } from '../models/manager.js';
import { resolveVadModel } from '../models/resolve.js';
import type { Model } from '../models/whisper-model.js';
import type { Result } from '../result.js';
import type {
  AudioSource,
  TranscribeEvent,
  TranscribeOptions,
  TranscriptionJob,
  TranscriptionResult,
} from '../types.js';
import { isSignal } from './checks.js';
import { Frame } from './frame.js';
import { type Given, holdGiven } from './given.js';
import { type Emit, type Reins, startJob } from './job.js';
import { resolveKeeping } from './keep-options.js';
import { Kept, type Outcome } from './kept.js';
import { type JobOptions, resolveOptions } from './options.js';
import { askedAudio } from './plain-options.js';
import { checkStart, planned } from './range.js';
import { replay } from './replay.js';
import { decodeInOrder } from './scheduler.js';
import { askedSpeakers } from './speaker-options.js';
import { SpeakerTracker } from './speaker-tracker.js';
import { Order, Supplies, type Wants } from './supplies.js';
import { samples } from './time.js';
import { processedSeconds, type Spoken, type Telling, tell, tellsLanguage } from './transcript.js';
import { Workers } from './workers.js';

/**
 * Transcribes audio of any length in bounded memory: streamed from its source, cut at pauses, decoded chunk by chunk on several
 * workers, segments handed out in order as they come. What was computed before, by whatever job, is not computed again.
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
  return startJob<TranscribeEvent, TranscriptionResult>(signal, async (emit, reins) => {
    try {
      return await run(audio, options, held.given(), manager, emit, reins);
    } finally {
      onEnd?.();
      held.release(); // last: a close() of the caller's handle resolves when all of this job is gone
    }
  });
}

/**
 * The simple call: the whole result, once it is there. The same engine and options as {@link transcribeChunked}.
 *
 * @throws HearkenError as {@link transcribeChunked}
 */
export async function transcribe(audio: AudioSource, options: TranscribeOptions = {}): Promise<TranscriptionResult> {
  return transcribeChunked(audio, options);
}

async function run(
  audio: AudioSource,
  options: TranscribeOptions,
  given: Given,
  manager: ResourceManager,
  emit: Emit<TranscribeEvent>,
  reins: Reins,
): Promise<TranscriptionResult> {
  const job = resolveOptions(options);
  const keeping = resolveKeeping(options);
  const frame = new Frame('the transcription', reins, options.onMemory);
  try {
    const result = await frame.work(async () => {
      const vadModel = job.skipSilence || job.speakers.channels ? await resolveVadModel() : '';
      const order = await Order.find(manager, given, wants(job, options));
      const work = { kind: 'transcribe' as const, audio, options, asked: asked(job, options) };
      const kept = frame.owned.add(await Kept.open(keeping, work, { ...order.files, vadModel }, frame.cancel));
      frame.reused = () => kept.text.reused;
      const telling = { job, emit, signal: frame.signal, onProgress: options.onProgress };
      const known = await replay(kept, telling, frame.cancel);
      return known ?? (await decode(audio, { job, options, vadModel, order, kept, telling }, frame));
    });
    result.receipt = frame.receipt(processedSeconds(result));
    await emit({ type: 'done', result });
    return result;
  } catch (error) {
    const { partial } = error as { partial?: Result };
    if (partial) partial.receipt = frame.receipt(processedSeconds(partial));
    throw frame.explain(error);
  } finally {
    await frame.close();
  }
}

interface Work {
  job: JobOptions;
  options: TranscribeOptions;
  vadModel: string;
  order: Order;
  kept: Kept;
  telling: Pick<Telling, 'job' | 'emit' | 'signal' | 'onProgress'>;
}

/** What has to be computed of the audio, and what is kept of it. */
async function decode(audio: AudioSource, work: Work, frame: Frame): Promise<Result> {
  const { job, options, vadModel, order, kept, telling } = work;
  const { addon, cancel, owned, signal } = frame;
  const supplies = owned.add(await Supplies.reserve(order, frame.waiting));
  const { grant } = supplies;
  frame.evictions = () => grant.evictions;
  let tracker: SpeakerTracker | undefined;
  if (job.diarize !== false) {
    const diarizer = await supplies.diarizer(signal);
    await kept.check('diarizer', diarizer.identity);
    const threads = diarizationThreads(grant.workers);
    const tracking = {
      addon,
      job: job.speakers,
      begin: samples(job.start),
      threads,
      vadModel,
      kept: kept.voices,
      cancel,
    };
    tracker = owned.add(await SpeakerTracker.open(diarizer, tracking));
  }
  // A wrong file is told before a gigabyte of weights is read for it.
  const plan = {
    ...planned(job),
    chunkSamples: samples(job.chunkSeconds),
    vadModel: job.skipSilence ? vadModel : '',
    ...(tracker ? { diarization: tracker.native } : {}),
  };
  const open = owned.add(await openAudio(addon, audio, options, plan, cancel));
  checkStart(job, open.duration);
  const model = await supplies.model(signal);
  await kept.check('whisper', model.identity);
  checkLanguage(job, model, addon.languages());
  const workers = new Workers({
    workers: () => grant.workers,
    take: () => model.states.take(),
    give: (state) => model.states.give(state),
  });
  frame.workers = () => grant.workers;
  frame.mostWorkers = () => workers.most;
  grant.onChange = () => workers.changed();
  grant.holding = () => workers.held;

  const { planner, duration } = open;
  const spoken: Spoken = { language: job.language ?? 'en' };
  const decodeOptions = async (chunk: NativeChunk, worker: () => Promise<NativeState>) => {
    // The language of the first chunk that has enough to tell is that of all that follow.
    if (job.language === undefined && model.multilingual && spoken.probability === undefined && tellsLanguage(chunk)) {
      const detect = async () => (await worker()).detectLanguage(chunk, job.decode.threads, cancel);
      const guess = await kept.text.language(chunk, detect);
      spoken.language = guess.language;
      spoken.probability = Math.round(guess.probability * 1e4) / 1e4;
    }
    return { ...job.decode, language: spoken.language };
  };
  const cancelled = () => frame.abort('cancelled by its id');
  return await kept.during(frame, cancelled, async () => {
    tracker?.start();
    const result = await tell({
      ...telling,
      chunks: (early) => decodeInOrder({ planner, cancel, workers, kept: kept.text, decodeOptions, onWindow: early }),
      voices: tracker,
      spoken,
      audio: { position: () => planner.position, duration },
      onChunk: async (processed, total) => {
        frame.chunks++;
        await kept.progress(processed, total);
      },
    });
    const content = await open.content(kept.writing && job.end === Number.POSITIVE_INFINITY, cancel);
    const outcome: Outcome = { ...spoken, position: planner.position, duration, speakers: tracker?.key };
    return { result, content, processed: processedSeconds(result), outcome };
  });
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

/** All of the options that changes the result. */
function asked(job: JobOptions, options: TranscribeOptions): Record<string, unknown> {
  const { workers, decode, end, ...rest } = job;
  const { threads, ...text } = decode;
  return { ...rest, end: String(end), decode: text, speakers: askedSpeakers(job.speakers), ...askedAudio(options) };
}

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
