import { HearkenError } from '../errors.js';
import { embeddedModels } from './embedded.js';
import { entryPath, fileSize, locate } from './list.js';
import { absentModel } from './missing.js';
import { type ModelEntry, type ModelKind, registry } from './registry.js';

export interface ResolveOptions {
  offline?: boolean;
  modelsDir?: string;
  /** @internal The table of models, for tests. */
  entries?: readonly ModelEntry[];
}

/** What a model that is no Whisper does. */
const OTHER_USE: Record<Exclude<ModelKind, 'whisper'>, string> = {
  vad: 'finds speech',
  segmentation: 'finds where speakers change',
  embedding: 'tells voices apart',
};

/** Used where no model is named. */
export const DEFAULT_MODEL = 'tiny.en';

/**
 * The path of the Whisper model that a spec means: nothing → the embedded one; a name → the embedded file, else the pulled
 * one; anything else → the path of a file. Never downloads: a job that silently fetches gigabytes is worse than an error.
 */
export async function resolveModel(spec?: string, options: ResolveOptions = {}): Promise<string> {
  const name = spec ?? DEFAULT_MODEL;
  if (typeof name !== 'string' || name === '') {
    throw new HearkenError(
      'ERR_INVALID_ARG',
      'a model is given by its name, such as "base", or by the path of a ggml file',
    );
  }
  const { path, entry } = await locate(name, options.entries ?? registry(), options.modelsDir);
  if (!entry) return path as string;
  if (entry.kind !== 'whisper') {
    throw new HearkenError(
      'ERR_MODEL_FORMAT',
      `${name} ${OTHER_USE[entry.kind]} but does not transcribe: name a Whisper model such as base`,
    );
  }
  if (!path) throw absentModel(entry, name, options);
  await checkSize(path, entry);
  return path;
}

/** The path of the embedded Silero VAD weights. */
export function resolveVadModel(): Promise<string> {
  return embeddedPath('vad', 'silero');
}

/** The paths of both embedded nets that tell speakers apart. */
export async function resolveDiarizationModels(): Promise<{ segmentation: string; embedding: string }> {
  const segmentation = await embeddedPath('segmentation', 'pyannote-segmentation');
  return { segmentation, embedding: await embeddedPath('embedding', 'campplus') };
}

/** The path of the embedded model of a kind; `name` is for the error where there is none. */
async function embeddedPath(kind: ModelKind, name: string): Promise<string> {
  const entry = embeddedModels().find((e) => e.kind === kind);
  const path = entry && entryPath(entry);
  if (!entry || !path || (await fileSize(path)) === undefined) throw absentModel(entry, entry?.name ?? name);
  await checkSize(path, entry);
  return path;
}

// A file gets its name only when it is whole, so another size means that something else put it there or cut it: loading it
// would fail in a less clear way, or not at all.
async function checkSize(path: string, entry: ModelEntry): Promise<void> {
  const size = await fileSize(path);
  if (size === entry.bytes) return;
  const remedy = entry.embeddedPath
    ? 'reinstall hearken-models'
    : `run 'hearken models pull ${entry.name}' to replace it`;
  throw new HearkenError(
    'ERR_MODEL_CHECKSUM',
    `${path} has ${size} bytes where ${entry.name} has ${entry.bytes}: ${remedy}`,
  );
}
