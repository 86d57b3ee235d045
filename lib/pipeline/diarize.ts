import { openAudio, SAMPLE_RATE } from '../audio/source.js';
import type { NativeCancelToken } from '../binding.js';
import { HearkenError } from '../errors.js';
import { resources } from '../models/manager.js';
import { resolveVadModel } from '../models/resolve.js';
import { SpeakerResult } from '../result.js';
import type { AudioSource, DiarizationJob, DiarizationResult, DiarizeEvent, DiarizeOptions } from '../types.js';
import { isSignal } from './checks.js';
import { Frame } from './frame.js';
import { type Given, holdGiven } from './given.js';
import { type Emit, type Reins, startJob } from './job.js';
import { resolveKeeping } from './keep-options.js';
import { Kept } from './kept.js';
import { askedAudio } from './plain-options.js';
import { checkStart, planned, rangeSeconds, wholeDuration } from './range.js';
import { Reporter } from './report.js';
import { askedSpeakers, type DiarizeJob, enrolling, resolveDiarizeOptions } from './speaker-options.js';
import { SpeakerTracker } from './speaker-tracker.js';
import { Order, Supplies } from './supplies.js';
import { seconds } from './time.js';
import { labelled } from './voices.js';

/**
 * Tells who speaks when, without a transcript, in audio of any length: streamed from its source, in bounded memory. Times are
 * seconds from the start of the audio.
 *
 * The job is a promise of the whole result and an async iterable of its events; leaving the loop early stops it.
 *
 * @throws HearkenError ERR_INVALID_ARG, ERR_AUDIO_*, ERR_MODEL_*, ERR_MEMORY_LIMIT, ERR_CLOSED, ERR_ABORTED
 */
export function diarize(audio: AudioSource, options: DiarizeOptions = {}): DiarizationJob {
  const signal = isSignal(options?.signal) ? options.signal : undefined;
  const held = holdGiven(options);
  return startJob<DiarizeEvent, DiarizationResult>(signal, async (emit, reins) => {
    try {
      return await run(audio, options, held.given(), emit, reins);
    } finally {
      held.release();
    }
  });
}

/** What {@link enroll} takes: those of {@link diarize} but what is about several voices. */
export type EnrollOptions = Omit<
  DiarizeOptions,
  'channels' | 'numSpeakers' | 'minSpeakers' | 'maxSpeakers' | 'voices' | 'voiceThreshold'
>;

/**
 * The voice of the one person who speaks in a clip, for {@link SpeakerOptions.voices}: a unit vector of 192 numbers, which may be
 * kept. Five to ten seconds of clean speech are plenty; two will do with a lower threshold. `startTime` and `endTime` (seconds)
 * take a part of a longer recording. Nothing of a clip is kept, unless with `cache: true`.
 *
 * @throws HearkenError as {@link diarize}; ERR_AUDIO_FORMAT where the clip has no speech
 */
export async function enroll(audio: AudioSource, options: EnrollOptions = {}): Promise<number[]> {
  const { speakers } = await diarize(audio, { ...enrolling(options), cache: options.cache ?? false });
  const [speaker] = speakers;
  if (!speaker || speaker.embedding.every((value) => value === 0)) {
    throw new HearkenError('ERR_AUDIO_FORMAT', 'the clip holds no speech to know a voice by: give a few seconds of it');
  }
  return speaker.embedding;
}

async function run(
  audio: AudioSource,
  options: DiarizeOptions,
  given: Given,
  emit: Emit<DiarizeEvent>,
  reins: Reins,
): Promise<DiarizationResult> {
  const job = resolveDiarizeOptions(options);
  const keeping = resolveKeeping(options);
  const frame = new Frame('the diarization', reins, options.onMemory);
  try {
    const result = await frame.work(async () => {
      const { channels } = job.speakers;
      const vadModel = channels ? await resolveVadModel() : '';
      // Threads are to it what workers are to a transcription.
      const speakers = { channels, threads: (threads: number) => threads };
      const order = await Order.find(resources, given, { what: 'the diarization', workers: job.threads, speakers });
      const work = { kind: 'diarize' as const, audio, options, asked: asked(job, options) };
      const kept = frame.owned.add(await Kept.open(keeping, work, { ...order.files, vadModel }, frame.cancel));
      const reporter = new Reporter(options.onProgress, emit);
      const known = await replay(job, kept, reporter, emit, frame.cancel);
      return known ?? (await listen(audio, { job, options, vadModel, order, kept, reporter, emit }, frame));
    });
    result.receipt = frame.receipt(rangeSeconds(job, result.duration) ?? result.duration);
    await emit({ type: 'done', result });
    return result;
  } catch (error) {
    throw frame.explain(error);
  } finally {
    await frame.close();
  }
}

interface Work {
  job: DiarizeJob;
  options: DiarizeOptions;
  vadModel: string;
  order: Order;
  kept: Kept;
  reporter: Reporter;
  emit: Emit<DiarizeEvent>;
}

/** What has to be computed of the audio, and what is kept of it. */
async function listen(audio: AudioSource, work: Work, frame: Frame): Promise<SpeakerResult> {
  const { job, options, vadModel, order, kept, reporter, emit } = work;
  const { addon, cancel, owned, signal } = frame;
  const supplies = owned.add(await Supplies.reserve(order, frame.waiting));
  frame.evictions = () => supplies.grant.evictions;
  const diarizer = await supplies.diarizer(signal);
  await kept.check('diarizer', diarizer.identity);
  const { begin, end } = planned(job);
  const threads = supplies.grant.workers;
  const tracking = { addon, job: job.speakers, begin, threads, vadModel, kept: kept.voices, cancel };
  const track = owned.add(await SpeakerTracker.open(diarizer, tracking));
  // No chunks are planned, so their length does not matter.
  const plan = { begin, end, chunkSamples: 30 * SAMPLE_RATE, vadModel: '', diarization: track.native };
  const open = owned.add(await openAudio(addon, audio, options, plan, cancel));
  const { planner, duration: promised } = open;
  checkStart(job, promised);
  const total = rangeSeconds(job, promised);
  const processed = (sample: number) => seconds(sample - begin);
  const cancelled = () => frame.abort('cancelled by its id');
  return await kept.during(frame, cancelled, async () => {
    let told = Promise.resolve();
    track.start((turns) => {
      const { decided } = track;
      told = told.then(async () => {
        for (const turn of emit.listening() ? turns : []) await emit({ type: 'turn', turn });
        await reporter.at(processed(decided), total);
        await kept.progress(processed(decided), total);
      });
      told.catch((error: unknown) => frame.fail(error));
    });
    await planner.drain(cancel).catch((error: unknown) => {
      if (!track.failure) throw error;
    });
    const found = await track.finish();
    await told;
    const read = planner.position;
    checkStart(job, seconds(read) > job.start ? undefined : job.start);
    const duration = wholeDuration(job, promised, read);
    await reporter.at(processed(read), processed(read), true); // what was read is all there is
    const content = await open.content(kept.writing && job.end === Number.POSITIVE_INFINITY, cancel);
    const outcome = { language: '', position: read, duration: promised, speakers: track.key };
    return { result: new SpeakerResult({ ...found, duration }), content, processed: processed(read), outcome };
  });
}

/** The result of a job that was finished before, over the same bytes; see the transcription's. */
async function replay(
  job: DiarizeJob,
  kept: Kept,
  reporter: Reporter,
  emit: Emit<DiarizeEvent>,
  cancel: NativeCancelToken,
): Promise<SpeakerResult | undefined> {
  const earlier = await kept.earlier(cancel);
  const native =
    earlier?.outcome.speakers === undefined ? undefined : await kept.voices.speakersAt(earlier.outcome.speakers);
  if (!earlier || !native) return undefined;
  const { position, duration } = earlier.outcome;
  const { begin } = planned(job);
  const found = labelled(native, begin, job.speakers);
  for (const turn of emit.listening() ? found.turns : []) await emit({ type: 'turn', turn });
  const processed = seconds(position - begin);
  await reporter.at(processed, processed, true);
  await kept.used(earlier.id);
  return new SpeakerResult({ ...found, duration: wholeDuration(job, duration, position) });
}

/** All of the options that changes the result. */
function asked({ threads, end, speakers, ...job }: DiarizeJob, options: DiarizeOptions): Record<string, unknown> {
  return { ...job, end: String(end), speakers: askedSpeakers(speakers), ...askedAudio(options) };
}
