import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';

/** The checkout, seen from dist/test/helpers. */
export const REPO = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

/** The folder of shared test data: HEARKEN_SHARED, or `shared` beside the checkout. It may be absent. */
export const SHARED = resolve(process.env.HEARKEN_SHARED ?? join(REPO, '..', 'shared'));

export const sharedPath = (...parts: string[]): string => join(SHARED, ...parts);

export const hasShared = (path: string): boolean => existsSync(sharedPath(path));

/** One line of an `audio/<folder>/manifest.jsonl`. Which of the optional fields there are depends on the folder. */
export interface ManifestEntry {
  id: string;
  /** Path below `audio`. */
  file: string;
  seconds: number;
  language: string;
  text: string | null;
  clip?: string;
  description?: string;
  expect?: string;
  truth?: string;
  speech?: [number, number][];
  tiny_en_wer?: number;
  note?: string;
}

/** The entries of `audio/<folder>`; none where the data is absent, so that a file of tests can always be loaded. */
export function manifest(folder: string): ManifestEntry[] {
  const path = sharedPath('audio', folder, 'manifest.jsonl');
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as ManifestEntry);
}

/** The audio file of an entry. */
export const audioPath = (entry: Pick<ManifestEntry, 'file'>): string => sharedPath('audio', entry.file);

type Body = (t: ExecutionContext) => void | Promise<void>;

function register(
  declare: typeof test.serial | typeof test,
  paths: string | readonly string[],
  title: string,
  body: Body,
) {
  const absent = [paths].flat().filter((path) => !hasShared(path));
  if (absent.length === 0) declare(title, body);
  else declare.skip(`${title} (skipped: shared data ${absent.join(', ')} is absent; see HEARKEN_SHARED)`, body);
}

/**
 * A test that needs files of the shared data (paths below its root). Where one is absent the test is registered as skipped,
 * under a title that says what is missing: it is counted, never silently gone.
 */
export function sharedTest(paths: string | readonly string[], title: string, body: Body): void {
  register(test, paths, title, body);
}

/** The same, one after the other: for tests that measure time or memory. */
sharedTest.serial = (paths: string | readonly string[], title: string, body: Body): void => {
  register(test.serial, paths, title, body);
};
