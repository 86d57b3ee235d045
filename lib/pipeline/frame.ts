import { binding, type NativeAddon, type NativeCancelToken } from '../binding.js';
import { HearkenError, toHearkenError } from '../errors.js';
import type { MemorySample, Receipt } from '../memory.js';
import { MemoryMonitor } from '../resources/monitor.js';
import { abortedError } from './aborted.js';
import type { Reins } from './job.js';
import { Owned } from './owned.js';
import { CallbackFailure } from './report.js';

/** What every job has around its work: it stops when it is told to, closes all that it opened, and says what it took. */
export class Frame {
  readonly addon: NativeAddon = binding();
  readonly cancel: NativeCancelToken = new this.addon.CancelToken();
  /** What the job opens. */
  readonly owned = new Owned();
  readonly signal: AbortSignal;
  /** Aborted by the signal, or by a callback that failed: for what waits before the work. */
  readonly waiting: AbortSignal;
  /** Workers that may decode now, and the most that did at once. */
  workers: () => number = () => 0;
  mostWorkers: () => number = () => 0;
  evictions: () => number = () => 0;
  /** Chunks so far, and those of them that were not decoded again. */
  chunks = 0;
  reused: () => number = () => 0;
  readonly #what: string;
  readonly #reins: Reins;
  readonly #failing = new AbortController();
  readonly #abort = () => this.cancel.cancel();
  readonly #monitor: MemoryMonitor;
  #failed: { error: unknown } | undefined;

  /** `what`: as in `${what} was aborted`. */
  constructor(what: string, reins: Reins, onMemory: ((sample: MemorySample) => void) | undefined) {
    const { signal } = reins;
    this.#what = what;
    this.#reins = reins;
    this.signal = signal;
    this.waiting = AbortSignal.any([signal, this.#failing.signal]);
    signal.addEventListener('abort', this.#abort, { once: true });
    this.#monitor = new MemoryMonitor(this.addon, {
      workers: () => this.workers(),
      onMemory,
      onFailure: (cause) => this.fail(new CallbackFailure('onMemory failed', { cause })),
    });
  }

  /** Ends the job with an error that came from beside its work, such as a callback's. */
  fail(error: unknown): void {
    this.#failed ??= { error };
    this.cancel.cancel();
    this.#failing.abort();
  }

  /** Does the work; whatever comes of it, all that was opened is closed before this settles. */
  async work<T>(work: () => Promise<T>): Promise<T> {
    let done: T;
    try {
      this.signal.throwIfAborted();
      done = await work();
    } finally {
      this.cancel.cancel(); // what still waits for audio waits no longer
      await this.owned.close();
    }
    if (this.#failed) throw this.#failed.error; // while the speakers were found, which an abort does not stop
    return done;
  }

  /** Stops the job, as its signal does. */
  abort(why: string): void {
    this.#reins.abort(new HearkenError('ERR_ABORTED', `${this.#what} was ${why}`));
  }

  receipt(audioSeconds: number): Receipt {
    const reusedChunks = this.reused();
    return this.#monitor.receipt({
      workers: this.mostWorkers(),
      evictions: this.evictions(),
      audioSeconds,
      chunks: Math.max(this.chunks, reusedChunks),
      reusedChunks,
    });
  }

  /** The error that the caller gets. */
  explain(error: unknown): unknown {
    const cause = this.#failed ? this.#failed.error : error;
    if (cause instanceof CallbackFailure) return cause.cause;
    const { partial } = error as { partial?: object };
    if (this.signal.aborted && !partial) {
      return abortedError(this.#what, this.signal);
    }
    return toHearkenError(error);
  }

  async close(): Promise<void> {
    this.signal.removeEventListener('abort', this.#abort);
    await this.#monitor.close();
  }
}
