import type { Keeper } from '../resources/idle.js';
import type { Lease } from '../resources/lease.js';
import { Pool, type Pooled, type PoolListener, type Recipe } from '../resources/pool.js';
import {
  type DiarizerFiles,
  type DiarizerSpec,
  diarizerIdentity,
  inspectDiarizer,
  type LoadedDiarizer,
  readDiarizer,
} from './diarizer.js';
import { identityOf } from './identity.js';
import { inspectWhisper, type Model, readWhisper, type WhisperFile } from './whisper-model.js';

/** A model that somebody wants, before it is loaded. */
export interface Wanted<T, File> {
  what: string;
  file: File;
  /** What its files are known by. */
  identity: string;
  /** Bytes of its weights. */
  bytes: number;
  /** A lease of it, if it is loaded. */
  share(): Lease<T> | undefined;
  /** A lease of it; loads it where need be, its memory being granted. */
  load(signal: AbortSignal | undefined): Promise<Lease<T>>;
}

/** What one manager shares: each model once, whoever asks for it. */
export class SharedModels {
  readonly #keeper: Keeper;
  readonly #pool: Pool;

  constructor(keeper: Keeper, listener: PoolListener) {
    this.#keeper = keeper;
    this.#pool = new Pool(keeper, listener);
  }

  get leases(): number {
    return this.#pool.leases;
  }

  async whisper({
    model,
    offline,
  }: {
    model?: string | undefined;
    offline?: boolean | undefined;
  }): Promise<Wanted<Model, WhisperFile>> {
    const file = await inspectWhisper(model, offline);
    const recipe = {
      key: await identityOf(file.path),
      what: `the model ${file.path}`,
      load: (signal: AbortSignal) => readWhisper(file.path, signal, this.#keeper),
    };
    return this.#wanted(recipe, file, file.info.weightBytes);
  }

  async diarizer(spec: DiarizerSpec): Promise<Wanted<LoadedDiarizer, DiarizerFiles>> {
    const files = await inspectDiarizer(spec);
    const recipe = {
      key: await diarizerIdentity(files),
      what: 'the nets that tell speakers apart',
      load: (signal: AbortSignal) => readDiarizer(files, signal, this.#keeper),
    };
    return this.#wanted(recipe, files, files.sizes.weightBytes);
  }

  #wanted<T extends Pooled, File>(recipe: Recipe<T>, file: File, bytes: number): Wanted<T, File> {
    return {
      what: recipe.what,
      file,
      identity: recipe.key,
      bytes,
      share: () => this.#pool.share<T>(recipe.key),
      load: (signal) => this.#pool.acquire(recipe, signal),
    };
  }
}
