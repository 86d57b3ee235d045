import { binding, type NativeModel, type NativeModelInfo, type NativeState } from '../binding.js';
import { HearkenError, toHearkenError } from '../errors.js';
import { budget } from '../resources/budget.js';
import { defaultKeeper, type Keeper } from '../resources/idle.js';
import type { WhisperModel } from '../types.js';
import { Handle } from './handle.js';
import { identityOf } from './identity.js';
import { checkLoadOptions, loadStoppable } from './load.js';
import { resolveModel } from './resolve.js';
import { StatePool } from './states.js';

/** How a model is loaded. */
export interface LoadOptions {
  /**
   * Never open a connection. Loading opens none: a name that is not on this machine is then ERR_MODEL_OFFLINE instead of
   * ERR_MODEL_NOT_FOUND. Default: false, or true with HEARKEN_OFFLINE=1.
   */
  offline?: boolean;
  /** Stops the load; the promise rejects with ERR_ABORTED and nothing stays loaded. Default: nothing does. */
  signal?: AbortSignal;
}

/** The handle that users hold. */
export class Model extends Handle<NativeModel> implements WhisperModel {
  readonly path: string;
  /** Of the file, when it was loaded. */
  readonly identity: string;
  readonly type: string;
  readonly multilingual: boolean;
  readonly quantization: string;

  /** Its workers. */
  readonly states: StatePool;
  readonly info: NativeModelInfo;

  /** `keeper`: the manager that shares it, if one does. */
  constructor(native: NativeModel, path: string, identity: string, keeper?: Keeper) {
    super(native, `a WhisperModel (${path})`, keeper !== undefined);
    this.path = path;
    this.identity = identity;
    const { info } = native;
    this.info = info;
    this.states = new StatePool(() => this.#createState(), keeper ?? defaultKeeper, info.stateBytes);
    this.type = info.type;
    this.multilingual = info.multilingual;
    this.quantization = info.quantization;
  }

  protected override async empty(): Promise<void> {
    await this.states.clear();
  }

  async #createState(): Promise<NativeState> {
    try {
      return await this.native.createState();
    } catch (error) {
      throw toHearkenError(error, 'ERR_MODEL_LOAD');
    }
  }
}

/** Where a model is and what its header says, without loading it. */
export interface WhisperFile {
  path: string;
  info: NativeModelInfo;
}

export async function inspectWhisper(spec: string | undefined, offline: boolean | undefined): Promise<WhisperFile> {
  const path = await resolveModel(spec, offline === undefined ? {} : { offline });
  try {
    return { path, info: await binding().inspectModel(path) };
  } catch (error) {
    throw toHearkenError(error, 'ERR_MODEL_LOAD');
  }
}

/** Loads a file whose memory was granted. */
export async function readWhisper(path: string, signal: AbortSignal | undefined, keeper?: Keeper): Promise<Model> {
  return loadStoppable(signal, async (addon, cancel) => {
    const identity = await identityOf(path); // before: a file that is replaced meanwhile is another one
    return new Model(await addon.loadModel(path, cancel), path, identity, keeper);
  });
}

/**
 * Loads a Whisper model once, for any number of jobs. With a memory limit, waits until it fits.
 *
 * @param spec a name of the registry (`tiny.en`, `base`, …) or the path of a ggml file; default: the embedded `tiny.en`
 * @throws HearkenError ERR_MODEL_NOT_FOUND, ERR_MODEL_FORMAT (wrong kind, truncated, hostile), ERR_MODEL_LOAD, ERR_MEMORY_LIMIT,
 * ERR_ABORTED
 */
export async function loadWhisperModel(spec?: string, options: LoadOptions = {}): Promise<WhisperModel> {
  checkLoadOptions(options, ['signal', 'offline']);
  const { signal, offline } = options;
  if (signal?.aborted) throw new HearkenError('ERR_ABORTED', 'loading the model was aborted', { cause: signal.reason });
  const { path, info } = await inspectWhisper(spec, offline);
  const need = { what: `the model ${path}`, workers: 0, bytes: () => info.weightBytes };
  return await budget.during(
    () => need,
    signal,
    () => readWhisper(path, signal),
  );
}

/** The handle behind the interface: one of ours, open, or a clear error. */
export function asModel(model: WhisperModel): Model {
  if (!(model instanceof Model)) {
    throw new HearkenError('ERR_INVALID_ARG', 'model must be a name, a path, or what loadWhisperModel gave');
  }
  if (model.closed) throw new HearkenError('ERR_CLOSED', 'the model is closed: load it again with loadWhisperModel');
  return model;
}
