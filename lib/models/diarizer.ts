import {
  binding,
  type NativeDiarization,
  type NativeDiarizationOptions,
  type NativeDiarizer,
  type NativeDiarizerMemory,
} from '../binding.js';
import { HearkenError, toHearkenError } from '../errors.js';
import { budget } from '../resources/budget.js';
import type { Keeper } from '../resources/idle.js';
import type { Diarizer } from '../types.js';
import { Handle } from './handle.js';
import { identityOf } from './identity.js';
import { checkLoadOptions, loadStoppable } from './load.js';
import { resolveDiarizationModels } from './resolve.js';
import { pathOfFile } from './spec.js';

/** The files of the two nets, as `tools/convert_diarization.py` writes them. */
export interface DiarizerSpec {
  /** Path of the segmentation net's GGUF file. Default: the embedded one. */
  segmentation?: string;
  /** Path of the embedding net's GGUF file. Default: the embedded one. Voices of different nets can't be compared. */
  embedding?: string;
}

/** The handle that users hold. */
export class LoadedDiarizer extends Handle<NativeDiarizer> implements Diarizer {
  readonly files: DiarizerFiles;
  /** Of the files, when they were loaded. */
  readonly identity: string;

  /** `keeper`: the manager that shares it, if one does. */
  constructor(native: NativeDiarizer, files: DiarizerFiles, identity: string, keeper?: Keeper) {
    super(native, 'a Diarizer', keeper !== undefined);
    this.files = files;
    this.identity = identity;
  }

  /** What sessions of it take. */
  get sizes(): NativeDiarizerMemory {
    return this.files.sizes;
  }

  async open(options: NativeDiarizationOptions): Promise<NativeDiarization> {
    try {
      return await this.native.open(options);
    } catch (error) {
      throw toHearkenError(error, 'ERR_MODEL_LOAD');
    }
  }
}

function checkSpec(spec: DiarizerSpec): void {
  const refuse = (): never => {
    const message = 'a diarizer is given by the paths of its files: { segmentation, embedding }';
    throw new HearkenError('ERR_INVALID_ARG', message);
  };
  if (typeof spec !== 'object' || spec === null) refuse();
  for (const [name, path] of Object.entries(spec)) {
    if (name !== 'segmentation' && name !== 'embedding') refuse();
    if (path !== undefined && (typeof path !== 'string' || path === '')) refuse();
  }
}

const ownFile = async (path: string | undefined) =>
  path === undefined ? undefined : pathOfFile(path, 'Leave it out for the embedded net.');

/** Where the nets are and what their headers say, without loading them. */
export interface DiarizerFiles {
  segmentation: string;
  embedding: string;
  sizes: NativeDiarizerMemory;
}

export async function inspectDiarizer(spec: DiarizerSpec): Promise<DiarizerFiles> {
  checkSpec(spec);
  const own = {
    segmentation: await ownFile(spec.segmentation),
    embedding: await ownFile(spec.embedding),
  };
  const whole = own.segmentation !== undefined && own.embedding !== undefined;
  const embedded = whole ? undefined : await resolveDiarizationModels();
  const segmentation = own.segmentation ?? (embedded?.segmentation as string);
  const embedding = own.embedding ?? (embedded?.embedding as string);
  try {
    return { segmentation, embedding, sizes: await binding().inspectDiarizer(segmentation, embedding) };
  } catch (error) {
    throw toHearkenError(error, 'ERR_MODEL_LOAD');
  }
}

/** What both files are known by; see {@link identityOf}. */
export const diarizerIdentity = async ({ segmentation, embedding }: Omit<DiarizerFiles, 'sizes'>): Promise<string> =>
  `${await identityOf(segmentation)}\n${await identityOf(embedding)}`;

/** Loads files whose memory was granted. */
export async function readDiarizer(
  files: DiarizerFiles,
  signal: AbortSignal | undefined,
  keeper?: Keeper,
): Promise<LoadedDiarizer> {
  const { segmentation, embedding } = files;
  return loadStoppable(signal, async (addon, cancel) => {
    const identity = await diarizerIdentity(files);
    return new LoadedDiarizer(await addon.loadDiarizer(segmentation, embedding, cancel), files, identity, keeper);
  });
}

/**
 * Loads the nets that tell speakers apart once, for any number of jobs: their option `diarizer`. Close it when they are done. With
 * a memory limit, waits until they fit.
 *
 * @param spec other files than the embedded ones
 * @param options `signal` stops the load
 * @throws HearkenError ERR_INVALID_ARG, ERR_MODEL_NOT_FOUND, ERR_MODEL_FORMAT (wrong kind, truncated, hostile), ERR_MODEL_LOAD,
 * ERR_MEMORY_LIMIT, ERR_ABORTED
 */
export async function loadDiarizer(spec: DiarizerSpec = {}, options: { signal?: AbortSignal } = {}): Promise<Diarizer> {
  checkSpec(spec);
  checkLoadOptions(options, ['signal']);
  const { signal } = options;
  if (signal?.aborted) throw new HearkenError('ERR_ABORTED', 'loading the model was aborted', { cause: signal.reason });
  const files = await inspectDiarizer(spec);
  const need = { what: 'a diarizer', workers: 0, bytes: () => files.sizes.weightBytes };
  return await budget.during(
    () => need,
    signal,
    () => readDiarizer(files, signal),
  );
}

/** The handle behind the interface: one of ours, open, or a clear error. */
export function asDiarizer(diarizer: Diarizer): LoadedDiarizer {
  if (!(diarizer instanceof LoadedDiarizer)) {
    throw new HearkenError('ERR_INVALID_ARG', 'diarizer must be what loadDiarizer gave');
  }
  if (diarizer.closed) {
    throw new HearkenError('ERR_CLOSED', 'the diarizer is closed: load it again with loadDiarizer');
  }
  return diarizer;
}
