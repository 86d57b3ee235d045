import type { NativeDiarization, NativeDiarizationOptions, NativeDiarizer } from '../binding.js';
import { HearkenError, toHearkenError } from '../errors.js';
import type { Diarizer } from '../types.js';
import { Handle } from './handle.js';
import { loadStoppable } from './load.js';
import { resolveDiarizationModels } from './resolve.js';

/** The files of the two nets, as tools/convert_diarization.py writes them. */
export interface DiarizerSpec {
  /** Path of the segmentation net's GGUF file. Default: the embedded one. */
  segmentation?: string;
  /** Path of the embedding net's GGUF file. Default: the embedded one. Voices of different nets can't be compared. */
  embedding?: string;
}

/** The handle that users hold. */
export class LoadedDiarizer extends Handle<NativeDiarizer> implements Diarizer {
  constructor(native: NativeDiarizer) {
    super(native, 'a Diarizer');
  }

  async open(options: NativeDiarizationOptions): Promise<NativeDiarization> {
    try {
      return await this.native.open(options);
    } catch (error) {
      throw toHearkenError(error, 'ERR_MODEL_LOAD');
    }
  }
}

/**
 * Loads the nets that tell speakers apart once, for any number of jobs: their option `diarizer`. Close it when they are done.
 *
 * @throws HearkenError ERR_INVALID_ARG, ERR_MODEL_NOT_FOUND, ERR_MODEL_FORMAT (wrong kind, truncated, hostile), ERR_MODEL_LOAD,
 * ERR_MEMORY_LIMIT, ERR_ABORTED
 */
export async function loadDiarizer(
  spec: DiarizerSpec = {},
  options: { signal?: AbortSignal } = {},
): Promise<LoadedDiarizer> {
  for (const [name, path] of Object.entries(spec)) {
    if ((name !== 'segmentation' && name !== 'embedding') || typeof path !== 'string' || path === '') {
      throw new HearkenError(
        'ERR_INVALID_ARG',
        'a diarizer is given by the paths of its files: { segmentation, embedding }',
      );
    }
  }
  const whole = spec.segmentation !== undefined && spec.embedding !== undefined;
  const embedded = whole ? undefined : await resolveDiarizationModels();
  const segmentation = spec.segmentation ?? (embedded?.segmentation as string);
  const embedding = spec.embedding ?? (embedded?.embedding as string);
  return loadStoppable(
    options.signal,
    async (addon, cancel) => new LoadedDiarizer(await addon.loadDiarizer(segmentation, embedding, cancel)),
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
