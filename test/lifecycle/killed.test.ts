import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { listJobs } from '../../lib/index.js';
import { folder } from '../helpers/folder.js';
import { computedIn, killedUntilDone, noisyConversation, type Place, place, startKept } from '../helpers/killing.js';
import { random, rounds } from '../helpers/speech.js';

// In full: npm run test:kill.

/** An undisturbed run: what there is to compute, and what comes of it. */
async function undisturbed(root: string, audio: string) {
  const alone = place(root, 'alone', audio);
  const began = performance.now();
  const { code, stderr } = await startKept(alone).ended;
  if (code !== 0) throw new Error(stderr);
  return { ...computedIn(alone.log), expected: readFileSync(alone.out, 'utf8'), ms: performance.now() - began };
}

test.serial(
  'killed at any moment: what was finished is not computed again, and the end is the same bytes',
  async (t) => {
    const root = folder(t);
    const audio = noisyConversation(join(root, 'talk.wav'), 2);
    const { chunks, windows, expected, ms } = await undisturbed(root, audio);
    const next = random(3);
    let kills = 0;
    for (let i = 0; i < rounds(1, 10); i++) {
      const where = place(root, `round-${i}`, audio);
      const round = await killedUntilDone(where, expected, next, ms * 0.7);
      kills += round.kills;
      t.deepEqual(round.problems, []);
      t.is(round.chunks, chunks.length);
      t.true(round.computedChunks <= chunks.length + 2 * round.kills);
      t.true(round.computedWindows >= windows.length);
      t.deepEqual(
        readdirSync(join(where.dataDir, 'cache')).filter((name) => !/^hearken\.db(-wal|-shm)?$/.test(name)),
        [],
        'nothing of the dead is left beside the database',
      );
      const [job, ...others] = await listJobs({ dataDir: where.dataDir });
      t.deepEqual([job?.status, others.length], ['done', 0]);
    }
    t.true(kills > 0);
  },
);

async function together(places: Place[]) {
  const runs = places.map(startKept);
  return await Promise.all(runs.map(({ ended }) => ended));
}

test.serial(
  'four processes at once on the same file share the work: each chunk and window is computed once',
  async (t) => {
    const root = folder(t);
    const audio = noisyConversation(join(root, 'talk.wav'), 2);
    const { chunks, windows, expected } = await undisturbed(root, audio);
    const dataDir = join(root, 'shared');
    const places = [0, 1, 2, 3].map((i) => ({ ...place(root, `process-${i}`, audio), dataDir }));
    for (const { code, stderr } of await together(places)) t.deepEqual([code, stderr], [0, '']);
    const computed = places.map(({ log }) => computedIn(log));
    const sorted = (numbers: number[]) => numbers.sort((a, b) => a - b);
    t.deepEqual(sorted(computed.flatMap((one) => one.chunks)), sorted(chunks));
    t.deepEqual(sorted(computed.flatMap((one) => one.windows)), sorted(windows));
    t.true(computed.filter((one) => one.chunks.length > 0).length > 1, 'more than one of them had some of it');
    for (const { out } of places) t.is(readFileSync(out, 'utf8'), expected);
    t.deepEqual(
      (await listJobs({ dataDir })).map(({ status }) => status),
      ['done'],
    );
  },
);

test.serial('four processes at once on four files: none is in the way of another', async (t) => {
  const root = folder(t);
  const dataDir = join(root, 'shared');
  mkdirSync(dataDir);
  const places = [1, 1, 1, 1].map((times, i) => ({
    ...place(root, `process-${i}`, noisyConversation(join(root, `talk-${i}.wav`), times, i)),
    dataDir,
  }));
  for (const { code, stderr } of await together(places)) t.deepEqual([code, stderr], [0, '']);
  const jobs = await listJobs({ dataDir });
  t.is(jobs.length, 4);
  for (const { out, log } of places) {
    t.regex(readFileSync(out, 'utf8'), /"segments"/);
    t.true(computedIn(log).chunks.length >= 4);
  }
});
