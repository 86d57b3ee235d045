// Native objects that nobody uses, kept for whoever wants them next: for a while, and only as long as memory is not short.

/** For how long what is kept stays. */
export interface Keeper {
  /** Milliseconds; 0: not at all. */
  idleTimeoutMs: number;
}

export const DEFAULT_IDLE_MS = 60_000;

/** Of the manager that all jobs share, and of the workers of models that were loaded by hand. */
export const defaultKeeper: Keeper = { idleTimeoutMs: DEFAULT_IDLE_MS };

/** Why an object was freed: its time was over, memory was short, or a cleanup was asked for. */
export type EvictionReason = 'idle' | 'pressure' | 'cleanup';

/** One object at rest. */
export interface IdleItem {
  readonly what: string;
  readonly keeper: Keeper;
  readonly bytes: number;
  /** Are its bytes among the weights that are loaded? */
  readonly counted: boolean;
  /** Frees it; resolves when its memory is gone. */
  free(reason: EvictionReason): Promise<void>;
}

interface Rest {
  timer: NodeJS.Timeout;
  /** Of two that came to rest at once, the first goes first. */
  turn: number;
}

export class IdleSet {
  readonly #items = new Map<IdleItem, Rest>();
  readonly #leaving = new Set<Promise<void>>();
  #turn = 0;

  /** Native bytes of what is at rest, and of it those that are not counted as weights. */
  get bytes(): number {
    return [...this.#items.keys()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get uncounted(): number {
    return [...this.#items.keys()].reduce((sum, { bytes, counted }) => sum + (counted ? 0 : bytes), 0);
  }

  get size(): number {
    return this.#items.size;
  }

  /** Puts an object to rest; resolves at once, or, where nothing is to be kept, when it is freed. */
  async rest(item: IdleItem): Promise<void> {
    const { idleTimeoutMs } = item.keeper;
    const timer = setTimeout(() => void this.#free(item, 'idle').catch(() => {}), Math.min(idleTimeoutMs, 2 ** 31 - 1));
    timer.unref(); // memory that is kept for a next job must not keep the process alive
    this.#items.set(item, { timer, turn: this.#turn++ });
    if (idleTimeoutMs <= 0) await this.#free(item, 'idle');
  }

  /** Takes an object out to use it; false: it is being freed, or gone. */
  take(item: IdleItem): boolean {
    const rest = this.#items.get(item);
    if (!rest) return false;
    clearTimeout(rest.timer);
    return this.#items.delete(item);
  }

  /** Frees objects, least recently used first, until `bytes` are free. Resolves with how many bytes and objects were. */
  async evict(bytes: number, reason: EvictionReason = 'pressure'): Promise<{ bytes: number; count: number }> {
    const freed = { bytes: 0, count: 0 };
    const oldest = [...this.#items].sort(([, a], [, b]) => a.turn - b.turn);
    for (const [item] of oldest) {
      if (freed.bytes >= bytes) break;
      const size = item.bytes;
      if (!(await this.#free(item, reason))) continue;
      freed.bytes += size;
      freed.count++;
    }
    return freed;
  }

  /** Frees all that the keeper keeps, and outwaits what is being freed already. Resolves with the bytes that were freed. */
  async cleanup(keepers: readonly Keeper[]): Promise<{ bytes: number; count: number }> {
    const freed = { bytes: 0, count: 0 };
    const mine = [...this.#items.keys()].filter(({ keeper }) => keepers.includes(keeper));
    // What rests within another object, as a worker in its model, goes with it: one after the other.
    for (const item of mine) {
      const size = item.bytes;
      if (!(await this.#free(item, 'cleanup'))) continue;
      freed.bytes += size;
      freed.count++;
    }
    await Promise.all(this.#leaving);
    return freed;
  }

  async #free(item: IdleItem, reason: EvictionReason): Promise<boolean> {
    if (!this.take(item)) return false;
    const leaving = item.free(reason);
    const settled = leaving.catch(() => {});
    this.#leaving.add(settled);
    try {
      await leaving;
    } finally {
      this.#leaving.delete(settled);
    }
    return true;
  }
}

/** All that is idle in this thread. */
export const idle = new IdleSet();
