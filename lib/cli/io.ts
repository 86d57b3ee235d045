import type { Readable, Writable } from 'node:stream';
import type { CacheCleanup, CacheInfo, CacheReset, CleanOptions, JobInfo, StoreOptions } from '../cache/types.js';
import type { MemoryUsage } from '../memory.js';
import type {
  DiarizationJob,
  DiarizationResult,
  DiarizeOptions,
  Diarizer,
  TranscribeOptions,
  TranscriptionJob,
  TranscriptionResult,
  WhisperModel,
} from '../types.js';

/** What the commands use of the library; loaded at first use, so that `--help` does not wait for it. */
export interface Library extends StoreLibrary {
  transcribeChunked(audio: string | Readable, options: TranscribeOptions): TranscriptionJob;
  diarize(audio: string | Readable, options: DiarizeOptions): DiarizationJob;
  enroll(clip: string, options: EnrollOptions): Promise<number[]>;
  loadWhisperModel(model?: string, options?: { offline?: boolean; signal?: AbortSignal }): Promise<WhisperModel>;
  loadDiarizer(spec: Record<string, never>, options: { signal: AbortSignal }): Promise<Diarizer>;
  setMemoryLimit(megabytes: number): void;
  /** Frees what is kept for a next job. */
  cleanupResources(): Promise<unknown>;
  readonly resources: { usage(): MemoryUsage };
}

/** What is kept of finished work. */
export interface StoreLibrary {
  listJobs(options?: StoreOptions): Promise<JobInfo[]>;
  showJob(id: string, options?: StoreOptions): Promise<JobInfo>;
  resumeJob(id: string, options: ResumeOptions): PromiseLike<TranscriptionResult | DiarizationResult>;
  cancelJob(id: string, options?: StoreOptions): Promise<JobInfo>;
  deleteJob(id: string, options?: StoreOptions): Promise<CacheCleanup>;
  cacheInfo(options?: StoreOptions): Promise<CacheInfo>;
  cleanCache(options?: CleanOptions): Promise<CacheCleanup>;
  resetCache(options?: StoreOptions): Promise<CacheReset>;
}

export type ResumeOptions = StoreOptions & Pick<TranscribeOptions, 'signal' | 'onProgress' | 'onMemory'>;

export type EnrollOptions = Pick<DiarizeOptions, 'diarizer' | 'threads' | 'signal' | 'onProgress'>;

/** The world outside of the commands, so that tests can stand in for it. */
export interface CliIO {
  stdin: Readable & { isTTY?: boolean };
  stdout: Writable;
  stderr: Writable & { isTTY?: boolean; columns?: number };
  signals: Pick<NodeJS.EventEmitter, 'once' | 'removeListener'>;
  library(): Promise<Library>;
}

export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** A wrong call of a command: told with a hint at `--help`, exit code 2. */
export class UsageError extends Error {}

/** Text for a terminal: a file name must not be able to move the cursor or set colours. */
export function printable(text: string): string {
  return text.replace(/[\n\r\t]+/g, ' ').replace(/\p{Cc}/gu, '\uFFFD');
}

/** A stream that its reader may close at any time (`| head`); that is no error, only the end. */
export class Output {
  /** The reader is gone: nothing more needs to be made. */
  closed = false;
  readonly #stream: Writable;

  constructor(stream: Writable) {
    this.#stream = stream;
    // The callback of write has the error too; without a listener the event would be thrown.
    stream.on('error', () => {});
  }

  /** Resolves once the text has left, so that the process may end after it. */
  async write(text: string): Promise<void> {
    if (this.closed || text === '') return;
    await new Promise<void>((resolve, reject) => {
      this.#stream.write(text, (error) => {
        if (
          error &&
          ['EPIPE', 'ECONNRESET', 'ERR_STREAM_DESTROYED'].includes((error as NodeJS.ErrnoException).code ?? '')
        ) {
          this.closed = true;
          resolve();
        } else if (error) {
          reject(error);
        } else {
          resolve();
        }
      });
    });
  }
}
