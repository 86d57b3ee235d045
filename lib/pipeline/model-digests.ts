import { binding, type NativeCancelToken } from '../binding.js';
import type { Store } from '../cache/index.js';
import { HearkenError } from '../errors.js';
import { diarizerIdentity } from '../models/diarizer.js';
import { identityOf } from '../models/identity.js';
import type { ModelDigests } from './keys.js';

/** The files of a job's models, and what they were known by when the job found or its caller loaded them. */
export interface ModelFiles {
  whisper?: { path: string; identity: string };
  diarizer?: { segmentation: string; embedding: string; identity: string };
  /** '' : none. */
  vadModel: string;
}

/** undefined where a file is another one by now, and nobody can say what was loaded; or can't be read, as loading it will tell. */
export async function modelDigests(
  store: Store,
  { whisper, diarizer, vadModel }: ModelFiles,
  cancel: NativeCancelToken,
): Promise<ModelDigests | undefined> {
  const digest = (path: string) => store.modelDigest(path, () => hashed(path, cancel));
  try {
    const digests: ModelDigests = {};
    if (whisper) digests.whisper = await digest(whisper.path);
    if (diarizer) {
      digests.segmentation = await digest(diarizer.segmentation);
      digests.embedding = await digest(diarizer.embedding);
    }
    if (vadModel !== '') digests.vad = await digest(vadModel);
    // Behind the reading: what was read is what was loaded.
    const same =
      (!whisper || (await identityOf(whisper.path)) === whisper.identity) &&
      (!diarizer || (await diarizerIdentity(diarizer)) === diarizer.identity);
    return same ? digests : undefined;
  } catch (error) {
    if (error instanceof HearkenError) throw error; // the store's
    return undefined;
  }
}

class Unreadable extends Error {}

async function hashed(path: string, cancel: NativeCancelToken): Promise<string> {
  try {
    return await binding().hashFile(path, cancel);
  } catch (cause) {
    throw new Unreadable(`${path} can't be read`, { cause });
  }
}
