import type { Readable } from 'node:stream';
import type { MemorySample } from '../memory.js';
import type { Progress } from '../types.js';
import type { Library } from './io.js';

export interface Reins {
  signal: AbortSignal;
  onProgress: (progress: Progress) => void;
  /** Only where somebody wants to know. */
  onMemory?: (sample: MemorySample) => void;
}

/** What a command makes of each of its files. Where results go, signals, errors and exit codes are run.ts's. */
export interface Task<R> {
  /** Before the first file: loads what all of them share. `show` is for the progress line. */
  prepare(
    library: Library,
    several: boolean,
    reins: { signal: AbortSignal; show: (label: string, progress?: Progress) => void },
  ): Promise<void>;
  perform(library: Library, audio: string | Readable, reins: Reins): Promise<R>;
  /** Frees what was prepared. */
  close(): Promise<void>;
  /** What an interrupted job leaves, if it is worth keeping, and up to which second it goes. */
  partial(error: unknown): { result: R; reached: number } | undefined;
  /** Said where an interruption leaves nothing. */
  readonly nothing: string;
  /** What to know of a result, good as it is. */
  warning(result: R): string | undefined;
}
