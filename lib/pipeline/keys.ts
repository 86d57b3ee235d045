import { createHash } from 'node:crypto';
import { binding, type NativeDecodeOptions, type NativeSpeakerCount } from '../binding.js';

/** The digests of model files, by what they are for. */
export type ModelDigests = Partial<Record<'whisper' | 'vad' | 'segmentation' | 'embedding', string>>;

/** What computes: another build, or a processor that rounds differently, may give other numbers. */
function engine(): string {
  const addon = binding();
  const { engine, compiler, level } = addon.version;
  return `${engine} ${compiler} ${level} ${JSON.stringify(addon.cpuFeatures())}`;
}

/** Of how values are written (kept-values.ts): another form is another key. */
const FORM = 1;

/** Of everything that the kept value depends on, in any order of keys. */
function keyOf(kind: string, parts: Record<string, unknown>): string {
  return createHash('sha256')
    .update(JSON.stringify({ kind, form: FORM, engine: engine(), ...parts }, sorted))
    .digest('hex');
}

function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The text of a chunk: of its samples and where speech is in them, wherever they lie in the audio. Threads change nothing of it. */
export function chunkKey({ whisper }: ModelDigests, digest: string, options: NativeDecodeOptions): string {
  const { threads, ...decode } = options;
  return keyOf('chunk', { whisper, digest, decode });
}

export const languageKey = ({ whisper }: ModelDigests, digest: string): string =>
  keyOf('language', { whisper, digest });

/** A window of diarization: `digest` is of all that was heard up to its end. */
export const windowKey = ({ segmentation, embedding }: ModelDigests, digest: string): string =>
  keyOf('window', { segmentation, embedding, digest });

/** The speakers of all that was heard. */
export function speakersKey(
  models: ModelDigests,
  digest: string,
  { numSpeakers, minSpeakers, maxSpeakers, channels }: NativeSpeakerCount & { channels: boolean },
): string {
  const { segmentation, embedding, vad } = models;
  // What finds the speech of each channel has no part in telling voices apart.
  const nets = channels ? { embedding, vad } : { segmentation, embedding };
  return keyOf('speakers', { ...nets, digest, numSpeakers, minSpeakers, maxSpeakers });
}

/** What is asked of an audio: all that changes the answer. */
export const requestKey = (kind: string, models: ModelDigests, asked: Record<string, unknown>): string =>
  keyOf(`request ${kind}`, { models, asked });
