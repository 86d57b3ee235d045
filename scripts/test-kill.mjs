// npm run test:kill: one job, killed (SIGKILL) at random moments until it is through, again and again, until so many kills were
// made. --kills N (200), --seed N, --times N (how long the audio is, in clips of 33 s). Prints what was computed how often.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 1e6) },
    times: { type: 'string', default: '6' },
  },
});
const { computedIn, killedUntilDone, noisyConversation, place, startKept, stored } = await import(
  '../dist/test/helpers/killing.js'
);
const { random } = await import('../dist/test/helpers/speech.js');

const folder = mkdtempSync(join(tmpdir(), 'hearken-kill-'));
const problems = [];
try {
  const audio = noisyConversation(join(folder, 'talk.wav'), Number(values.times));
  const alone = place(folder, 'alone', audio);
  const began = performance.now();
  const { code, stderr } = await startKept(alone).ended;
  if (code !== 0) throw new Error(`the undisturbed run failed: ${stderr}`);
  const seconds = (performance.now() - began) / 1000;
  const expected = readFileSync(alone.out, 'utf8');
  const once = computedIn(alone.log);
  console.log(
    `seed ${values.seed}; undisturbed: ${seconds.toFixed(1)} s, ${once.chunks.length} chunks, ${once.windows.length} windows`,
  );

  const next = random(Number(values.seed));
  let kills = 0;
  let rounds = 0;
  let runs = 0;
  let chunks = 0;
  let windows = 0;
  while (kills < Number(values.kills)) {
    const where = place(folder, `round-${rounds}`, audio);
    const round = await killedUntilDone(where, expected, next, 1000 * seconds * 0.25);
    rounds++;
    kills += round.kills;
    runs += round.runs;
    chunks += round.computedChunks;
    windows += round.computedWindows;
    problems.push(...round.problems.map((problem) => `round ${rounds}: ${problem}`));
    if (round.chunks !== once.chunks.length) problems.push(`round ${rounds}: ${round.chunks} chunks are kept`);
    // What was killed in mid-computation is computed once more; nothing else is.
    if (round.computedChunks > once.chunks.length + 2 * round.kills)
      problems.push(`round ${rounds}: ${round.computedChunks} chunks computed`);
    // And when it is through, nothing is computed at all.
    rmSync(where.log);
    const after = await startKept(where).ended;
    const more = computedIn(where.log);
    if (after.code !== 0 || more.chunks.length + more.windows.length > 0)
      problems.push(`round ${rounds}: the run after it computed something`);
    if (readFileSync(where.out, 'utf8') !== expected)
      problems.push(`round ${rounds}: the run after it has another result`);
    if (!stored(where.dataDir).sound) problems.push(`round ${rounds}: the database is damaged`);
    console.log(
      `${kills} kills: ${rounds} jobs through; ${round.kills} kills, ${round.computedChunks} chunks and ${round.computedWindows} windows computed in the last`,
    );
    rmSync(join(where.dataDir, '..'), { recursive: true });
  }
  console.log(
    `${kills} kills in ${runs} runs of ${rounds} jobs: the database opened each time, ${chunks} chunks computed where ${rounds * once.chunks.length} were needed and ${kills} runs were cut off, ${windows} windows where ${rounds * once.windows.length} were`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const problem of problems) console.error(`✘ ${problem}`);
if (problems.length > 0) process.exitCode = 1;
else console.log('✔ no finished chunk or window was computed again, and every result is that of the undisturbed run');
