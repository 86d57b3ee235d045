import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
// @ts-expect-error: a script of the build, which is JavaScript
import { installAdvice } from '../../../scripts/build-tools.mjs';
import { REPO } from '../helpers/shared.js';

// A build on a machine that lacks tools: one screen that names them all and says how to get them.

const onPosix = process.platform === 'win32' ? test.skip : test;

/** Runs the build with a PATH that holds these tools only, each of which does nothing. */
function buildWith(tools: string[]): { status: number | null; stderr: string } {
  const folder = mkdtempSync(join(tmpdir(), 'hearken-tools-'));
  try {
    for (const tool of tools) {
      writeFileSync(join(folder, tool), '#!/bin/sh\nexit 0\n');
      chmodSync(join(folder, tool), 0o755);
    }
    const env = { ...process.env, PATH: folder, CXX: '' };
    const run = spawnSync(process.execPath, ['scripts/build-native.mjs'], {
      cwd: REPO,
      env,
      encoding: 'utf8',
      timeout: 60_000,
    });
    return { status: run.status, stderr: run.stderr };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const TOOLS = { cmake: 'cmake', 'g++': 'a C++17 compiler', make: 'make or ninja' };

onPosix('a build without tools names them all, and how to install them', (t) => {
  const { status, stderr } = buildWith([]);
  t.is(status, 1);
  t.regex(stderr, /^hearken: to build it from source/);
  for (const what of Object.values(TOOLS)) t.true(stderr.includes(`  - ${what}`), stderr);
  t.regex(stderr, /install/);
  t.regex(stderr, /npx hearken build/);
  t.true(stderr.trim().split('\n').length <= 24, stderr);
});

for (const [missing, what] of Object.entries(TOOLS)) {
  onPosix(`a build that lacks ${missing} alone names that alone`, (t) => {
    const { status, stderr } = buildWith(Object.keys(TOOLS).filter((tool) => tool !== missing));
    t.is(status, 1);
    t.deepEqual(
      stderr.match(/^ {2}- .*$/gm)?.map((line) => line.slice(4).replace(/ \(.*\)$/, '')),
      [what],
    );
  });
}

onPosix('a level that there is not is refused before anything is built', (t) => {
  const run = spawnSync(process.execPath, ['scripts/build-native.mjs', '--cpu', 'mmx'], {
    cwd: REPO,
    encoding: 'utf8',
  });
  t.is(run.status, 1);
  t.regex(run.stderr, /no level 'mmx'.*there are .*baseline/);
});

test('advice for every platform says what to install', (t) => {
  for (const [platform, command] of [
    ['linux', 'apk add cmake'],
    ['darwin', 'brew install cmake'],
    ['win32', 'winget install Kitware.CMake'],
    ['freebsd', 'cmake 3.18'],
  ] as const) {
    t.true(installAdvice(['cmake'], platform).includes(command));
  }
});
