import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { modelsFolder } from './folder.js';
import { unknownName } from './missing.js';
import { findEntry, type ModelEntry, type ModelKind, registry } from './registry.js';
import { looksLikePath, pathOfFile } from './spec.js';

/** A model of the table, and whether it is on this machine. */
export interface ModelListing {
  /** What it is called: as the option `model` of a job takes it. */
  name: string;
  /** Further names that mean the same file. */
  aliases: string[];
  /** What it does. */
  kind: ModelKind;
  /** Whether it knows more than English. */
  multilingual: boolean;
  /** Type of the weights, such as `q8_0` or `f16`. */
  quantization: string;
  /** The file's name. */
  file: string;
  /** The file's size. */
  bytes: number;
  /** Of the weights. */
  licence: string;
  /** embedded: came with hearken; pulled: in the models folder; damaged: there with a wrong size; available: can be pulled. */
  state: 'embedded' | 'pulled' | 'damaged' | 'available';
  /** Where it is, if it is on this machine. */
  path: string | undefined;
  /** How a copy is checked. */
  check: 'sha256' | 'sha1' | 'size and structure';
  /** As upstream states it. */
  sha1: string | undefined;
  /** As upstream states it, or of a model that came with hearken. */
  sha256: string | undefined;
}

/** Where models are looked for. */
export interface ListOptions {
  /** The folder of pulled models. Default: {@link modelsFolder}'s. */
  modelsDir?: string;
  /** @internal The table of models, for tests. */
  entries?: readonly ModelEntry[];
}

/** All models that hearken knows by name. Reads the table and the sizes of files; opens no connection. */
export function listModels(options: ListOptions = {}): Promise<ModelListing[]> {
  return Promise.all(
    (options.entries ?? registry()).map(async (entry) => {
      const path = entryPath(entry, options.modelsDir);
      const size = await fileSize(path);
      const whole = entry.embeddedPath ? 'embedded' : 'pulled';
      return {
        name: entry.name,
        aliases: [...(entry.aliases ?? [])],
        kind: entry.kind,
        multilingual: entry.multilingual,
        quantization: entry.quantization,
        file: entry.file,
        bytes: entry.bytes,
        licence: entry.licence,
        state: size === entry.bytes ? whole : size === undefined && !entry.embeddedPath ? 'available' : 'damaged',
        path: size === undefined ? undefined : path,
        check: entry.sha256 ? 'sha256' : entry.sha1 ? 'sha1' : 'size and structure',
        sha1: entry.sha1,
        sha256: entry.sha256,
      };
    }),
  );
}

/** Where the file of an entry is, or would be. */
export function entryPath(entry: ModelEntry, modelsDir?: string): string {
  return entry.embeddedPath ?? join(modelsFolder(modelsDir), entry.file);
}

/**
 * The path of a model that is on this machine, by name or path; undefined where a known name has not been pulled.
 *
 * @throws HearkenError ERR_MODEL_NOT_FOUND for a name that is not known, and a path where there is no file
 */
export async function modelPath(nameOrPath: string, options: ListOptions = {}): Promise<string | undefined> {
  return (await locate(nameOrPath, options.entries ?? registry(), options.modelsDir)).path;
}

/** The file and the entry that a name or path means. Rejects for a name that is not in the table and for a missing path. */
export async function locate(
  spec: string,
  entries: readonly ModelEntry[],
  modelsDir?: string,
): Promise<{ path: string | undefined; entry: ModelEntry | undefined }> {
  const entry = findEntry(spec, entries);
  if (entry) {
    const path = entryPath(entry, modelsDir);
    return { path: (await fileSize(path)) === undefined ? undefined : path, entry };
  }
  if (looksLikePath(spec) || (await fileSize(spec)) !== undefined)
    return { path: await pathOfFile(spec), entry: undefined };
  throw unknownName(spec, entries);
}

/** The size of a regular file; undefined where there is none. */
export async function fileSize(path: string): Promise<number | undefined> {
  try {
    const info = await stat(path);
    return info.isFile() ? info.size : undefined;
  } catch {
    return undefined;
  }
}
