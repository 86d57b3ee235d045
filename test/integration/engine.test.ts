import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'ava';
import { findEngine } from '../../lib/engine.js';
import { HearkenError } from '../../lib/errors.js';

// Which engine is loaded, and what is said where none can be. The loader is the real one; engines are only looked for, not loaded.

const base = mkdtempSync(join(tmpdir(), 'hearken-engine-'));
test.after.always(() => rmSync(base, { recursive: true, force: true }));

const built = findEngine();
const loader = `${dirname(built.path)}.node`;

/** A folder for HEARKEN_PREBUILD whose engines are empty files. */
function binaries(...levels: string[]): string {
  const folder = mkdtempSync(join(base, 'binaries-'));
  const release = join(folder, 'build', 'Release');
  mkdirSync(join(release, 'hearken'), { recursive: true });
  cpSync(loader, join(release, 'hearken.node'));
  for (const level of levels) writeFileSync(join(release, 'hearken', `${level}.node`), '');
  return folder;
}

function findIn(folder: string, cpu = '') {
  const before = { ...process.env };
  Object.assign(process.env, { HEARKEN_PREBUILD: folder, HEARKEN_CPU: cpu });
  try {
    return findEngine();
  } finally {
    for (const name of ['HEARKEN_PREBUILD', 'HEARKEN_CPU']) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}

const refusal = (folder: string, cpu?: string) => {
  try {
    findIn(folder, cpu);
  } catch (error) {
    if (error instanceof HearkenError && error.code === 'ERR_BINDING') return error.message;
    throw error;
  }
  throw new Error('an engine was found');
};

test('every CPU runs the baseline, and what was built here runs here', (t) => {
  t.is(built.levels.at(-1), 'baseline');
  t.true(built.levels.includes(built.level));
});

test.serial('the highest level that this CPU has and that is there', (t) => {
  const [best, ...lower] = built.levels as [string, ...string[]];
  t.is(findIn(binaries(...built.levels)).level, best);
  t.is(findIn(binaries('baseline')).level, 'baseline');
  if (lower.length > 0) t.is(findIn(binaries(...lower)).level, lower[0] as string);
  t.is(findIn(binaries('baseline', 'of-another-cpu')).level, 'baseline');
});

test.serial('HEARKEN_CPU names a lower one', (t) => {
  t.is(findIn(binaries(...built.levels), 'baseline').level, 'baseline');
});

test.serial('what cannot be had is refused, with what to do', (t) => {
  t.regex(refusal(binaries('of-another-cpu')), /no engine .* can run on this CPU, .*baseline: run 'npx hearken build'/);
  t.regex(refusal(binaries(...built.levels), 'sse9'), /HEARKEN_CPU is 'sse9', which this CPU can't run: use one of /);
  t.regex(refusal(binaries('of-another-cpu'), 'baseline'), /run 'npx hearken build --cpu all'/);
  const foreign = binaries('baseline');
  cpSync(built.path, join(foreign, 'build', 'Release', 'hearken.node'));
  t.regex(refusal(foreign), /is not of this version of hearken: run 'npx hearken build'/);
  const broken = binaries('baseline');
  writeFileSync(join(broken, 'build', 'Release', 'hearken.node'), 'not a library');
  t.regex(refusal(broken), /does not load on this .*: run 'npx hearken build'/);
});
