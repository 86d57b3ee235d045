import type { NativeModel, NativeState } from '../binding.js';
import { HearkenError, toHearkenError } from '../errors.js';
import type { WhisperModel } from '../types.js';
import { Handle } from './handle.js';
import { checkLoadOptions, loadStoppable } from './load.js';
import { resolveModel } from './resolve.js';

export interface LoadOptions {
  /** Never open a connection. Loading does not; this only makes the intent explicit to a name that is not on this machine. */
  offline?: boolean;
  /** Stops the load; the promise rejects with ERR_ABORTED and nothing stays loaded. */
  signal?: AbortSignal;
}

/** The handle that users hold. */
export class Model extends Handle<NativeModel> implements WhisperModel {
  readonly path: string;
  readonly type: string;
  readonly multilingual: boolean;
  readonly quantization: string;

  constructor(native: NativeModel, path: string) {
    super(native, `a WhisperModel (${path})`);
    this.path = path;
    const { info } = native;
    this.type = info.type;
    this.multilingual = info.multilingual;
    this.quantization = info.quantization;
  }

  async createState(): Promise<NativeState> {
    try {
      return await this.native.createState();
    } catch (error) {
      throw toHearkenError(error, 'ERR_MODEL_LOAD');
    }
  }
}

/**
 * Loads a Whisper model once, for any number of jobs.
 *
 * @param spec a name of the registry (`tiny.en`, `base`, …) or the path of a ggml file; default: the embedded `tiny.en`
 * @throws HearkenError ERR_MODEL_NOT_FOUND, ERR_MODEL_FORMAT (wrong kind, truncated, hostile), ERR_MODEL_LOAD, ERR_ABORTED
 */
export async function loadWhisperModel(spec?: string, options: LoadOptions = {}): Promise<Model> {
  checkLoadOptions(options, ['signal', 'offline']);
  const { signal, offline } = options;
  if (signal?.aborted) throw new HearkenError('ERR_ABORTED', 'loading the model was aborted', { cause: signal.reason });
  const path = await resolveModel(spec, offline === undefined ? {} : { offline });
  return loadStoppable(signal, async (addon, cancel) => new Model(await addon.loadModel(path, cancel), path));
}

/** The handle behind the interface: one of ours, open, or a clear error. */
export function asModel(model: WhisperModel): Model {
  if (!(model instanceof Model)) {
    throw new HearkenError('ERR_INVALID_ARG', 'model must be a name, a path, or what loadWhisperModel gave');
  }
  if (model.closed) throw new HearkenError('ERR_CLOSED', 'the model is closed: load it again with loadWhisperModel');
  return model;
}
