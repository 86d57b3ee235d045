import { EventEmitter } from 'node:events';
import { PassThrough, type Readable, Writable } from 'node:stream';
import type { CliIO, EnrollOptions, StoreLibrary } from '../../lib/cli/io.js';
import { run } from '../../lib/cli/main.js';
import type { MemoryUsage } from '../../lib/memory.js';
import { Result, SpeakerResult } from '../../lib/result.js';
import type {
  CoverageSpan,
  DiarizationJob,
  DiarizeOptions,
  Diarizer,
  TranscribeOptions,
  TranscriptionJob,
  WhisperModel,
} from '../../lib/types.js';
import { RECEIPT } from './receipt.js';

// The command line within the test's process: a library that stands in for the real one, streams that are looked at.

/** What the stand-in for the library does for a file: its result, an error, or something of the test's own. */
export type Behaviour<O = TranscribeOptions, R = Result> = (file: string, options: O) => Promise<R>;

export interface Setting {
  transcription?: Behaviour;
  diarization?: Behaviour<DiarizeOptions, SpeakerResult>;
  enrolment?: Behaviour<EnrollOptions, number[]>;
  tty?: boolean;
  stdin?: Partial<CliIO['stdin']>;
  /** All of stdin, where somebody types. */
  terminal?: CliIO['stdin'];
  stdout?: Writable;
  signals?: EventEmitter;
  /** What the process uses; default: nothing. */
  usage?: () => MemoryUsage;
  /** What is kept; default: asking for it is a fault. */
  store?: Partial<StoreLibrary>;
}

export interface World {
  code: number;
  out: string;
  err: string;
  /** Files that were worked on, in order. */
  calls: { file: string; options: TranscribeOptions & DiarizeOptions }[];
  /** Clips that were listened to for a voice. */
  clips: string[];
  /** Handles that were loaded, and those that were closed. */
  loads: string[];
  closes: string[];
  /** Limits that were set, in MB, and how often everything was cleaned up. */
  limits: number[];
  cleanups: number;
  /** Listeners for signals that were left. */
  listeners: number;
}

const unasked = () => {
  throw new Error('the store was asked for something that the test has not');
};

const NO_STORE: StoreLibrary = {
  listJobs: unasked,
  showJob: unasked,
  resumeJob: unasked,
  cancelJob: unasked,
  deleteJob: unasked,
  cacheInfo: unasked,
  cleanCache: unasked,
  resetCache: unasked,
};

/** A transcript with one segment of 10 s, or none for an empty text. */
export function resultOf(text: string, coverage: CoverageSpan[] = [{ start: 0, end: 20, status: 'decoded' }]): Result {
  const words = [{ start: 0, end: 1, text, probability: 1 }];
  const segments =
    text === '' ? [] : [{ id: 0, start: 0, end: 10, text, avgLogprob: 0, noSpeechProb: 0, language: 'en', words }];
  return Object.assign(new Result({ text, language: 'en', duration: 20, segments, coverage }), { receipt: RECEIPT });
}

/** A process that takes so many MB, the model half of them. */
export function usageOf(megabytes: number): MemoryUsage {
  const bytes = megabytes * 2 ** 20;
  const native = { weights: bytes / 2, states: 0, audio: 0, diarization: 0, total: bytes / 2 };
  return { native, rss: bytes, limit: 0, leases: 0, handles: 0 };
}

/** One turn of one speaker. */
export function speakerOf(label: string): SpeakerResult {
  const turns = [{ start: 0.5, end: 2, speaker: label }];
  const speakers = [{ label, seconds: 1.5, embedding: [1, 0] }];
  const result = new SpeakerResult({ duration: 20, speakers, turns, exclusiveTurns: turns });
  return Object.assign(result, { receipt: RECEIPT });
}

export async function hearken(argv: string[], setting: Setting = {}): Promise<World> {
  const {
    transcription = async (file) => resultOf(`text of ${file}`),
    diarization = async (file) => speakerOf(`who is in ${file}`),
    enrolment = async (clip) => [clip.length],
    signals = new EventEmitter(),
    usage = () => usageOf(0),
  } = setting;
  const texts = { out: '', err: '' };
  const sink = (key: 'out' | 'err') =>
    new Writable({
      write(chunk, _encoding, callback) {
        texts[key] += chunk;
        callback();
      },
    });
  const world: Omit<World, 'code' | 'out' | 'err' | 'listeners'> = {
    calls: [],
    clips: [],
    loads: [],
    closes: [],
    limits: [],
    cleanups: 0,
  };
  const called = <O extends TranscribeOptions | DiarizeOptions, R>(
    behaviour: Behaviour<O, R>,
    audio: string | Readable,
    options: O,
  ): Promise<R> => {
    const file = typeof audio === 'string' ? audio : 'a stream';
    world.calls.push({ file, options });
    return behaviour(file, options);
  };
  const handle = async <H>(name: string): Promise<H> => {
    world.loads.push(name);
    return { close: async () => void world.closes.push(name) } as H;
  };
  const code = await run(argv, {
    stdin: setting.terminal ?? Object.assign(new PassThrough(), setting.stdin),
    stdout: setting.stdout ?? sink('out'),
    stderr: Object.assign(sink('err'), { isTTY: setting.tty ?? false, columns: 80 }),
    signals,
    library: async () => ({
      transcribeChunked: (audio, options) => called(transcription, audio, options) as unknown as TranscriptionJob,
      diarize: (audio, options) => called(diarization, audio, options) as unknown as DiarizationJob,
      enroll: (clip, options) => {
        world.clips.push(clip);
        return enrolment(clip, options);
      },
      loadWhisperModel: () => handle<WhisperModel>('model'),
      loadDiarizer: () => handle<Diarizer>('diarizer'),
      setMemoryLimit: (megabytes) => void world.limits.push(megabytes),
      cleanupResources: async () => {
        world.cleanups++;
      },
      resources: { usage },
      ...NO_STORE,
      ...setting.store,
    }),
  });
  const listeners = signals.listenerCount('SIGINT') + signals.listenerCount('SIGTERM');
  return { code, ...texts, ...world, listeners };
}

/** What a command gave the library, besides what every call has. */
export function optionsOf({ calls }: World): Record<string, unknown> {
  const { signal: _signal, onProgress: _onProgress, ...options } = calls[0]?.options ?? {};
  return options;
}
