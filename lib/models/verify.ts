import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { HearkenError } from '../errors.js';
import { hashFile } from './digest.js';
import { structureProblem } from './ggml.js';
import { locate } from './list.js';
import { absentModel } from './missing.js';
import { type ModelEntry, registry } from './registry.js';

/** What was checked of a model file, and what came of it. */
export interface ModelVerification {
  /** The registry's name, if the file is one of its. */
  name: string | undefined;
  /** The file. */
  path: string;
  /** Its size. */
  bytes: number;
  /** Whether nothing is wrong with it. */
  ok: boolean;
  /** The strongest check there is for this file: a checksum, or only its size and structure. */
  method: 'sha256' | 'sha1' | 'size' | 'structure';
  /** The sum or size that it should have; undefined where there is none to compare with. */
  expected: string | undefined;
  /** The one that it has. */
  actual: string | undefined;
  /** What is wrong and what to do; undefined when ok. */
  problem: string | undefined;
}

/** How a model is checked. */
export interface VerifyOptions {
  /** The folder of pulled models. Default: {@link modelsFolder}'s. */
  modelsDir?: string;
  /** Stops it; the promise rejects with ERR_ABORTED. Default: nothing does. */
  signal?: AbortSignal;
  /** Called with bytes read and bytes in all. */
  onProgress?: (done: number, total: number) => void;
  /** @internal The table of models, for tests. */
  entries?: readonly ModelEntry[];
}

/** Checks a file against its entry: size first, then the checksum, or the structure where upstream states no checksum. */
export async function verifyFile(
  path: string,
  entry: ModelEntry | undefined,
  options: Pick<VerifyOptions, 'signal' | 'onProgress'> = {},
): Promise<ModelVerification> {
  const { size } = await stat(path);
  const result = (method: ModelVerification['method'], expected?: string, actual?: string, problem?: string) => ({
    name: entry?.name,
    path,
    bytes: size,
    ok: problem === undefined,
    method,
    expected,
    actual,
    problem,
  });
  const remedy = !entry
    ? 'get the file again from where it came'
    : entry.embeddedPath === path
      ? 'reinstall hearken-models'
      : `run 'hearken models pull ${entry.name}'`;
  if (entry && size !== entry.bytes) {
    const problem = `${path} has ${size} bytes where ${entry.name} has ${entry.bytes}: ${remedy}`;
    return result('size', String(entry.bytes), String(size), problem);
  }
  const algorithm = entry?.sha256 ? 'sha256' : 'sha1';
  const expected = entry?.sha256 ?? entry?.sha1;
  if (entry && expected) {
    const actual = await hashFile(path, algorithm, options.signal, (done) => options.onProgress?.(done, size));
    const problem = `${path} has the ${algorithm} ${actual} where ${entry.name} has ${expected}: ${remedy}`;
    return result(algorithm, expected, actual, actual === expected ? undefined : problem);
  }
  const problem = await structureProblem(path, entry?.kind);
  return result(
    'structure',
    undefined,
    undefined,
    problem && `${path} is not a whole ggml model: ${problem}; ${remedy}`,
  );
}

/**
 * Checks a model by registry name or path. A path is compared with the entry whose file name it has; any other file is
 * checked for the structure of a ggml Whisper file. A damaged file gives `ok: false`; only a missing one rejects.
 *
 * @throws HearkenError ERR_MODEL_NOT_FOUND, ERR_ABORTED
 */
export async function verifyModel(pathOrName: string, options: VerifyOptions = {}): Promise<ModelVerification> {
  const entries = options.entries ?? registry();
  const { path, entry } = await locate(pathOrName, entries, options.modelsDir);
  if (!path)
    throw absentModel(entry, pathOrName, {
      ...(options.modelsDir ? { modelsDir: options.modelsDir } : {}),
      offline: false,
    });
  const known = entry ?? entries.find((e) => e.file === basename(path));
  try {
    return await verifyFile(path, known, options);
  } catch (error) {
    const { signal } = options;
    if (!signal?.aborted) throw error;
    throw new HearkenError('ERR_ABORTED', `the check of ${path} was stopped`, { cause: signal.reason });
  }
}
