import { type Entry, evict, type JobStart, type Run, Store } from '../cache/index.js';
import { HearkenError, toHearkenError } from '../errors.js';
import type { Keeping } from './keep-options.js';

/**
 * A job's access to the store. A store that fails never fails the job: it warns once, and from then on nothing is found or kept.
 */
export class Shelf {
  readonly #keeping: Keeping;
  #store: Store | undefined;
  #run: Run | undefined;

  static async open(keeping: Keeping): Promise<Shelf> {
    const shelf = new Shelf(keeping);
    const { mode, folder } = keeping;
    if (mode !== 'off') shelf.#store = await forgiving(() => Store.open(folder, mode), undefined);
    return shelf;
  }

  private constructor(keeping: Keeping) {
    this.#keeping = keeping;
  }

  get force(): boolean {
    return this.#keeping.force;
  }

  /** What is computed now is kept. */
  get writing(): boolean {
    return this.#run !== undefined;
  }

  /** Asks the store, if there is one. */
  async ask<T>(question: (store: Store) => Promise<T>, otherwise: T): Promise<T> {
    const store = this.#store;
    if (!store) return otherwise;
    return await forgiving(
      () => question(store),
      otherwise,
      () => this.stop(),
    );
  }

  /** Nothing is found or kept from now on; a run that was begun counts as interrupted. */
  async stop(): Promise<void> {
    const store = this.#store;
    this.#store = undefined;
    this.#run = undefined;
    await store?.close().catch(() => {});
  }

  async begin(start: JobStart, cancel: () => void): Promise<void> {
    if (this.#keeping.mode !== 'write') return;
    this.#run = await this.ask((store) => store.begin(start), undefined);
    this.#run?.onCancel(cancel);
  }

  /** Asks the run, if one was begun. */
  async during(question: (run: Run) => Promise<void>): Promise<void> {
    await this.ask(async () => {
      if (this.#run) await question(this.#run);
    }, undefined);
  }

  async end(...how: Parameters<Run['end']>): Promise<void> {
    const run = this.#run;
    this.#run = undefined;
    await this.ask(async () => run?.end(...how), undefined);
  }

  /** The result of a finished job was used again. */
  async used(id: string): Promise<void> {
    if (this.#keeping.mode === 'write') await this.ask((store) => store.used(id), undefined);
  }

  /** What there is of them, which belongs to this job from now on, too. */
  async find(keys: readonly string[]): Promise<Map<string, Buffer>> {
    if (this.force) return new Map();
    return this.ask(async (store) => {
      const found = await store.find(keys);
      if (found.size > 0) await this.#run?.uses([...found.keys()]);
      return found;
    }, new Map<string, Buffer>());
  }

  /** What there is of them, and what is ours to compute; what is neither, another run computes now. */
  async claim(keys: readonly string[]): Promise<{ found: Map<string, Buffer>; ours: Set<string> }> {
    const run = this.#run;
    if (run) {
      const all = { found: new Map<string, Buffer>(), ours: new Set(keys) };
      return this.ask((store) => store.claim(keys, run, this.force), all);
    }
    const found = await this.find(keys);
    return { found, ours: new Set(keys.filter((key) => !found.has(key))) };
  }

  /** They will not be computed after all. */
  async unclaim(keys: readonly string[]): Promise<void> {
    const run = this.#run;
    if (run && keys.length > 0) await this.ask((store) => store.unclaim(keys, run), undefined);
  }

  async put(entries: readonly Entry[]): Promise<void> {
    const run = this.#run;
    if (run && entries.length > 0) await this.ask((store) => store.put(entries, run), undefined);
  }

  async close(): Promise<void> {
    const { limit, mode } = this.#keeping;
    if (limit > 0 && mode === 'write') await this.ask((store) => evict(store, limit), undefined);
    await this.stop();
  }
}

/** What a store fails with, among it what nobody has thought of (ERR_INTERNAL); ERR_CLOSED: by an earlier failure. */
const OF_THE_STORE = /^ERR_(CACHE_\w+|INTERNAL|CLOSED)$/;

/** Does something with the store; where it fails of the store, warns and gives something else. */
async function forgiving<T>(work: () => Promise<T>, otherwise: T, after?: () => Promise<void>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof HearkenError) || !OF_THE_STORE.test(error.code)) throw error;
    if (error.code !== 'ERR_CLOSED') warn(error); // the earlier failure was told
    await after?.();
    return otherwise;
  }
}

const told = new Set<string>();

/** Once for each reason: an import job of a thousand files has one disk. */
function warn(cause: unknown): void {
  const { code, message } = toHearkenError(cause);
  const text = `${message.replace(/\.$/, '')}. Nothing is kept of this work, nor found of earlier work. [${code}]`;
  if (told.has(text)) return;
  told.add(text);
  process.emitWarning(text, { code: 'HEARKEN_CACHE' });
}
