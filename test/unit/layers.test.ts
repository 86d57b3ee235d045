import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import test from 'ava';
import { REPO } from '../helpers/shared.js';

// Imports go one way (docs/architecture.md). A file in a folder that no rule names fails: a new part needs a place.

type Rules = Record<string, readonly string[]>;

/** Folder → folders whose headers it may include, besides its own. */
const NATIVE: Rules = {
  loader: [], // an addon of its own; what it knows of the CPU is C
  core: [],
  audio: ['core'],
  chunk: ['core', 'audio'],
  asr: ['core', 'audio', 'chunk'],
  diarization: ['core', 'audio', 'chunk', 'loader'],
  addon: ['core', 'audio', 'chunk', 'asr', 'diarization'],
};

const WORDS = ['types', 'errors', 'memory'];
const LOW = [...WORDS, 'binding'];
const MIDDLE = [...LOW, 'resources'];
const PARTS = [...MIDDLE, 'audio', 'models', 'cache', 'formats'];

/** Folder, or file at the top of lib → what it may import, besides its own folder. */
const TYPESCRIPT: Rules = {
  memory: [],
  types: ['memory'],
  errors: ['types'], // the type of a partial result
  signal: [],
  alive: [],
  lock: ['alive'],
  'data-folder': [],
  engine: ['errors'],
  binding: [...WORDS, 'engine'],
  resources: LOW,
  audio: MIDDLE,
  models: [...MIDDLE, 'signal', 'lock', 'data-folder'],
  cache: [...WORDS, 'alive', 'lock', 'data-folder'],
  formats: WORDS, // pure functions
  report: WORDS, // likewise
  save: [...WORDS, 'formats', 'alive'],
  result: [...PARTS, 'save'],
  pipeline: [...PARTS, 'signal', 'save', 'result'],
  index: [...PARTS, 'save', 'result', 'pipeline'],
  // The command line is a user of the public interface; `models` and `doctor` also show what lies below it.
  cli: [...MIDDLE, 'engine', 'index', 'models', 'cache', 'formats', 'report', 'save'],
};

interface Import {
  file: string;
  from: string;
  to: string;
}

function filesBelow(folder: string, pattern: RegExp): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

const posix = (path: string) => path.split(sep).join('/');

/** First part of a path below a root: a folder, or a file without its extension. */
const layer = (path: string) => (posix(path).split('/')[0] as string).replace(/\.(ts|js)$/, '');

function broken(imports: readonly Import[], rules: Rules): string[] {
  return imports
    .filter(({ from, to }) => from !== to && !rules[from]?.includes(to))
    .map(({ file, from, to }) =>
      rules[from] ? `${file}: ${from} must not import ${to}` : `${file}: no rule names ${from}`,
    );
}

/** Project headers in quotes are found from `native`, or from the including file's own folder. */
function nativeImports(file: string, source: string): Import[] {
  const from = layer(file);
  return [...source.matchAll(/^\s*#\s*include\s+"([^"]+)"/gm)]
    .map((match) => match[1] as string)
    .filter((header) => header.includes('/') && !header.startsWith('.'))
    .map((header) => ({ file: `native/${file}`, from, to: layer(header) }))
    .filter(({ to }) => to in NATIVE || existsSync(join(REPO, 'native', to)));
}

function typescriptImports(file: string, source: string): Import[] {
  const from = layer(file);
  const specifiers = [...source.matchAll(/\b(?:from|import)\s*\(?\s*['"](\.[^'"]*)['"]/g)].map(
    (match) => match[1] as string,
  );
  return specifiers
    .map((specifier) => posix(relative(join(REPO, 'lib'), resolve(REPO, 'lib', dirname(file), specifier))))
    .map((target) => ({ file: `lib/${file}`, from, to: layer(target) }));
}

const nativeFiles = () =>
  filesBelow(join(REPO, 'native'), /\.(h|cc)$/).map((path) => ({
    file: posix(relative(join(REPO, 'native'), path)),
    source: readFileSync(path, 'utf8'),
  }));

const typescriptFiles = () =>
  filesBelow(join(REPO, 'lib'), /\.ts$/).map((path) => ({
    file: posix(relative(join(REPO, 'lib'), path)),
    source: readFileSync(path, 'utf8'),
  }));

test('native includes go one way', (t) => {
  const files = nativeFiles();
  t.true(files.length > 0);
  t.deepEqual(
    files.filter(({ file }) => !(layer(file) in NATIVE)).map(({ file }) => file),
    [],
    'folders without a rule',
  );
  t.deepEqual(
    broken(
      files.flatMap(({ file, source }) => nativeImports(file, source)),
      NATIVE,
    ),
    [],
  );
});

test('only native/addon knows Node', (t) => {
  const knowing = nativeFiles().filter(({ source }) =>
    /#\s*include\s+[<"](napi|node_api|js_native_api|node|v8|uv)[.\-/h]/.test(source),
  );
  t.deepEqual(
    knowing.map(({ file }) => file).filter((file) => layer(file) !== 'addon'),
    [],
  );
});

test('TypeScript imports go one way', (t) => {
  const files = typescriptFiles();
  t.true(files.length > 0);
  t.deepEqual(
    files.filter(({ file }) => !(layer(file) in TYPESCRIPT)).map(({ file }) => file),
    [],
    'files without a rule',
  );
  t.deepEqual(
    broken(
      files.flatMap(({ file, source }) => typescriptImports(file, source)),
      TYPESCRIPT,
    ),
    [],
  );
});

test('the check itself sees a wrong import', (t) => {
  t.deepEqual(
    broken(
      nativeImports('audio/reader.cc', '#include <vector>\n#include "asr/state.h"\n#include "core/error.h"'),
      NATIVE,
    ),
    ['native/audio/reader.cc: audio must not import asr'],
  );
  t.deepEqual(broken(nativeImports('asr/state.cc', '#include "diarization/net.h"'), NATIVE), [
    'native/asr/state.cc: asr must not import diarization',
  ]);
  t.deepEqual(
    broken(
      typescriptImports('formats/srt.ts', "import { x } from '../pipeline/job.js';\nimport '../types.js';"),
      TYPESCRIPT,
    ),
    ['lib/formats/srt.ts: formats must not import pipeline'],
  );
  t.deepEqual(broken(typescriptImports('types.ts', "export type { A } from './errors.js';"), TYPESCRIPT), [
    'lib/types.ts: types must not import errors',
  ]);
  t.deepEqual(broken(typescriptImports('cli/main.ts', "const job = await import('../pipeline/job.js');"), TYPESCRIPT), [
    'lib/cli/main.ts: cli must not import pipeline',
  ]);
  t.deepEqual(broken([{ file: 'lib/new.ts', from: 'new', to: 'types' }], TYPESCRIPT), [
    'lib/new.ts: no rule names new',
  ]);
});
