import { binding, type NativeModel, type NativeState } from '../binding.js';
import { HearkenError, toHearkenError } from '../errors.js';
import type { WhisperModel } from '../types.js';
import { resolveModel } from './resolve.js';

export interface LoadOptions {
  /** Never open a connection. Loading does not; this only makes the intent explicit to a name that is not on this machine. */
  offline?: boolean;
  /** Stops the load; the promise rejects with ERR_ABORTED and nothing stays loaded. */
  signal?: AbortSignal;
}

// Only a safety net: memory is freed at a known moment by close().
const forgotten = new FinalizationRegistry<string>((path) => {
  process.emitWarning(`a WhisperModel (${path}) was garbage collected without close()`, { code: 'HEARKEN_NOT_CLOSED' });
});

/** The handle that users hold. */
export class Model implements WhisperModel {
  readonly #native: NativeModel;
  #holds = 0;
  #closing: { done: Promise<void>; idle: () => void } | undefined;
  readonly path: string;
  readonly type: string;
  readonly multilingual: boolean;
  readonly quantization: string;

  constructor(native: NativeModel, path: string) {
    this.#native = native;
    this.path = path;
    const { info } = native;
    this.type = info.type;
    this.multilingual = info.multilingual;
    this.quantization = info.quantization;
    forgotten.register(this, path, this);
  }

  get byteSize(): number {
    return this.#native.byteSize;
  }

  get closed(): boolean {
    return this.#closing !== undefined || this.#native.closed;
  }

  /** A job's share in the model: close() lets it finish, whatever workers it still makes. Returns what ends it. */
  hold(): () => void {
    this.#holds++;
    return () => {
      if (--this.#holds === 0) this.#closing?.idle();
    };
  }

  async createState(): Promise<NativeState> {
    try {
      return await this.#native.createState();
    } catch (error) {
      throw toHearkenError(error, 'ERR_MODEL_LOAD');
    }
  }

  async close(): Promise<void> {
    forgotten.unregister(this);
    if (!this.#closing) {
      let idle = () => {};
      const ready = new Promise<void>((resolve) => {
        idle = resolve;
      });
      this.#closing = { done: ready.then(() => this.#native.close()), idle };
      if (this.#holds === 0) idle();
    }
    await this.#closing.done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * Loads a Whisper model once, for any number of jobs.
 *
 * @param spec a name of the registry (`tiny.en`, `base`, …) or the path of a ggml file; default: the embedded `tiny.en`
 * @throws HearkenError ERR_MODEL_NOT_FOUND, ERR_MODEL_FORMAT (wrong kind, truncated, hostile), ERR_MODEL_LOAD, ERR_ABORTED
 */
export async function loadWhisperModel(spec?: string, options: LoadOptions = {}): Promise<Model> {
  const { signal, offline } = options;
  if (signal?.aborted) throw new HearkenError('ERR_ABORTED', 'loading the model was aborted', { cause: signal.reason });
  const path = await resolveModel(spec, offline === undefined ? {} : { offline });
  const addon = binding();
  const cancel = new addon.CancelToken();
  const abort = () => cancel.cancel();
  if (signal?.aborted) abort();
  else signal?.addEventListener('abort', abort, { once: true });
  try {
    return new Model(await addon.loadModel(path, cancel), path);
  } catch (error) {
    throw toHearkenError(error, 'ERR_MODEL_LOAD');
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

/** The handle behind the interface: one of ours, open, or a clear error. */
export function asModel(model: WhisperModel): Model {
  if (!(model instanceof Model)) {
    throw new HearkenError('ERR_INVALID_ARG', 'model must be a name, a path, or what loadWhisperModel gave');
  }
  if (model.closed) throw new HearkenError('ERR_CLOSED', 'the model is closed: load it again with loadWhisperModel');
  return model;
}
