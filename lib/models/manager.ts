import { EventEmitter } from 'node:events';
import { loadedBinding } from '../binding.js';
import { HearkenError } from '../errors.js';
import type { MemoryUsage } from '../memory.js';
import { budget, type Need, type Pressure } from '../resources/budget.js';
import { tell } from '../resources/events.js';
import { DEFAULT_IDLE_MS, defaultKeeper, type EvictionReason, idle, type Keeper } from '../resources/idle.js';
import type { Lease } from '../resources/lease.js';
import { chooseLimit, memoryLimit } from '../resources/limit.js';
import type { Pooled } from '../resources/pool.js';
import { NO_NATIVE_MEMORY, nativeMemory } from '../resources/usage.js';
import type { Diarizer, WhisperModel } from '../types.js';
import type { DiarizerSpec } from './diarizer.js';
import { checkLoadOptions } from './load.js';
import { SharedModels, type Wanted } from './shared.js';

/** A Whisper model, by name or path as in the option `model` of a job. Default: the embedded `tiny.en`. */
export interface WhisperSpec {
  /** Says that it is one. */
  kind: 'whisper';
  /** A name from the registry, or the path of a ggml Whisper file. Default: the embedded `tiny.en`. */
  model?: string;
  /** As the option of a job. Default: false, or true with HEARKEN_OFFLINE=1. */
  offline?: boolean;
}

/** The nets that tell speakers apart. Default: the embedded ones. */
export interface DiarizerResource extends DiarizerSpec {
  /** Says that it is they. */
  kind: 'diarizer';
}

/** What {@link ResourceManager.acquire} takes. */
export type ResourceSpec = WhisperSpec | DiarizerResource;

/** How long a manager keeps what it has loaded. */
export interface ResourceManagerOptions {
  /** Milliseconds for which what nobody uses stays loaded, at least 0; 0: freed at once. Default 60,000. Its timer keeps no process alive. */
  idleTimeoutMs?: number;
}

/** What a {@link ResourceManager} emits, with its arguments. */
export interface ResourceEvents {
  /** A lease was granted; `leases` counts those of the same object. */
  acquired: [{ resource: string; leases: number }];
  /** A lease was given back. */
  released: [{ resource: string; leases: number }];
  /** An object that nobody used was freed. */
  evicted: [{ resource: string; bytes: number; reason: EvictionReason }];
  /** Memory is short in this process: `workers` is how many may decode at once from now on. */
  pressure: [Pressure];
}

/** What a cleanup did. */
export interface Cleanup {
  /** Native bytes that were freed. */
  freedBytes: number;
  /** Models, diarizers and workers that were freed. */
  freed: number;
  /** Resident set of the process before, in bytes. */
  rssBefore: number;
  /** And after. */
  rssAfter: number;
  /** What cleanup callbacks threw. */
  errors: unknown[];
}

/**
 * Loads models once for all who want them, counts who uses them exactly, and frees what nobody uses: after a while, when memory
 * is short (least recently used first), or by {@link ResourceManager.cleanup}.
 */
export class ResourceManager extends EventEmitter<ResourceEvents> implements AsyncDisposable {
  readonly #keeper: Keeper;
  readonly #callbacks = new Set<() => unknown>();
  /** @internal What jobs load. */
  readonly shared: SharedModels;

  /**
   * Loads nothing yet.
   *
   * @throws HearkenError ERR_INVALID_ARG
   */
  constructor(options: ResourceManagerOptions = {}) {
    super();
    const { idleTimeoutMs = DEFAULT_IDLE_MS, ...unknown } = options;
    if (Object.keys(unknown).length > 0) {
      throw new HearkenError(
        'ERR_INVALID_ARG',
        `unknown option ${Object.keys(unknown).join(', ')}: there is idleTimeoutMs`,
      );
    }
    this.#keeper = options === EVERYBODYS ? defaultKeeper : { idleTimeoutMs: checkTimeout(idleTimeoutMs) };
    this.shared = new SharedModels(this.#keeper, {
      acquired: (resource, leases) => tell(this, 'acquired', { resource, leases }),
      released: (resource, leases) => tell(this, 'released', { resource, leases }),
      evicted: (resource, bytes, reason) => tell(this, 'evicted', { resource, bytes, reason }),
    });
    budget.tell(this);
  }

  /** Milliseconds for which what nobody uses from now on stays loaded, at least 0; 0: freed at once. */
  get idleTimeoutMs(): number {
    return this.#keeper.idleTimeoutMs;
  }

  set idleTimeoutMs(value: number) {
    this.#keeper.idleTimeoutMs = checkTimeout(value);
  }

  /**
   * A lease of a model: loaded once for all who acquire the same, freed some time after the last release. Its `handle` is an option
   * `model` or `diarizer` of jobs. With a memory limit, waits until it fits.
   *
   * @throws HearkenError ERR_INVALID_ARG, ERR_MODEL_*, ERR_MEMORY_LIMIT, ERR_ABORTED
   */
  acquire(spec: WhisperSpec, options?: { signal?: AbortSignal }): Promise<Lease<WhisperModel>>;
  acquire(spec: DiarizerResource, options?: { signal?: AbortSignal }): Promise<Lease<Diarizer>>;
  async acquire(
    spec: ResourceSpec,
    options: { signal?: AbortSignal } = {},
  ): Promise<Lease<WhisperModel> | Lease<Diarizer>> {
    checkLoadOptions(options, ['signal']);
    const { signal } = options;
    if (typeof spec !== 'object' || spec === null || (spec.kind !== 'whisper' && spec.kind !== 'diarizer')) {
      const message = "a resource is given as { kind: 'whisper', model } or { kind: 'diarizer' }";
      throw new HearkenError('ERR_INVALID_ARG', message);
    }
    if (spec.kind === 'whisper') {
      const { kind, model, offline, ...unknown } = spec;
      const names = Object.keys(unknown);
      if (names.length > 0) {
        throw new HearkenError('ERR_INVALID_ARG', `unknown ${names.join(', ')}: there are kind, model, offline`);
      }
      return await granted(await this.shared.whisper({ model, offline }), signal);
    }
    const { kind, ...paths } = spec;
    return await granted(await this.shared.diarizer(paths), signal);
  }

  /** Memory of the process now; `leases` are this manager's. */
  usage(): MemoryUsage {
    const addon = loadedBinding();
    const counters = addon?.counters();
    return {
      native: addon ? nativeMemory(addon) : NO_NATIVE_MEMORY,
      rss: process.memoryUsage.rss(),
      limit: memoryLimit(),
      leases: this.shared.leases,
      handles: counters ? counters.liveModels + counters.liveDiarizers : 0,
    };
  }

  /**
   * Limits the resident memory of this process, in megabytes of 2^20 bytes; 0: no limit but the container's. Running jobs follow
   * at their next chunk. Default: HEARKEN_MEMORY_LIMIT, else 0.
   *
   * @throws HearkenError ERR_INVALID_ARG
   */
  setMemoryLimit(megabytes: number): void {
    chooseLimit(megabytes);
  }

  /** Calls back at each cleanup, such as to let go of what the user's code keeps. Returns what ends that. */
  onCleanup(callback: () => unknown): () => void {
    if (typeof callback !== 'function') {
      throw new HearkenError('ERR_INVALID_ARG', 'a cleanup callback must be a function');
    }
    const entry = () => callback();
    this.#callbacks.add(entry);
    return () => void this.#callbacks.delete(entry);
  }

  /**
   * Frees all that nobody uses; resolves when its memory is given back to the system. What jobs or leases hold stays. A callback
   * that throws stops nothing: its error is in `errors`.
   */
  async cleanup(): Promise<Cleanup> {
    const rssBefore = process.memoryUsage.rss();
    const errors: unknown[] = [];
    const called = await Promise.allSettled([...this.#callbacks].map(async (callback) => callback()));
    for (const outcome of called) if (outcome.status === 'rejected') errors.push(outcome.reason);
    // Workers of models that were loaded by hand rest with nobody's but the default keeper.
    const { bytes, count } = await idle.cleanup([this.#keeper]);
    await loadedBinding()?.trimMemory();
    return { freedBytes: bytes, freed: count, rssBefore, rssAfter: process.memoryUsage.rss(), errors };
  }

  /** Frees all that nobody uses, now and from now on. Leases and jobs go on. */
  async close(): Promise<void> {
    this.idleTimeoutMs = 0;
    await this.cleanup();
  }

  /** {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** A lease of what is loaded, or of what is loaded once there is memory for it. */
async function granted<T extends Pooled>(
  wanted: Wanted<T, unknown>,
  signal: AbortSignal | undefined,
): Promise<Lease<T>> {
  let lease: Lease<T> | undefined;
  // A job may load it while this waits.
  const need = (): Need => {
    lease ??= wanted.share();
    return { what: wanted.what, workers: 0, bytes: () => (lease ? 0 : wanted.bytes) };
  };
  try {
    return await budget.during(need, signal, async () => lease ?? (await wanted.load(signal)));
  } catch (error) {
    await lease?.release();
    throw error;
  }
}

function checkTimeout(value: number): number {
  if (typeof value !== 'number' || !(value >= 0)) {
    throw new HearkenError('ERR_INVALID_ARG', `idleTimeoutMs must be a number of at least 0, not ${String(value)}`);
  }
  return value;
}

const EVERYBODYS: ResourceManagerOptions = {};

/** The manager of jobs that are given no handle. */
export const resources = new ResourceManager(EVERYBODYS);

/**
 * Limits the resident memory of this process, in megabytes of 2^20 bytes; 0: no limit but the container's. Running jobs follow at
 * their next chunk. Default: HEARKEN_MEMORY_LIMIT, else 0. The same as {@link ResourceManager.setMemoryLimit}.
 *
 * @throws HearkenError ERR_INVALID_ARG
 */
export function setMemoryLimit(megabytes: number): void {
  resources.setMemoryLimit(megabytes);
}

/**
 * Frees the models and workers that jobs without a handle have left for the next; resolves when their memory is given back to the
 * system. The same as {@link ResourceManager.cleanup} of {@link resources}.
 */
export function cleanupResources(): Promise<Cleanup> {
  return resources.cleanup();
}
