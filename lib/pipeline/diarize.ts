import { openAudio, SAMPLE_RATE } from '../audio/source.js';
import { binding } from '../binding.js';
import { HearkenError, toHearkenError } from '../errors.js';
import { resources } from '../models/manager.js';
import { MemoryMonitor } from '../resources/monitor.js';
import { SpeakerResult } from '../result.js';
import type { AudioSource, DiarizationJob, DiarizationResult, DiarizeEvent, DiarizeOptions } from '../types.js';
import { isSignal } from './checks.js';
import { type Given, holdGiven } from './given.js';
import { type Emit, startJob } from './job.js';
import { Owned } from './owned.js';
import { checkStart, planned, rangeSeconds, wholeDuration } from './range.js';
import { CallbackFailure, Reporter } from './report.js';
import { enrolling, resolveDiarizeOptions, type SeveralVoices } from './speaker-options.js';
import { SpeakerTracker } from './speaker-tracker.js';
import { Supplies, type Wants } from './supplies.js';
import { seconds } from './time.js';

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
  return startJob<DiarizeEvent, DiarizationResult>(signal, async (emit, stop) => {
    try {
      return await run(audio, options, held.given(), emit, stop);
    } finally {
      held.release();
    }
  });
}

/**
 * The voice of the one person who speaks in a clip, for {@link SpeakerOptions.voices}: a unit vector of 192 numbers, which may be
 * kept. Five to ten seconds of clean speech are plenty; two will do with a lower threshold. `startTime` and `endTime` (seconds)
 * take a part of a longer recording.
 *
 * @throws HearkenError as {@link diarize}; ERR_AUDIO_FORMAT where the clip has no speech
 */
export async function enroll(
  audio: AudioSource,
  options: Omit<DiarizeOptions, keyof SeveralVoices> = {},
): Promise<number[]> {
  const { speakers } = await diarize(audio, enrolling(options));
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
  signal: AbortSignal,
): Promise<DiarizationResult> {
  const job = resolveDiarizeOptions(options);
  const aborted = () => new HearkenError('ERR_ABORTED', 'the diarization was aborted', { cause: signal.reason });
  if (signal.aborted) throw aborted();
  const addon = binding();
  const cancel = new addon.CancelToken();
  const abort = () => cancel.cancel();
  signal.addEventListener('abort', abort, { once: true });
  const owned = new Owned();
  let failed: unknown; // what a callback threw
  const failing = new AbortController();
  const onFailure = (error: unknown) => {
    failed = error;
    abort();
    failing.abort();
  };
  const monitor = new MemoryMonitor(addon, {
    workers: () => 0,
    onMemory: options.onMemory,
    onFailure: (cause) => onFailure(new CallbackFailure('onMemory failed', { cause })),
  });
  try {
    let result: SpeakerResult;
    let evictions = 0;
    try {
      // Threads are to it what workers are to a transcription.
      const speakers = { channels: job.speakers.channels, threads: (threads: number) => threads };
      const wants: Wants = { what: 'the diarization', workers: job.threads, speakers };
      const supplies = owned.add(
        await Supplies.reserve(resources, given, wants, AbortSignal.any([signal, failing.signal])),
      );
      const diarizer = await supplies.diarizer(signal);
      const { begin, end } = planned(job);
      const threads = supplies.grant.workers;
      evictions = supplies.grant.evictions;
      const track = owned.add(await SpeakerTracker.open(addon, diarizer, job.speakers, { begin, threads }, cancel));
      // No chunks are planned, so their length does not matter.
      const plan = { begin, end, chunkSamples: 30 * SAMPLE_RATE, vadModel: '', diarization: track.native };
      const open = owned.add(await openAudio(addon, audio, options, plan, cancel));
      checkStart(job, open.duration);
      const total = rangeSeconds(job, open.duration);
      const reporter = new Reporter(options.onProgress, emit);
      const processed = (sample: number) => seconds(sample - begin);
      let told = Promise.resolve();
      const { planner } = open;
      track.start((turns) => {
        const { decided } = track;
        told = told.then(async () => {
          for (const turn of emit.listening() ? turns : []) await emit({ type: 'turn', turn });
          await reporter.at(processed(decided), total);
        });
        told.catch(onFailure);
      });
      await planner.drain(cancel).catch((error: unknown) => {
        if (!track.failure) throw error;
      });
      const found = await track.finish();
      await told;
      const read = planner.position;
      checkStart(job, seconds(read) > job.start ? undefined : job.start);
      const duration = wholeDuration(job, open.duration, read);
      await reporter.at(processed(read), processed(read), true); // what was read is all there is
      result = new SpeakerResult({ ...found, duration });
    } finally {
      cancel.cancel(); // what still waits for audio waits no longer
      await owned.close();
    }
    if (failed) throw failed; // while the speakers were found, which an abort does not stop
    const audioSeconds = rangeSeconds(job, result.duration) ?? result.duration;
    result.receipt = monitor.receipt({ workers: 0, evictions, audioSeconds });
    await emit({ type: 'done', result });
    return result;
  } catch (error) {
    const callback = failed ?? error;
    if (callback instanceof CallbackFailure) throw callback.cause;
    if (signal.aborted) throw aborted();
    throw toHearkenError(error);
  } finally {
    signal.removeEventListener('abort', abort);
    await monitor.close();
  }
}
