import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { installWithoutBinary } from '../helpers/installation.js';
import { JFK } from '../helpers/speech.js';

// hearken installed on a machine that its package has no binary for: what it says, and what `hearken build` says without tools.

const user = mkdtempSync(join(tmpdir(), 'hearken-no-binary-'));
test.after.always(() => rmSync(user, { recursive: true, force: true }));
const hearken = join(installWithoutBinary(user), 'bin', 'hearken.js');

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

function node(args: string[], env: NodeJS.ProcessEnv = process.env): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, { cwd: user, env }, (_, out, err) => {
      resolve({ code: child.exitCode, out, err });
    });
  });
}

/** A PATH with nothing on it but Node: no cmake, no compiler, no make, no git. */
function withoutTools(): NodeJS.ProcessEnv {
  const path = join(user, 'path');
  mkdirSync(path, { recursive: true });
  if (process.platform !== 'win32') symlinkSync(process.execPath, join(path, 'node'));
  const { CXX: _, ...env } = process.env;
  return { ...env, PATH: path };
}

test('importing is no error; the first use is a HearkenError that names the command to run', async (t) => {
  const program = `
    import { HearkenError, transcribe } from 'hearken';
    try {
      await transcribe(${JSON.stringify(JFK)});
    } catch (error) {
      console.log(JSON.stringify({ ours: error instanceof HearkenError, code: error.code, message: error.message }));
    }`;
  const { code, out, err } = await node(['--input-type=module', '-e', program]);
  t.is(code, 0, err);
  const error = JSON.parse(out) as { ours: boolean; code: string; message: string };
  t.true(error.ours);
  t.is(error.code, 'ERR_BINDING');
  t.true(error.message.includes(`${process.platform}-${process.arch}`), error.message);
  t.regex(error.message, /'npx hearken build'/);
});

test('the command line says the same, in one line', async (t) => {
  const { code, out, err } = await node([hearken, 'transcribe', JFK]);
  t.is(code, 1);
  t.is(out, '');
  t.regex(err, /^hearken: .*'npx hearken build'.*\[ERR_BINDING\]\n$/);
});

test('hearken build without tools: one screen that says what is missing and how to install it', async (t) => {
  const { code, out, err } = await node([hearken, 'build'], withoutTools());
  t.is(code, 1, err);
  t.is(out, '');
  const lines = err.trimEnd().split('\n');
  t.true(lines.length <= 24, err);
  t.deepEqual(
    lines.filter((line) => line.length > 120),
    [],
  );
  t.regex(err, /cmake/);
  if (process.platform !== 'win32') t.regex(err, /C\+\+17 compiler/);
  if (process.platform === 'linux') t.regex(err, /apt-get install .*cmake/);
  t.notRegex(err, /git/, 'the source in the package is patched already');
  t.notRegex(err, /^ +at /m, 'no stack trace');
  t.regex(err, /npx hearken build/);
});
