import { setTimeout as sleep } from 'node:timers/promises';
import type {
  NativeCancelToken,
  NativeChunk,
  NativeDecodeOptions,
  NativeDecodeResult,
  NativeSpeakerCount,
  NativeSpeakers,
} from '../binding.js';
import { type Entry, evict, type JobStart, type PlanRow, type Run, Store } from '../cache/index.js';
import { HearkenError, toHearkenError } from '../errors.js';
import type { AudioSource, DiarizeOptions, TranscribeOptions } from '../types.js';
import type { Keeping } from './keep-options.js';
import { contentOf, type KnownAudio, lookAt } from './kept-audio.js';
import { chunkKey, languageKey, type ModelDigests, requestKey, speakersKey, windowKey } from './keys.js';
import {
  type KeptLanguage,
  readChunk,
  readLanguage,
  readSpeakers,
  writeChunk,
  writeLanguage,
  writeSpeakers,
} from './kept-values.js';
import { type ModelFiles, modelDigests } from './model-digests.js';
import { plainOptions } from './plain-options.js';
import type { Spoken } from './transcript.js';

/** How often another process is asked whether it has finished what it computes, in milliseconds. */
const POLL_MS = 100;

/** What is to be done for a chunk. */
export type Claim =
  /** It was done before. */
  | { result: NativeDecodeResult }
  /** Ours to do: `keep` what came of it, and `end` in any case, so that whoever else wants it may try. */
  | { ours: { keep(result: NativeDecodeResult): Promise<void>; end(): Promise<void> } }
  /** Somebody else is at it: resolves when that changes. */
  | { theirs: () => Promise<Claim> };

/** What a job is, to be found again. */
export interface KeptWork {
  kind: 'transcribe' | 'diarize';
  audio: AudioSource;
  options: TranscribeOptions | DiarizeOptions;
  /** All of the options that changes the result. */
  asked: Record<string, unknown>;
}

/** What a finished job's result is made of, beside the text of its chunks. */
export interface Outcome extends Spoken {
  /** Samples read, and seconds of the whole audio where they were known before. */
  position: number;
  duration?: number | undefined;
  /** The key of the speakers. */
  speakers?: string | undefined;
}

/** A job that is done. */
export interface Ended<T> {
  result: T;
  /** The digest of the audio's bytes, where all of them were read. */
  content: string | undefined;
  /** Seconds that the result accounts for. */
  processed: number;
  outcome: Outcome;
}

/**
 * What one job finds of earlier work, and keeps of its own. A store that fails never fails the job: it warns, and goes on
 * without. What is found was checked by the store, and its key holds all that it depends on.
 */
export class Kept {
  readonly #keeping: Keeping;
  #store: Store | undefined;
  #run: Run | undefined;
  #models: ModelDigests = {};
  #identities: Record<string, string | undefined> = {};
  #job: { start: JobStart; known: KnownAudio } | undefined;
  /** Chunks that this job computes now: the same sound twice in one audio is computed once. */
  readonly #busy = new Map<string, Promise<void>>();
  #reused = 0;

  static async open(
    keeping: Keeping,
    work: KeptWork,
    files: ModelFiles,
    cancel: NativeCancelToken,
  ): Promise<Kept> {
    const kept = new Kept(keeping);
    kept.#store = await openStore(keeping);
    try {
      await kept.#ask((store) => kept.#know(store, work, files, cancel), undefined);
    } catch (error) {
      await kept.close();
      throw error;
    }
    return kept;
  }

  private constructor(keeping: Keeping) {
    this.#keeping = keeping;
  }

  /** Chunks that were not decoded for this job. */
  get reused(): number {
    return this.#reused;
  }

  async #know(store: Store, work: KeptWork, files: ModelFiles, cancel: NativeCancelToken): Promise<void> {
    const models = await modelDigests(store, files, cancel);
    if (!models) return await this.#stop(); // a loaded model whose file is another one by now
    const { kind, audio, options, asked } = work;
    const known = await lookAt(audio);
    const request = requestKey(kind, models, asked);
    this.#models = models;
    this.#identities = { model: files.whisper?.identity, diarizer: files.diarizer?.identity };
    this.#job = { start: { kind, request, options: plainOptions(options), models, ...known }, known };
  }

  /** Nothing is found or kept from now on. */
  async #stop(): Promise<void> {
    const store = this.#store;
    const run = this.#run;
    this.#store = undefined;
    this.#run = undefined;
    await run?.end('failed', {}).catch(() => {});
    await store?.close().catch(() => {});
  }

  /** A model was loaded: if its file was replaced since we looked, nothing of what we know is about it. */
  check(what: 'model' | 'diarizer', identity: string): void {
    if (this.#store && this.#identities[what] !== identity) void this.#stop();
  }

  /** A finished job of the same request over the same bytes. */
  async earlier(cancel: NativeCancelToken): Promise<{ id: string; plan: PlanRow[]; outcome: Outcome } | undefined> {
    const job = this.#job;
    if (!job || this.#keeping.force) return undefined;
    const { start, known } = job;
    const { request, fingerprint } = start;
    return this.#ask(async (store) => {
      // Only if a look at the file says that there may be one, all of it is read for that.
      if (known.content === undefined && !(fingerprint && (await store.likely(request, fingerprint)))) return undefined;
      const content = await contentOf(known, cancel);
      const found = content === undefined ? undefined : await store.finished(request, content);
      return found?.outcome ? { ...found, outcome: found.outcome as Outcome } : undefined;
    }, undefined);
  }

  /** The job is under way. `cancel` is called when somebody cancels it by its id. */
  async begin(cancel: () => void): Promise<void> {
    const job = this.#job;
    if (!job || this.#keeping.mode !== 'write') return;
    this.#run = await this.#ask((store) => store.begin(job.start), undefined);
    this.#run?.onCancel(cancel);
  }

  /** Does the work, and tells how it ended. */
  async during<T>(signal: AbortSignal, work: () => Promise<Ended<T>>): Promise<T> {
    try {
      const { result, content, processed, outcome } = await work();
      await this.#end('done', { outcome, processed, ...(content === undefined ? {} : { content }) });
      return result;
    } catch (error) {
      const { code, message } = toHearkenError(error);
      if (signal.aborted) await this.#end('cancelled', {});
      else await this.#end('failed', { error: { code, message } });
      throw error;
    }
  }

  async claim(chunk: NativeChunk, options: NativeDecodeOptions): Promise<Claim> {
    const key = chunkKey(this.#models, chunk.digest, options);
    await this.#planned(chunk, key);
    return this.#claim(chunk, key);
  }

  async #claim(chunk: NativeChunk, key: string): Promise<Claim> {
    const busy = this.#busy.get(key);
    if (busy) return { theirs: () => busy.then(() => this.#claim(chunk, key)) };
    const { found, ours } = await this.#claims([key]);
    const value = found.get(key);
    const result = value && readChunk(value, chunk.begin);
    if (result) {
      this.#reused++;
      return { result };
    }
    if (!ours.has(key)) return { theirs: () => sleep(POLL_MS).then(() => this.#claim(chunk, key)) };
    let settle = () => {};
    this.#busy.set(key, new Promise((resolve) => (settle = resolve)));
    let held = true;
    const keep = async (result: NativeDecodeResult) => {
      await this.#put([{ key, kind: 'chunk', value: writeChunk(result, chunk.begin) }]);
      held = false;
    };
    const end = async () => {
      if (held) await this.#unclaim([key]);
      this.#busy.delete(key);
      settle();
    };
    return { ours: { keep, end } };
  }

  async language(chunk: NativeChunk, detect: () => Promise<KeptLanguage>): Promise<KeptLanguage> {
    const key = languageKey(this.#models, chunk.digest);
    const value = this.#keeping.force ? undefined : (await this.#found([key])).get(key);
    const known = value && readLanguage(value);
    if (known) return known;
    const detected = await detect();
    await this.#put([{ key, kind: 'language', value: writeLanguage(detected) }]);
    return detected;
  }

  /** Records of windows of diarization that were computed before; what is missing is ours to compute and keep. */
  async windows(digests: readonly string[], cancel: NativeCancelToken): Promise<(Uint8Array | null)[]> {
    const keys = digests.map((digest) => windowKey(this.#models, digest));
    for (;;) {
      const { found, ours } = await this.#claims(keys);
      if (keys.every((key) => found.has(key) || ours.has(key)) || cancel.cancelled) {
        return keys.map((key) => found.get(key) ?? null);
      }
      // Nothing is held while we wait for another process, which may wait for what we hold.
      await this.#unclaim([...ours]);
      await sleep(POLL_MS / 2 + Math.random() * POLL_MS);
    }
  }

  /** The records of windows that were computed; null of those that were known. */
  async keepWindows(digests: readonly string[], records: readonly (Uint8Array | null)[]): Promise<void> {
    const entries = records.flatMap((value, i): Entry[] =>
      value ? [{ key: windowKey(this.#models, digests[i] as string), kind: 'window', value }] : [],
    );
    if (entries.length > 0) await this.#put(entries);
  }

  async dropWindows(digests: readonly string[]): Promise<void> {
    await this.#unclaim(digests.map((digest) => windowKey(this.#models, digest)));
  }

  /** The speakers of all that was heard, and where they are kept. */
  async speakers(
    digest: string,
    count: NativeSpeakerCount & { channels: boolean },
    find: () => Promise<NativeSpeakers>,
  ): Promise<{ speakers: NativeSpeakers; key: string }> {
    const key = speakersKey(this.#models, digest, count);
    const known = this.#keeping.force ? undefined : await this.speakersAt(key);
    if (known) return { speakers: known, key };
    const speakers = await find();
    await this.#put([{ key, kind: 'speakers', value: writeSpeakers(speakers) }]);
    return { speakers, key };
  }

  async speakersAt(key: string): Promise<NativeSpeakers | undefined> {
    const value = (await this.#found([key])).get(key);
    return value && readSpeakers(value);
  }

  /** The text of a finished job's chunks; undefined where any of it is gone. */
  async chunks(plan: readonly PlanRow[]): Promise<NativeDecodeResult[] | undefined> {
    const found = await this.#ask((store) => store.find(plan.map(({ key }) => key)), new Map<string, Buffer>());
    const results = plan.map(({ key, begin }) => {
      const value = found.get(key);
      return value && readChunk(value, begin);
    });
    const whole = results.filter((result) => result !== undefined);
    if (whole.length < results.length) return undefined;
    this.#reused += whole.length;
    return whole;
  }

  /** The result of a finished job was used again. */
  async used(id: string): Promise<void> {
    if (this.#keeping.mode === 'write') await this.#ask((store) => store.used(id), undefined);
  }

  async progress(processed: number, total: number | undefined): Promise<void> {
    await this.#ask(async () => this.#run?.progress(processed, total), undefined);
  }

  async #end(status: 'done' | 'failed' | 'cancelled', more: Parameters<Run['end']>[1]): Promise<void> {
    const run = this.#run;
    this.#run = undefined;
    await this.#ask(async () => run?.end(status, more), undefined);
  }

  async close(): Promise<void> {
    const { limit, mode } = this.#keeping;
    if (limit > 0 && mode === 'write') await this.#ask((store) => evict(store, limit), undefined);
    const store = this.#store;
    this.#store = undefined;
    await store?.close().catch(warn);
  }

  async #planned({ index, begin, end, owned, endsInSpeech }: NativeChunk, key: string): Promise<void> {
    const row = { index, key, begin, end, ownedBegin: owned.begin, ownedEnd: owned.end, endsInSpeech };
    await this.#ask(async () => this.#run?.plan([row]), undefined);
  }

  async #claims(keys: readonly string[]): Promise<{ found: Map<string, Buffer>; ours: Set<string> }> {
    const all = { found: new Map<string, Buffer>(), ours: new Set(keys) };
    const run = this.#run;
    if (!run) {
      const found = this.#keeping.force ? all.found : await this.#found(keys);
      return { found, ours: new Set(keys.filter((key) => !found.has(key))) };
    }
    return this.#ask((store) => store.claim(keys, run, this.#keeping.force), all);
  }

  /** What there is of them, which belongs to this job from now on, too. */
  async #found(keys: readonly string[]): Promise<Map<string, Buffer>> {
    return this.#ask(async (store) => {
      const found = await store.find(keys);
      if (found.size > 0) await this.#run?.uses([...found.keys()]);
      return found;
    }, new Map<string, Buffer>());
  }

  async #put(entries: readonly Entry[]): Promise<void> {
    const run = this.#run;
    if (run) await this.#ask((store) => store.put(entries, run), undefined);
  }

  async #unclaim(keys: readonly string[]): Promise<void> {
    const run = this.#run;
    if (run && keys.length > 0) await this.#ask((store) => store.unclaim(keys, run), undefined);
  }

  /** Asks the store; once it has failed, the job goes on as if there were none. */
  async #ask<T>(question: (store: Store) => Promise<T>, otherwise: T): Promise<T> {
    const store = this.#store;
    if (!store) return otherwise;
    try {
      return await question(store);
    } catch (error) {
      if (!isCacheError(error)) throw error;
      if (this.#store) {
        warn(error);
        await this.#stop();
      }
      return otherwise;
    }
  }
}

const isCacheError = (error: unknown): error is HearkenError =>
  error instanceof HearkenError && error.code.startsWith('ERR_CACHE_');

/** The store, as far as it can be had; else the job goes without. */
async function openStore({ mode, folder }: Keeping): Promise<Store | undefined> {
  if (mode === 'off') return undefined;
  try {
    return await Store.open(folder, mode);
  } catch (error) {
    if (!isCacheError(error)) throw error;
    warn(error);
    return undefined;
  }
}

const told = new Set<string>();

/** Once for each reason: an import job of a thousand files has one disk. */
function warn(cause: unknown): void {
  const { code, message } = toHearkenError(cause);
  const text = `${message} Nothing is kept of this work, nor found of earlier work. [${code}]`;
  if (told.has(text)) return;
  told.add(text);
  process.emitWarning(text, { code: 'HEARKEN_CACHE' });
}
