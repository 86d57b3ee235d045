import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { HearkenError } from '../errors.js';
import { nearNames } from './registry.js';

/** Whether a model was given as a path: it has a separator or the ending of a model file. */
export function looksLikePath(spec: string): boolean {
  return /[/\\]/.test(spec) || /\.(bin|ggml|gguf)$/i.test(spec);
}

const KNOWN_NAMES = "'hearken models list' shows the models known by name.";

/** The absolute path of a model file that a user named, or an error that says what is there instead, and what else there is. */
export async function pathOfFile(spec: string, otherwise = KNOWN_NAMES): Promise<string> {
  if (spec.includes('\0')) throw new HearkenError('ERR_INVALID_ARG', 'the path of a model holds a NUL character');
  if (/^https?:\/\//i.test(spec)) {
    throw new HearkenError(
      'ERR_MODEL_NOT_FOUND',
      `${spec} is an address: hearken loads models from this machine only. Download it first and give the path of the file.`,
    );
  }
  const path = resolve(spec);
  let problem: string;
  try {
    const info = await stat(path);
    if (!info.isDirectory()) return path;
    problem = `the model path ${spec} is a folder: give the path of a model file.`;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    problem =
      code === 'ENOENT' || code === 'ENOTDIR'
        ? `there is no model file at ${spec}.`
        : `the model file ${spec} cannot be opened (${code}).`;
  }
  const near = await neighbours(path);
  const hint = near.length > 0 ? ` Near it: ${near.join(', ')}.` : '';
  throw new HearkenError('ERR_MODEL_NOT_FOUND', `${problem}${hint} ${otherwise}`);
}

async function neighbours(path: string): Promise<string[]> {
  try {
    const files = (await readdir(dirname(path))).filter((file) => /\.(bin|ggml|gguf)$/i.test(file));
    return nearNames(basename(path), files);
  } catch {
    return [];
  }
}
