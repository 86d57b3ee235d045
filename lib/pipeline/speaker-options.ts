import { availableParallelism } from 'node:os';
import type { NativeSpeakerCount } from '../binding.js';
import { HearkenError } from '../errors.js';
import type { AudioOptions, DiarizeOptions, SpeakerOptions, VoiceEmbedding } from '../types.js';
import { checkShape, flag, number, range } from './checks.js';

/** What the caller says of the speakers; 0: nothing. */
export interface SpeakerJob extends NativeSpeakerCount {
  voices: ReadonlyMap<string, Float32Array>;
  voiceThreshold: number;
  /** Each channel of the audio is a speaker. */
  channels: boolean;
}

const DEFAULT_VOICE_THRESHOLD = 0.5;
const EMBEDDING_LENGTH = 192;
const MOST_SPEAKERS = 64;
const MOST_DEFAULT_THREADS = 4;

/** Each channel as a speaker leaves no choice of one, nor of how many there are. `asked`: how the caller said so. */
export function checkChannels(asked: string, options: SpeakerOptions & AudioOptions): void {
  const refuse = (message: string) => {
    throw new HearkenError('ERR_INVALID_ARG', `${asked} ${message}`);
  };
  if (options.channel !== undefined) {
    refuse(`listens to all channels, and channel: ${options.channel} to that one: give one of the two`);
  }
  const { numSpeakers, minSpeakers, maxSpeakers } = options;
  if (numSpeakers !== undefined || minSpeakers !== undefined || maxSpeakers !== undefined) {
    refuse('takes each channel for a speaker: leave numSpeakers, minSpeakers and maxSpeakers out');
  }
}

/** None of some options may be given; `why` and `remedy` stand around their names in the message. */
export function checkNone<O extends object>(
  options: O,
  names: readonly (keyof O & string)[],
  why: string,
  remedy: string,
): void {
  const given = names.filter((name) => options[name] !== undefined);
  if (given.length > 0)
    throw new HearkenError('ERR_INVALID_ARG', `${why}, and so takes no ${given.join(', ')}: ${remedy}`);
}

/** A plain object, of any realm: a Map, an array or a promise would have no names, and every voice would be left out in silence. */
function checkVoices(voices: unknown): void {
  const plain =
    Object.prototype.toString.call(voices) === '[object Object]' && !(Symbol.iterator in (voices as object));
  if (!plain) {
    throw new HearkenError('ERR_INVALID_ARG', 'voices must be a plain object: a name for each embedding, { Ada: … }');
  }
}

function checkName(name: string): void {
  if (name.trim() === '' || /^SPEAKER_\d+$/.test(name)) {
    throw new HearkenError(
      'ERR_INVALID_ARG',
      `voices has '${name}' for a name: give one that is not blank, and not SPEAKER_ and a number, as strangers are called`,
    );
  }
}

/** A voice of the caller's as a unit vector. */
function voice(name: string, values: VoiceEmbedding): Float32Array {
  const refuse = (what: string): never => {
    throw new HearkenError('ERR_INVALID_ARG', `voices.${name} ${what}: give what enroll() gave`);
  };
  if (typeof values !== 'object' || values === null || values.length !== EMBEDDING_LENGTH) {
    refuse(`must be ${EMBEDDING_LENGTH} numbers`);
  }
  // By index: what has a length need not be iterable.
  const numbers = Array.from({ length: EMBEDDING_LENGTH }, (_, i) => values[i] as unknown);
  if (!numbers.every((value) => typeof value === 'number')) refuse('must hold nothing but numbers');
  const vector = Float32Array.from(numbers as number[]);
  const norm = Math.hypot(...vector);
  if (!Number.isFinite(norm) || norm === 0) refuse('must be finite numbers that are not all 0');
  return vector.map((value) => value / norm);
}

export function resolveSpeakers(options: SpeakerOptions, channels = false): SpeakerJob {
  const count = (name: 'numSpeakers' | 'minSpeakers' | 'maxSpeakers') =>
    number(name, options[name], 0, options[name] === undefined ? 0 : 1, MOST_SPEAKERS, true);
  const [numSpeakers, minSpeakers, maxSpeakers] = [count('numSpeakers'), count('minSpeakers'), count('maxSpeakers')];
  if (numSpeakers > 0 && (minSpeakers > 0 || maxSpeakers > 0)) {
    throw new HearkenError('ERR_INVALID_ARG', 'give numSpeakers, or minSpeakers and maxSpeakers, not both');
  }
  if (maxSpeakers > 0 && minSpeakers > maxSpeakers) {
    throw new HearkenError(
      'ERR_INVALID_ARG',
      `minSpeakers (${minSpeakers}) must not be more than maxSpeakers (${maxSpeakers})`,
    );
  }
  const { voices } = options;
  if (voices !== undefined) checkVoices(voices);
  else
    checkNone(
      options,
      ['voiceThreshold'],
      'without voices there is nothing to compare with',
      'give voices, or leave it out',
    );
  Object.keys(voices ?? {}).forEach(checkName);
  return {
    numSpeakers,
    minSpeakers,
    maxSpeakers,
    voices: new Map(Object.entries(voices ?? {}).map(([name, values]) => [name, voice(name, values)])),
    voiceThreshold: number('voiceThreshold', options.voiceThreshold, DEFAULT_VOICE_THRESHOLD, -1, 1),
    channels,
  };
}

/** What of it changes the result, as plain data. */
export function askedSpeakers({ voices, ...job }: SpeakerJob): Record<string, unknown> {
  return { ...job, voices: [...voices].map(([name, voice]) => [name, Array.from(voice)]) };
}

/** Options of a diarization alone. */
export interface DiarizeJob {
  start: number;
  end: number;
  threads: number;
  speakers: SpeakerJob;
}

const KNOWN_DIARIZE: Record<keyof DiarizeOptions, true> = {
  cache: true,
  cacheLimitMB: true,
  channel: true,
  channels: true,
  dataDir: true,
  diarizer: true,
  endTime: true,
  ffmpegPath: true,
  force: true,
  maxSpeakers: true,
  minSpeakers: true,
  numSpeakers: true,
  onMemory: true,
  onProgress: true,
  pcm: true,
  signal: true,
  startTime: true,
  threads: true,
  voices: true,
  voiceThreshold: true,
};

export function resolveDiarizeOptions(options: DiarizeOptions): DiarizeJob {
  checkShape(options, KNOWN_DIARIZE);
  const channels = flag('channels', options.channels, false);
  if (channels) checkChannels('channels: true', options);
  return {
    ...range(options),
    threads: number('threads', options.threads, Math.min(availableParallelism(), MOST_DEFAULT_THREADS), 1, 64, true),
    speakers: resolveSpeakers(options, channels),
  };
}

/** What is not asked of a clip of one voice. */
export type SeveralVoices = Pick<
  DiarizeOptions,
  'channels' | 'numSpeakers' | 'minSpeakers' | 'maxSpeakers' | 'voices' | 'voiceThreshold'
>;

const SEVERAL_VOICES: Record<keyof SeveralVoices, true> = {
  channels: true,
  maxSpeakers: true,
  minSpeakers: true,
  numSpeakers: true,
  voices: true,
  voiceThreshold: true,
};

/** The options to hear one voice with. */
export function enrolling(options: Omit<DiarizeOptions, keyof SeveralVoices>): DiarizeOptions {
  checkShape(options, KNOWN_DIARIZE);
  const several = Object.keys(SEVERAL_VOICES) as (keyof SeveralVoices)[];
  checkNone<DiarizeOptions>(options, several, 'enroll() hears one person', 'leave them out');
  return { ...options, numSpeakers: 1 };
}
