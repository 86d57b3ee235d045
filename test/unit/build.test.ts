import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { REPO } from '../helpers/shared.js';

// A build on a machine that lacks a tool: one sentence that names it and says how to get it, whatever is missing.

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

for (const [missing, tools] of [
  ['cmake', []],
  ['git', ['cmake']],
  ['C++17 compiler', ['cmake', 'git']],
  ['make', ['cmake', 'git', 'g++']],
] as const) {
  onPosix(`a build without ${missing} says so in one sentence`, (t) => {
    const { status, stderr } = buildWith([...tools]);
    t.is(status, 1);
    t.regex(stderr, /^hearken: /);
    t.true(stderr.includes(missing), stderr);
    t.regex(stderr, /install/);
    t.is(stderr.trim().split('\n').length, 1, stderr);
  });
}
