import { availableParallelism } from 'node:os';
import type { NativeDecodeOptions } from '../binding.js';
import { HearkenError } from '../errors.js';
import type { TranscribeOptions } from '../types.js';
import { checkShape, flag, number, range, text } from './checks.js';
import { checkChannels, checkNone, resolveSpeakers, type SpeakerJob } from './speaker-options.js';

/** Options with their defaults filled in and checked. Seconds. */
export interface JobOptions {
  start: number;
  end: number; // Infinity: to the end
  chunkSeconds: number;
  workers: number;
  skipSilence: boolean;
  words: boolean;
  diarize: boolean | 'channels';
  speakers: SpeakerJob;
  /** undefined: to be detected, or the model's only one. */
  language: string | undefined;
  decode: Omit<NativeDecodeOptions, 'language'>;
}

const DEFAULT_CHUNK_SECONDS = 30;
const MOST_DEFAULT_WORKERS = 4;

/** Steps too small would mean thousands of retries. */
function increment(value: number | undefined): number {
  const step = number('temperatureIncrement', value, 0.2, 0, 1);
  if (step > 0 && step < 0.05) {
    throw new HearkenError(
      'ERR_INVALID_ARG',
      `temperatureIncrement must be 0 (never retry) or from 0.05 to 1, not ${step}`,
    );
  }
  return step;
}

function diarizing(options: TranscribeOptions): boolean | 'channels' {
  const { diarize: value } = options;
  if (value === 'channels') {
    checkChannels("diarize: 'channels'", options);
    return value;
  }
  if (value !== undefined && typeof value !== 'boolean') {
    throw new HearkenError('ERR_INVALID_ARG', `diarize must be true, false or 'channels', not ${String(value)}`);
  }
  if (value === false) {
    const remedy = 'leave them out, or diarize: false';
    checkNone(
      options,
      ['numSpeakers', 'minSpeakers', 'maxSpeakers', 'voices', 'voiceThreshold'],
      'diarize: false knows no speakers',
      remedy,
    );
  }
  return value ?? true;
}

/** Every option there is: a misspelt one is refused, not ignored. */
const KNOWN: Record<keyof TranscribeOptions, true> = {
  bestOf: true,
  beamSize: true,
  cache: true,
  cacheLimitMB: true,
  channel: true,
  chunkSizeSeconds: true,
  context: true,
  dataDir: true,
  diarize: true,
  diarizer: true,
  endTime: true,
  ffmpegPath: true,
  force: true,
  initialPrompt: true,
  language: true,
  maxSegmentLength: true,
  maxSpeakers: true,
  maxWorkers: true,
  minSpeakers: true,
  model: true,
  numSpeakers: true,
  offline: true,
  onMemory: true,
  onProgress: true,
  pcm: true,
  signal: true,
  skipSilence: true,
  startTime: true,
  suppressNonSpeech: true,
  temperature: true,
  temperatureIncrement: true,
  threads: true,
  translate: true,
  voices: true,
  voiceThreshold: true,
  words: true,
};

/** Fills in defaults and refuses what makes no sense, before anything is opened. */
export function resolveOptions(options: TranscribeOptions): JobOptions {
  checkShape(options, KNOWN);
  flag('offline', options.offline, false);
  const cores = availableParallelism();
  const language = text('language', options.language).toLowerCase();
  const diarize = diarizing(options);
  return {
    ...range(options),
    chunkSeconds: number('chunkSizeSeconds', options.chunkSizeSeconds, DEFAULT_CHUNK_SECONDS, 5, 600),
    workers: number('maxWorkers', options.maxWorkers, Math.min(cores, MOST_DEFAULT_WORKERS), 1, 64, true),
    skipSilence: flag('skipSilence', options.skipSilence, true),
    words: flag('words', options.words, true),
    diarize,
    speakers: resolveSpeakers(options, diarize === 'channels'),
    language: language === '' || language === 'auto' ? undefined : language,
    decode: {
      translate: flag('translate', options.translate, false),
      words: true,
      beamSize: number('beamSize', options.beamSize, 1, 1, 8, true),
      bestOf: number('bestOf', options.bestOf, 1, 1, 8, true),
      temperature: number('temperature', options.temperature, 0, 0, 1),
      temperatureIncrement: increment(options.temperatureIncrement),
      initialPrompt: text('initialPrompt', options.initialPrompt),
      context: flag('context', options.context, false),
      suppressNonSpeech: flag('suppressNonSpeech', options.suppressNonSpeech, true),
      maxSegmentLength: number('maxSegmentLength', options.maxSegmentLength, 0, 0, 10_000, true),
      threads: number('threads', options.threads, 1, 1, 64, true),
    },
  };
}
