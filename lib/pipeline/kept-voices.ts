import { setTimeout as sleep } from 'node:timers/promises';
import type { NativeCancelToken, NativeSpeakerCount, NativeSpeakers } from '../binding.js';
import type { Entry } from '../cache/index.js';
import { readSpeakers, writeSpeakers } from './kept-values.js';
import { type ModelDigests, speakersKey, windowKey } from './keys.js';
import type { Shelf } from './shelf.js';

/** About how long another process is waited for before it is asked again, in milliseconds. */
const POLL_MS = 100;

/** What was heard of speakers. */
export class KeptVoices {
  readonly #shelf: Shelf;
  readonly #models: ModelDigests;

  constructor(shelf: Shelf, models: ModelDigests) {
    this.#shelf = shelf;
    this.#models = models;
  }

  /** Records of windows that were computed before; those that are missing are ours to compute, and to keep or drop. */
  async windows(digests: readonly string[], cancel: NativeCancelToken): Promise<(Uint8Array | null)[]> {
    const keys = this.#keys(digests);
    for (;;) {
      const { found, ours } = await this.#shelf.claim(keys);
      if (keys.every((key) => found.has(key) || ours.has(key)) || cancel.cancelled) {
        return keys.map((key) => found.get(key) ?? null);
      }
      // Nothing is held while we wait for another process, which may wait for what we hold.
      await this.#shelf.unclaim([...ours]);
      await sleep(POLL_MS / 2 + Math.random() * POLL_MS);
    }
  }

  /** The records of windows that were computed; null of those that were known. */
  async keep(digests: readonly string[], records: readonly (Uint8Array | null)[]): Promise<void> {
    const keys = this.#keys(digests);
    await this.#shelf.put(
      records.flatMap((value, i): Entry[] => (value ? [{ key: keys[i] as string, kind: 'window', value }] : [])),
    );
  }

  /** Nothing came of them. */
  async drop(digests: readonly string[]): Promise<void> {
    await this.#shelf.unclaim(this.#keys(digests));
  }

  /** The speakers of all that was heard, and where they are kept. */
  async speakers(
    digest: string,
    count: NativeSpeakerCount & { channels: boolean },
    find: () => Promise<NativeSpeakers>,
  ): Promise<{ speakers: NativeSpeakers; key: string }> {
    const key = speakersKey(this.#models, digest, count);
    const known = await this.speakersAt(key);
    if (known) return { speakers: known, key };
    const speakers = await find();
    await this.#shelf.put([{ key, kind: 'speakers', value: writeSpeakers(speakers) }]);
    return { speakers, key };
  }

  async speakersAt(key: string): Promise<NativeSpeakers | undefined> {
    const value = (await this.#shelf.find([key])).get(key);
    return value && readSpeakers(value);
  }

  #keys(digests: readonly string[]): string[] {
    return digests.map((digest) => windowKey(this.#models, digest));
  }
}
