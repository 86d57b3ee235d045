import { availableParallelism } from 'node:os';
import type { NativeDecodeOptions } from '../binding.js';
import { HearkenError } from '../errors.js';
import type { TranscribeOptions } from '../types.js';

/** Options with their defaults filled in and checked. Seconds. */
export interface JobOptions {
  start: number;
  end: number; // Infinity: to the end
  chunkSeconds: number;
  workers: number;
  skipSilence: boolean;
  words: boolean;
  /** undefined: to be detected, or the model's only one. */
  language: string | undefined;
  decode: Omit<NativeDecodeOptions, 'language'>;
}

const DEFAULT_CHUNK_SECONDS = 30;
const MOST_DEFAULT_WORKERS = 4;

function number(
  name: string,
  value: number | undefined,
  fallback: number,
  low: number,
  high: number,
  integer = false,
): number {
  if (value === undefined) return fallback;
  if (
    typeof value !== 'number' ||
    Number.isNaN(value) ||
    value < low ||
    value > high ||
    (integer && !Number.isInteger(value))
  ) {
    const kind = integer ? 'a whole number' : 'a number';
    const range = high === Number.POSITIVE_INFINITY ? `of at least ${low}` : `from ${low} to ${high}`;
    throw new HearkenError('ERR_INVALID_ARG', `${name} must be ${kind} ${range}, not ${String(value)}`);
  }
  return value;
}

function flag(name: string, value: boolean | undefined, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  if (typeof value !== 'boolean')
    throw new HearkenError('ERR_INVALID_ARG', `${name} must be true or false, not ${String(value)}`);
  return value;
}

function text(name: string, value: string | undefined): string {
  if (value === undefined) return '';
  if (typeof value !== 'string') throw new HearkenError('ERR_INVALID_ARG', `${name} must be a string`);
  return value;
}

/** Of any realm or polyfill: what is used of it is there. */
export function isSignal(signal: unknown): signal is AbortSignal {
  const given = signal as Partial<AbortSignal> | null | undefined;
  return typeof given?.aborted === 'boolean' && typeof given.addEventListener === 'function';
}

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

/** Every option there is: a misspelt one is refused, not ignored. */
const KNOWN: Record<keyof TranscribeOptions, true> = {
  bestOf: true,
  beamSize: true,
  channel: true,
  chunkSizeSeconds: true,
  context: true,
  endTime: true,
  ffmpegPath: true,
  initialPrompt: true,
  language: true,
  maxSegmentLength: true,
  maxWorkers: true,
  model: true,
  offline: true,
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
  words: true,
};

function refuseUnknown(options: object): void {
  const unknown = Object.keys(options).filter((key) => !(key in KNOWN));
  if (unknown.length > 0) {
    throw new HearkenError(
      'ERR_INVALID_ARG',
      `unknown option ${unknown.join(', ')}: there are ${Object.keys(KNOWN).join(', ')}`,
    );
  }
}

/** Fills in defaults and refuses what makes no sense, before anything is opened. */
export function resolveOptions(options: TranscribeOptions): JobOptions {
  if (typeof options !== 'object' || options === null) {
    throw new HearkenError('ERR_INVALID_ARG', `options must be an object, not ${String(options)}`);
  }
  refuseUnknown(options);
  if (options.signal !== undefined && !isSignal(options.signal)) {
    throw new HearkenError('ERR_INVALID_ARG', 'signal must be an AbortSignal');
  }
  if (options.onProgress !== undefined && typeof options.onProgress !== 'function') {
    throw new HearkenError('ERR_INVALID_ARG', 'onProgress must be a function');
  }
  text('ffmpegPath', options.ffmpegPath);
  flag('offline', options.offline, false);
  const start = number('startTime', options.startTime, 0, 0, Number.POSITIVE_INFINITY);
  const end = number('endTime', options.endTime, Number.POSITIVE_INFINITY, 0, Number.POSITIVE_INFINITY);
  if (!Number.isFinite(start)) throw new HearkenError('ERR_INVALID_ARG', 'startTime must be finite');
  if (end <= start) throw new HearkenError('ERR_INVALID_ARG', `endTime (${end}) must be after startTime (${start})`);
  if (options.channel !== undefined) number('channel', options.channel, 0, 0, 63, true);
  const cores = availableParallelism();
  const language = text('language', options.language).toLowerCase();
  return {
    start,
    end,
    chunkSeconds: number('chunkSizeSeconds', options.chunkSizeSeconds, DEFAULT_CHUNK_SECONDS, 5, 600),
    workers: number('maxWorkers', options.maxWorkers, Math.min(cores, MOST_DEFAULT_WORKERS), 1, 64, true),
    skipSilence: flag('skipSilence', options.skipSilence, true),
    words: flag('words', options.words, true),
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
