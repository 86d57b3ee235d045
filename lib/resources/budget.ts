import { loadedBinding } from '../binding.js';
import { HearkenError } from '../errors.js';
import { tell } from './events.js';
import { type IdleSet, idle } from './idle.js';
import { memoryLimit, onLimit } from './limit.js';
import { nativeMemory, weights } from './usage.js';

/** What a job wants to hold beside what is loaded already, in bytes, by the number of its workers. */
export interface Need {
  what: string;
  /** Workers wanted. 0: it has none. */
  workers: number;
  /** All of it, with so many workers, without what is loaded already: less once the job itself has loaded a model. */
  bytes(workers: number): number;
  /** What less it could ask for, for the refusal: "without speakers", and its bytes with one worker. */
  leaner?: { how: string; bytes: number };
}

/** What a job was granted. */
export interface Grant {
  /** How many workers may decode now; changes with the limit. */
  readonly workers: number;
  /** How often idle memory was freed for it. */
  readonly evictions: number;
  /** Calls back when the number of workers changes. */
  onChange: (() => void) | undefined;
  /** How many workers it really has: more than it may, until those that are too many have finished. */
  holding: (() => number) | undefined;
  /** Once it holds none of it any more. */
  release(): void;
}

interface Granted extends Grant {
  need: Need;
  workers: number;
  evictions: number;
}

interface Waiting {
  /** Asked anew at each try: what it needs may have been loaded by another job meanwhile. */
  need: () => Need;
  /** What was evicted for it so far. */
  evictions: number;
  resolve(grant: Grant): void;
  reject(error: unknown): void;
}

/** Memory is short: what is done about it. */
export interface Pressure {
  /** Resident set of the process, in bytes. */
  rss: number;
  /** Its limit, in bytes. */
  limit: number;
  /** How many workers of all jobs may decode at once from now on. */
  workers: number;
}

interface PressureListener {
  emit(event: 'pressure', pressure: Pressure): unknown;
}

/** How often a job that waits looks whether what others use, hearken or not, has become less. */
const LOOK_MS = 250;

/**
 * What the first job adds to the resident set beside its native memory, measured (bench/limits.mjs): code pages of Node and the
 * addon that are touched for the first time, stacks of threads, the JavaScript heap's growth.
 */
const WARMING = 6 * 2 ** 20;

/** What the budget reads of the process; another one in tests. */
export interface World {
  rss(): number;
  /** Native bytes that the process holds. */
  native(): number;
  /** Of it: weights that are loaded. */
  weights(): number;
  limit(): number;
  trim(): Promise<void>;
  idle: Pick<IdleSet, 'uncounted' | 'size' | 'evict'>;
}

const PROCESS: World = {
  rss: () => process.memoryUsage.rss(),
  native: () => {
    const addon = loadedBinding();
    return addon ? nativeMemory(addon).total : 0;
  },
  weights: () => weights.bytes,
  limit: memoryLimit,
  trim: async () => loadedBinding()?.trimMemory(),
  idle,
};

/**
 * Lets jobs begin only if what they will hold fits the limit: frees what is idle, else gives fewer workers, else waits for a
 * running job, else refuses. A job asks once for all that it needs, so none holds a part while it waits for the rest, and those
 * who wait are served in the order in which they came: no deadlock, nobody starves.
 *
 * The forecast is what the process uses beside hearken's native memory, plus the weights that are loaded, plus what is idle, plus
 * all that was granted, whether allocated by now or not.
 */
export class Budget {
  readonly #granted = new Set<Granted>();
  readonly #waiting: Waiting[] = [];
  readonly #world: World;
  readonly #startRss: number;
  readonly #congestion = new Set<() => void>();
  #serving = false;
  #timer: NodeJS.Timeout | undefined;

  /** Weakly: a manager that nobody uses any more is not to be kept by the budget that all of them share. */
  #listeners: WeakRef<PressureListener>[] = [];

  constructor(world: World = PROCESS) {
    this.#world = world;
    this.#startRss = world.rss();
    onLimit(() => {
      void this.relieve().catch(() => {}); // an eviction that fails is told to whoever closes that object
      void this.#serve();
    });
  }

  /** Whom to tell of pressure, for as long as it lives. */
  tell(listener: PressureListener): void {
    this.#listeners = this.#listeners.filter((other) => other.deref() !== undefined);
    this.#listeners.push(new WeakRef(listener));
  }

  /** Does a job wait for memory? Then those that run must come to an end: see {@link onCongestion}. */
  get congested(): boolean {
    return this.#waiting.length > 0;
  }

  /**
   * Calls back when a job begins to wait for memory. One that runs and waits for its reader might wait for ever: the reader may be
   * who started the job that waits.
   */
  onCongestion(callback: () => void): () => void {
    this.#congestion.add(callback);
    return () => void this.#congestion.delete(callback);
  }

  async admit(need: () => Need, signal?: AbortSignal): Promise<Grant> {
    return await new Promise<Grant>((resolve, reject) => {
      const entry: Waiting = { need, evictions: 0, resolve, reject };
      const stop = () => {
        const index = this.#waiting.indexOf(entry);
        if (index < 0) return;
        this.#waiting.splice(index, 1);
        reject(new HearkenError('ERR_ABORTED', 'waiting for memory was aborted', { cause: signal?.reason }));
        void this.#serve();
      };
      const ended = () => signal?.removeEventListener('abort', stop);
      entry.resolve = (grant) => {
        ended();
        resolve(grant);
      };
      entry.reject = (error) => {
        ended();
        reject(error);
      };
      this.#waiting.push(entry);
      if (signal?.aborted) return stop();
      signal?.addEventListener('abort', stop, { once: true });
      void this.#serve();
    });
  }

  /** Does something that needs memory only until what it makes is counted on its own, such as a load. */
  async during<T>(need: () => Need, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const grant = await this.admit(need, signal);
    try {
      return await work();
    } finally {
      grant.release();
    }
  }

  /** What the process would hold, at the most, if all that was granted were used. */
  forecast(): number {
    let mine = this.#world.weights() + this.#world.idle.uncounted;
    for (const grant of this.#granted) {
      mine += grant.need.bytes(Math.max(grant.workers, grant.holding?.() ?? 0));
    }
    // Other threads of the process have budgets of their own: what they hold is seen, what they were promised is not.
    return this.#base() + Math.max(mine, this.#world.native());
  }

  /** Frees what is idle, then takes workers from jobs, where the limit is broken or would be. */
  async relieve(): Promise<void> {
    const limit = this.#world.limit();
    if (limit === 0) return this.#restore(limit);
    const excess = Math.max(this.forecast(), this.#world.rss()) - limit;
    if (excess <= 0) return;
    if (this.#world.idle.size > 0) await this.#world.idle.evict(excess);
    await this.#world.trim();
    this.#shrink(limit);
  }

  /** Halves the workers of all jobs that have several: memory is short whatever was forecast. */
  halve(): void {
    for (const grant of this.#granted) if (grant.workers > 1) change(grant, Math.ceil(grant.workers / 2));
    this.#tell();
  }

  /** Gives workers back to jobs that had to do with fewer, twice as many at a time, as far as they fit. */
  restore(): void {
    if (!this.congested) this.#restore(this.#world.limit()); // those who wait come first
  }

  #restore(limit: number): void {
    for (const grant of this.#granted) {
      if (grant.workers >= grant.need.workers || grant.need.workers === 0) continue;
      const most = limit === 0 ? grant.need.workers : Math.min(grant.need.workers, 2 * grant.workers);
      for (let workers = most; workers > grant.workers; workers--) {
        const more = grant.need.bytes(workers) - grant.need.bytes(grant.workers);
        if (limit > 0 && this.forecast() + more > limit) continue;
        change(grant, workers);
      }
    }
  }

  #shrink(limit: number): void {
    const most = () => [...this.#granted].sort((a, b) => b.workers - a.workers)[0];
    for (let grant = most(); grant && grant.workers > 1 && this.forecast() > limit; grant = most()) {
      change(grant, grant.workers - 1);
    }
    this.#tell();
  }

  #tell(): void {
    const workers = [...this.#granted].reduce((sum, grant) => sum + grant.workers, 0);
    const pressure = { rss: this.#world.rss(), limit: this.#world.limit(), workers };
    this.#listeners = this.#listeners.filter((listener) => listener.deref() !== undefined);
    for (const weak of this.#listeners) {
      const listener = weak.deref();
      if (listener) tell(listener, 'pressure', pressure);
    }
  }

  /** Beside native memory. Before the first job: what it will be when it has run. */
  #base(): number {
    return Math.max(this.#world.rss() - this.#world.native(), this.#startRss + WARMING);
  }

  /** Grants to the first in line, as long as it fits. */
  async #serve(): Promise<void> {
    if (this.#serving) return;
    this.#serving = true;
    try {
      for (let first = this.#waiting[0]; first; first = this.#waiting[0]) {
        let outcome: Granted | undefined;
        try {
          outcome = await this.#try(first);
        } catch (error) {
          if (this.#waiting[0] === first) this.#waiting.shift();
          first.reject(error);
          continue;
        }
        if (this.#waiting[0] !== first) {
          outcome?.release(); // aborted meanwhile
          continue;
        }
        if (!outcome) break;
        this.#waiting.shift();
        first.resolve(outcome);
      }
    } finally {
      this.#serving = false;
      this.#look();
      if (this.congested) for (const callback of this.#congestion) callback();
    }
  }

  /** A grant; undefined: not before a running job has ended. Throws where it will never fit. */
  async #try(waiting: Waiting): Promise<Granted | undefined> {
    let need = waiting.need();
    const limit = this.#world.limit();
    if (limit === 0) return this.#grant(need, need.workers, 0);
    if (this.#hopeless(need, limit)) throw this.#refusal(need, limit);
    const excess = () => this.forecast() + need.bytes(need.workers) - limit;
    if (excess() > 0) {
      if (this.#world.idle.size > 0) {
        waiting.evictions += (await this.#world.idle.evict(excess())).count;
        if (this.#waiting[0] !== waiting) return undefined; // aborted: it must not take hold of anything now
        need = waiting.need();
      }
      if (excess() > 0) await this.#world.trim();
    }
    for (let workers = need.workers; workers >= Math.min(1, need.workers); workers--) {
      if (this.forecast() + need.bytes(workers) <= limit) return this.#grant(need, workers, waiting.evictions);
    }
    if (this.#granted.size > 0) return undefined;
    throw this.#refusal(need, limit);
  }

  /** Would it not fit if all running jobs had ended? */
  #hopeless(need: Need, limit: number): boolean {
    return this.#startRss + WARMING + need.bytes(Math.min(1, need.workers)) > limit;
  }

  #grant(need: Need, workers: number, evictions: number): Granted {
    const grant: Granted = {
      need,
      workers,
      evictions,
      onChange: undefined,
      holding: undefined,
      release: () => {
        if (!this.#granted.delete(grant)) return;
        void this.#serve();
      },
    };
    this.#granted.add(grant);
    return grant;
  }

  #refusal(need: Need, limit: number): HearkenError {
    const least = need.bytes(Math.min(1, need.workers));
    const others = this.forecast();
    const available = Math.max(0, limit - others);
    const fits = [`a limit of ${mb(others + least)} MB`];
    if (need.leaner && others + need.leaner.bytes <= limit) fits.push(`the same ${need.leaner.how}`);
    else if (need.leaner) fits.push(`${mb(others + need.leaner.bytes)} MB ${need.leaner.how}`);
    const message =
      `${need.what} needs ${mb(least)} MB${need.workers > 0 ? ' with one worker' : ''}, and of the limit of ${mb(limit, Math.floor)} MB ` +
      `the process leaves ${mb(available, Math.floor)} MB (it takes ${mb(others)} MB by itself): what would fit is ${fits.join(', or ')}`;
    const memory = {
      neededBytes: least,
      availableBytes: available,
      limitBytes: limit,
      fittingLimitBytes: others + least,
    };
    return Object.assign(new HearkenError('ERR_MEMORY_LIMIT', message), { memory });
  }

  /** While anybody waits, what others use is looked at now and then. */
  #look(): void {
    clearTimeout(this.#timer);
    if (this.#waiting.length === 0) return;
    // Not unref'd: somebody awaits this.
    this.#timer = setTimeout(() => void this.#serve(), LOOK_MS);
  }
}

const mb = (bytes: number, round: (value: number) => number = Math.ceil): number => round(bytes / 2 ** 20);

function change(grant: Granted, workers: number): void {
  grant.workers = workers;
  grant.onChange?.();
}

/** The budget of this thread. */
export const budget = new Budget();
