import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { REPO } from '../helpers/shared.js';

// The profile that examples/memory-profile.mjs makes, as a user runs it: a process of its own, the package by its name.

const run = promisify(execFile);
const MOST_LEFT_MB = 8;

test('after cleanup a job has given back what it took, to within 8 MB', async (t) => {
  const { stdout, stderr } = await run(
    process.execPath,
    ['--expose-gc', join(REPO, 'examples', 'memory-profile.mjs')],
    {
      timeout: 120_000,
    },
  );
  t.is(stderr, '');
  const figure = (name: string) => Number(new RegExp(`^${name}: (-?[\\d.]+) MB`, 'm').exec(stdout)?.[1] ?? Number.NaN);
  const [before, peak, after, cleaned] = [
    figure('Memory usage before'),
    figure('Memory usage at its peak'),
    figure('Memory usage after'),
    figure('Memory usage after cleanup'),
  ];
  t.log(stdout);
  t.true(peak > before + 40, 'the model alone has 44 MB');
  t.true(after > cleaned + 40, 'it is kept for a next job, until the cleanup');
  t.true(Math.abs(cleaned - before) <= MOST_LEFT_MB, stdout);
  t.regex(stdout, /native memory left: 0 bytes$/m);
});
