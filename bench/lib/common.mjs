// What the benches share: where things are, how arguments are read, how tables are printed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const WORK = join(ROOT, 'bench', '.work');
export const CLI = join(ROOT, 'bin', 'hearken.js');
export const DEFAULT_MODEL = join(ROOT, 'models', 'ggml-tiny.en-q8_0.bin');

// What is measured is the work, not how fast it is found again; children inherit it.
process.env.HEARKEN_CACHE ??= 'off';

/** Ends the bench with a sentence and exit code 2. */
export function stop(message) {
  console.error(`bench: ${message}`);
  process.exit(2);
}

export function workFolder(name = '') {
  const path = join(WORK, name);
  mkdirSync(path, { recursive: true });
  return path;
}

/** A module of the compiled tree, such as `lib/index.js` or `test/helpers/wer.js`. */
export async function fromDist(path) {
  const file = join(ROOT, 'dist', path);
  if (!existsSync(file)) stop(`dist/${path} is absent: run 'npm run build' first.`);
  return import(pathToFileURL(file));
}

/** A path below the shared data, or the end of the bench. */
export async function shared(...parts) {
  const { sharedPath } = await sharedData();
  const path = sharedPath(...parts);
  if (!existsSync(path)) stop(`shared data is absent: ${join(...parts)}. Set HEARKEN_SHARED to its folder.`);
  return path;
}

/** The shared data's folder and manifests, without ava (which the tests' own helper needs). */
export async function sharedData() {
  const { readFileSync } = await import('node:fs');
  const base = resolve(process.env.HEARKEN_SHARED ?? join(ROOT, '..', 'shared'));
  return {
    sharedPath: (...parts) => join(base, ...parts),
    manifest: (folder) => {
      const path = join(base, 'audio', folder, 'manifest.jsonl');
      if (!existsSync(path))
        stop(`shared data is absent: audio/${folder}/manifest.jsonl. Set HEARKEN_SHARED to its folder.`);
      return readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => JSON.parse(line));
    },
  };
}

/** Options of a bench, with --help from the same table: { name: { type, default, help } }. */
export function options(usage, table, { positionals = false } = {}) {
  const spec = {
    help: { type: 'boolean', short: 'h' },
    ...Object.fromEntries(Object.entries(table).map(([name, { help: _, ...rest }]) => [name, rest])),
  };
  try {
    const parsed = parseArgs({ options: spec, allowPositionals: positionals });
    if (!parsed.values.help) return { ...parsed.values, files: parsed.positionals };
  } catch (error) {
    stop(`${error.message}\nusage: ${usage}`);
  }
  console.log(`usage: ${usage}`);
  for (const [name, { help, default: fallback }] of Object.entries(table)) {
    console.log(`  --${name.padEnd(14)} ${help}${fallback === undefined ? '' : ` (default ${fallback})`}`);
  }
  process.exit(0);
}

/** A positive number from an option, or the end of the bench. */
export function positive(values, name) {
  const number = Number(values[name]);
  if (!(number > 0)) stop(`--${name} must be a number above 0, not '${values[name]}'.`);
  return number;
}

export function commit() {
  const git = (...args) => spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' });
  const head = git('rev-parse', '--short', 'HEAD');
  if (head.status !== 0) return 'unknown';
  const dirty = git('status', '--porcelain', '--untracked-files=no').stdout.trim() !== '';
  return `${head.stdout.trim()}${dirty ? ' with uncommitted changes' : ''}`;
}

/** What a figure needs to be read: commit, machine, command. */
export function provenance() {
  const script = relative(ROOT, process.argv[1] ?? '');
  const name = /^bench\/([\w-]+)\.mjs$/.exec(script.split('\\').join('/'))?.[1] ?? script;
  const args = process.argv.slice(2).map((arg) => (isAbsolute(arg) ? relative(ROOT, arg) : arg));
  const list = cpus();
  return [
    `commit ${commit()}; Node ${process.version}; ${list.length} × ${list[0]?.model.trim() ?? 'unknown CPU'}`,
    `command: npm run ${[...(name === 'eval' || name === 'soak' ? [name, '--'] : ['bench', '--', name]), ...args].join(' ')}`,
  ].join('\n');
}

export function table(header, rows, { left = 1 } = {}) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const rule = header.map((_, i) => (i < left ? '---' : '---:'));
  return [
    line(header),
    line(rule),
    ...rows.map((row) => line(row.map((cell) => String(cell).replaceAll('|', '\\|')))),
  ].join('\n');
}

export const percent = (value, digits = 2) => (Number.isFinite(value) ? (value * 100).toFixed(digits) : '–');

/** The value below which a share `p` of the numbers lies (nearest rank). */
export function percentile(numbers, p) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))] ?? Number.NaN;
}

export const median = (numbers) => percentile(numbers, 0.5);

/** A pass or a miss of a stated bound; a miss makes the bench's exit code 1. */
export function verdict(ok, text) {
  if (!ok) process.exitCode = 1;
  return `${ok ? '✔' : '✘'} ${text}`;
}
