import { basename, resolve } from 'node:path';
import { LoadedDiarizer } from '../models/diarizer.js';
import { findEntry } from '../models/registry.js';
import { Model } from '../models/whisper-model.js';
import type { AudioOptions, DiarizeOptions, TranscribeOptions } from '../types.js';

/** Not of the work itself: who runs it again says these anew. */
const OTHER = new Set(['signal', 'onProgress', 'onMemory', 'cache', 'force', 'dataDir', 'cacheLimitMB']);

/** Options as they can be written down, for the work to be done again by another process, in another folder. */
export function plainOptions(options: TranscribeOptions | DiarizeOptions): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    // What says nothing, and what JSON has no word for: an end at infinity, which is the default.
    if (value === undefined || value === Number.POSITIVE_INFINITY || OTHER.has(name)) continue;
    plain[name] = plainOption(name, value);
  }
  return plain;
}

function plainOption(name: string, value: unknown): unknown {
  if (value instanceof Model) return resolve(value.path);
  if (value instanceof LoadedDiarizer) {
    return { segmentation: resolve(value.files.segmentation), embedding: resolve(value.files.embedding) };
  }
  if (name === 'model' && typeof value === 'string') return findEntry(value) ? value : resolve(value);
  if (name === 'ffmpegPath' && typeof value === 'string') return programOf(value);
  if (name === 'voices') {
    return Object.fromEntries(
      Object.entries(value as Record<string, ArrayLike<number>>).map(([label, voice]) => [label, Array.from(voice)]),
    );
  }
  return value;
}

/** How the audio is to be read: what of it changes the samples. */
export const askedAudio = (options: AudioOptions): Record<string, unknown> => ({
  channel: options.channel,
  pcm: options.pcm,
  ffmpeg: ffmpegOf(options),
});

/** Which ffmpeg decodes what hearken does not: another one may give other samples. '' : the one on the PATH. */
const ffmpegOf = ({ ffmpegPath }: AudioOptions) => programOf(ffmpegPath ?? process.env.HEARKEN_FFMPEG ?? '');

/** A name alone is looked for on the PATH. */
const programOf = (path: string) => (basename(path) === path ? path : resolve(path));
