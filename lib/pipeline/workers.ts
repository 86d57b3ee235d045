import type { NativeState } from '../binding.js';
import { Bell } from './bell.js';

/** Where a job has its workers from. */
export interface StateSource {
  /** How many may be at work now: memory decides, and may decide otherwise later. */
  workers(): number;
  take(): Promise<NativeState>;
  /** Back, at the end of the job. */
  give(state: NativeState): Promise<void>;
}

/** The workers of one job, made when they are needed, at most `limit` at work at once. */
export class Workers {
  readonly #idle: NativeState[] = [];
  readonly #all = new Set<NativeState>();
  readonly #bell = new Bell();
  readonly #source: StateSource;
  readonly #leaving = new Set<Promise<void>>();
  #most = 0;
  /** What memory there really is for, where that is less than was thought. */
  #possible = Number.POSITIVE_INFINITY;

  constructor(source: StateSource) {
    this.#source = source;
  }

  /** The most that were at work at once. */
  get most(): number {
    return this.#most;
  }

  /** How many take memory now: those that are too many do, until they have finished their chunk. */
  get held(): number {
    return this.#all.size + this.#leaving.size;
  }

  /** How many may be at work now. */
  get limit(): number {
    return Math.max(1, Math.min(this.#source.workers(), this.#possible));
  }

  get #busy(): number {
    return this.#all.size - this.#idle.length;
  }

  async acquire(): Promise<NativeState> {
    for (;;) {
      await this.#bell.until(() => this.#busy < this.limit);
      const state = this.#idle.pop() ?? (await this.#make());
      this.#most = Math.max(this.#most, this.#busy);
      if (state) return state;
    }
  }

  async #make(): Promise<NativeState | undefined> {
    try {
      const state = await this.#source.take();
      this.#all.add(state);
      return state;
    } catch (error) {
      // Those that are there can do the work, if slower.
      if (this.#all.size === 0 || (error as { code?: string }).code !== 'ERR_MEMORY_LIMIT') throw error;
      this.#possible = this.#all.size;
      return undefined;
    }
  }

  release(state: NativeState): void {
    this.#idle.push(state);
    this.changed();
  }

  /** After a change of the limit: those that are too many go, as memory is short. */
  changed(): void {
    while (this.#all.size > this.limit) {
      const state = this.#idle.pop();
      if (!state) break;
      this.#all.delete(state);
      const leaving = state.close().finally(() => this.#leaving.delete(leaving));
      this.#leaving.add(leaving);
    }
    this.#bell.ring();
  }

  /** Gives all of them back. None is ours from then on, whatever the limit does. */
  async close(): Promise<void> {
    const all = [...this.#all];
    this.#all.clear();
    this.#idle.length = 0;
    await Promise.all([...this.#leaving, ...all.map((state) => this.#source.give(state))]);
  }
}
