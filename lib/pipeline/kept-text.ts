import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import type { NativeChunk, NativeDecodeOptions, NativeDecodeResult } from '../binding.js';
import type { PlanRow } from '../cache/index.js';
import { type KeptLanguage, readChunk, readLanguage, writeChunk, writeLanguage } from './kept-values.js';
import { chunkKey, languageKey, type ModelDigests } from './keys.js';
import type { Shelf } from './shelf.js';

/** How often another process is asked whether it has finished what it computes, in milliseconds. */
const POLL_MS = 100;

/** Of a text of hours, so many chunks are read before others get their turn: a few milliseconds. */
const TURN = 50;

/** What is to be done for a chunk. */
export type Claim =
  /** It was done before. */
  | { result: NativeDecodeResult }
  /** Ours to do: `keep` what came of it, and `end` in any case, so that whoever else wants it may try. */
  | { ours: { keep(result: NativeDecodeResult): Promise<void>; end(): Promise<void> } }
  /** Somebody else is at it: resolves when that changes. */
  | { theirs: () => Promise<Claim> };

/** The text of chunks. */
export class KeptText {
  readonly #shelf: Shelf;
  readonly #models: ModelDigests;
  /** Chunks that this job computes now: the same sound twice in one audio is computed once. */
  readonly #busy = new Map<string, Promise<void>>();
  #reused = 0;

  constructor(shelf: Shelf, models: ModelDigests) {
    this.#shelf = shelf;
    this.#models = models;
  }

  /** Chunks that were not decoded for this job. */
  get reused(): number {
    return this.#reused;
  }

  async claim(chunk: NativeChunk, options: NativeDecodeOptions): Promise<Claim> {
    const key = chunkKey(this.#models, chunk.digest, options);
    const { index, begin, end, owned, endsInSpeech } = chunk;
    const row = { index, key, begin, end, ownedBegin: owned.begin, ownedEnd: owned.end, endsInSpeech };
    await this.#shelf.during((run) => run.plan([row]));
    return this.#claim(chunk, key);
  }

  async #claim(chunk: NativeChunk, key: string): Promise<Claim> {
    const busy = this.#busy.get(key);
    if (busy) return { theirs: () => busy.then(() => this.#claim(chunk, key)) };
    const { found, ours } = await this.#shelf.claim([key]);
    const value = found.get(key);
    const result = value && readChunk(value, chunk.begin);
    if (result) {
      this.#reused++;
      return { result };
    }
    // One that can't be read is nobody's: it is done again, and replaced.
    if (!value && !ours.has(key)) return { theirs: () => sleep(POLL_MS).then(() => this.#claim(chunk, key)) };
    let settle = () => {};
    this.#busy.set(key, new Promise((resolve) => (settle = resolve)));
    let kept = false;
    return {
      ours: {
        keep: async (done) => {
          await this.#shelf.put([{ key, kind: 'chunk', value: writeChunk(done, chunk.begin) }]);
          kept = true;
        },
        end: async () => {
          if (!kept) await this.#shelf.unclaim([key]);
          this.#busy.delete(key);
          settle();
        },
      },
    };
  }

  async language(chunk: NativeChunk, detect: () => Promise<KeptLanguage>): Promise<KeptLanguage> {
    const key = languageKey(this.#models, chunk.digest);
    const value = (await this.#shelf.find([key])).get(key);
    const known = value && readLanguage(value);
    if (known) return known;
    const detected = await detect();
    await this.#shelf.put([{ key, kind: 'language', value: writeLanguage(detected) }]);
    return detected;
  }

  /** The text of a finished job's chunks; undefined where any of it is gone. */
  async all(plan: readonly PlanRow[]): Promise<NativeDecodeResult[] | undefined> {
    const found = await this.#shelf.find(plan.map(({ key }) => key));
    const results: NativeDecodeResult[] = [];
    for (const { key, begin } of plan) {
      const value = found.get(key);
      const result = value && readChunk(value, begin);
      if (!result) return undefined;
      results.push(result);
      if (results.length % TURN === 0) await turn();
    }
    this.#reused += results.length;
    return results;
  }
}
