import { HearkenError } from '../errors.js';
import { type EvictionReason, type IdleItem, idle, type Keeper } from './idle.js';
import { type Lease, OwnLease } from './lease.js';

/** What a pool shares: native objects. */
export interface Pooled {
  readonly byteSize: number;
  /** Frees it; resolves when its memory is gone. */
  free(): Promise<void>;
  /** Set by the pool: holds it for a job that was given it, whatever becomes of the lease. Returns what ends that. */
  pin: (() => () => void) | undefined;
}

/** How to make what a key stands for. */
export interface Recipe<T extends Pooled> {
  key: string;
  /** For messages: "the Whisper model tiny.en". */
  what: string;
  load(signal: AbortSignal): Promise<T>;
}

/** Told of what happens in a pool. */
export interface PoolListener {
  acquired(what: string, leases: number): void;
  released(what: string, leases: number): void;
  evicted(what: string, bytes: number, reason: EvictionReason): void;
}

interface Entry {
  readonly key: string;
  readonly what: string;
  readonly loading: Promise<Pooled>;
  readonly controller: AbortController;
  object: Pooled | undefined;
  /** Those who wait for the load, and then the leases and pins. */
  holders: number;
  pins: number;
  /** While nobody holds it. */
  rest: IdleItem | undefined;
  leaving: Promise<void> | undefined;
  /** When the load is over, whatever came of it, and what nobody wants of it is gone. */
  settled: Promise<void>;
}

/**
 * Native objects by key, each loaded once and shared by all who hold a lease, counted exactly. The last release makes an object
 * idle: see {@link IdleSet}.
 */
export class Pool {
  readonly #entries = new Map<string, Entry>();
  readonly #keeper: Keeper;
  readonly #listener: PoolListener;

  constructor(keeper: Keeper, listener: PoolListener) {
    this.#keeper = keeper;
    this.#listener = listener;
  }

  /** Leases that are held. */
  get leases(): number {
    return [...this.#entries.values()].reduce((sum, entry) => sum + (entry.object ? entry.holders - entry.pins : 0), 0);
  }

  /** A lease of what is loaded already, at once. */
  share<T extends Pooled>(key: string): Lease<T> | undefined {
    const entry = this.#entries.get(key);
    if (!entry?.object || !this.#wake(entry)) return undefined;
    entry.holders++;
    return this.#lease<T>(entry);
  }

  async acquire<T extends Pooled>(recipe: Recipe<T>, signal?: AbortSignal): Promise<Lease<T>> {
    for (;;) {
      if (signal?.aborted) throw aborted(recipe.what, signal);
      const entry = this.#entries.get(recipe.key) ?? this.#start(recipe);
      if (!this.#wake(entry)) {
        await entry.leaving; // two of the same must not be in memory at once
        continue;
      }
      entry.holders++;
      try {
        await raced(entry.loading, recipe.what, signal);
      } catch (error) {
        await this.#giveUp(entry);
        throw error;
      }
      return this.#lease<T>(entry);
    }
  }

  #lease<T extends Pooled>(entry: Entry): Lease<T> {
    this.#listener.acquired(entry.what, entry.holders - entry.pins);
    return new OwnLease(entry.object as T, entry.what, () => this.#giveBack(entry));
  }

  /** Out of its rest; false where it is being freed. */
  #wake(entry: Entry): boolean {
    if (entry.leaving) return false;
    const { rest } = entry;
    entry.rest = undefined;
    if (rest) idle.take(rest);
    return true;
  }

  #start(recipe: Recipe<Pooled>): Entry {
    const controller = new AbortController();
    const loading = recipe.load(controller.signal);
    const { key, what } = recipe;
    const fresh = {
      object: undefined,
      holders: 0,
      pins: 0,
      rest: undefined,
      leaving: undefined,
      settled: Promise.resolve(),
    };
    const entry: Entry = { key, what, loading, controller, ...fresh };
    this.#entries.set(key, entry);
    entry.settled = loading.then(
      async (object) => {
        entry.object = object;
        object.pin = () => this.#pin(entry);
        // Everybody who wanted it has given up in the meantime.
        if (entry.holders === 0) await this.#rest(entry);
      },
      () => this.#forget(entry),
    );
    entry.settled.catch(() => {});
    return entry;
  }

  #pin(entry: Entry): () => void {
    if (!this.#wake(entry)) throw new HearkenError('ERR_CLOSED', `${entry.what} is closed`);
    entry.holders++;
    entry.pins++;
    return () => {
      entry.pins--;
      if (--entry.holders === 0) void this.#rest(entry).catch(() => {}); // told by whoever closes it
    };
  }

  async #giveBack(entry: Entry): Promise<void> {
    entry.holders--;
    this.#listener.released(entry.what, entry.holders - entry.pins);
    if (entry.holders === 0) await this.#rest(entry);
  }

  /** A holder stopped waiting, or the load failed. The last one stops the load, and waits until nothing of it is left. */
  async #giveUp(entry: Entry): Promise<void> {
    if (--entry.holders > 0) return;
    if (entry.object) return await this.#rest(entry);
    entry.controller.abort();
    // Whoever comes now starts anew instead of sharing a load that is being stopped.
    this.#forget(entry);
    await entry.settled;
  }

  #forget(entry: Entry): void {
    if (this.#entries.get(entry.key) === entry) this.#entries.delete(entry.key);
  }

  async #rest(entry: Entry): Promise<void> {
    const object = entry.object as Pooled;
    // It was loaded although nobody wanted it any more, and another one may be there by now.
    if (this.#entries.get(entry.key) !== entry) return await object.free();
    entry.rest = {
      what: entry.what,
      keeper: this.#keeper,
      counted: true,
      get bytes() {
        return object.byteSize;
      },
      free: (reason) => {
        entry.leaving = this.#free(entry, object, reason);
        return entry.leaving;
      },
    };
    await idle.rest(entry.rest);
  }

  async #free(entry: Entry, object: Pooled, reason: EvictionReason): Promise<void> {
    const bytes = object.byteSize;
    try {
      await object.free();
    } finally {
      this.#forget(entry);
    }
    this.#listener.evicted(entry.what, bytes, reason);
  }
}

function aborted(what: string, signal: AbortSignal): HearkenError {
  return new HearkenError('ERR_ABORTED', `loading ${what} was aborted`, { cause: signal.reason });
}

/** Waits for a promise, unless the signal comes first. */
async function raced(promise: Promise<unknown>, what: string, signal: AbortSignal | undefined): Promise<void> {
  let stop = () => {};
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(aborted(what, signal as AbortSignal));
    signal?.addEventListener('abort', stop, { once: true });
  });
  try {
    await Promise.race([promise, stopped]);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
