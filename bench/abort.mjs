// How long a job takes to end once it is aborted: from abort() to the rejection of its promise, at random moments.
import { resolve } from 'node:path';
import { fromDist, options, percentile, positive, provenance, shared, table, verdict } from './lib/common.mjs';

const opts = options(
  'npm run bench -- abort [FILE] [options]',
  {
    tries: { type: 'string', default: '50', help: 'jobs to abort' },
    workers: { type: 'string', default: '2', help: 'workers of each job' },
    model: { type: 'string', help: 'a model other than the default, by name or path' },
    latest: { type: 'string', default: '4000', help: 'latest moment of an abort, in ms after the start' },
    aim: { type: 'string', default: '250', help: 'the p99, in ms, that is aimed at' },
    seed: { type: 'string', default: '1', help: 'of the random moments' },
  },
  { positionals: true },
);
const tries = positive(opts, 'tries');
const latest = positive(opts, 'latest');
const aim = positive(opts, 'aim');
const file = opts.files[0] ? resolve(opts.files[0]) : await shared('audio', 'made', 'meeting_20min.flac');
const { loadWhisperModel, transcribeChunked } = await fromDist('lib/index.js');

/** A small generator of fixed sequence (mulberry32), so that a run can be repeated. */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const next = random(Number(opts.seed));
const model = await loadWhisperModel(opts.model);
const latencies = [];
let finished = 0;
let withSegments = 0;
let wrong = 0;
for (let i = 0; i < tries; i++) {
  const controller = new AbortController();
  let segments = 0;
  const job = transcribeChunked(file, {
    model,
    maxWorkers: Number(opts.workers),
    signal: controller.signal,
  });
  const settled = job.then(
    () => ({ at: performance.now() }),
    (error) => ({ at: performance.now(), error }),
  );
  const watch = (async () => {
    try {
      for await (const event of job) if (event.type === 'segment') segments += 1;
    } catch {
      // The same error that the promise gives.
    }
  })();
  await new Promise((done) => setTimeout(done, 50 + next() * (latest - 50)));
  const aborted = performance.now();
  controller.abort();
  const { at, error } = await settled;
  await watch;
  if (!error)
    finished += 1; // over before the abort came: no figure
  else if (error.code !== 'ERR_ABORTED') {
    wrong += 1;
    console.error(`try ${i + 1}: ${error.stack}`);
  } else latencies.push(at - aborted);
  if (segments > 0) withSegments += 1;
}
await model.close();

const ms = (value) => value.toFixed(1);
console.log(`${provenance()}\n`);
console.log(
  table(
    ['aborted jobs', 'after a first segment', 'p50 ms', 'p90 ms', 'p99 ms', 'max ms'],
    [[latencies.length, withSegments, ...[0.5, 0.9, 0.99, 1].map((p) => ms(percentile(latencies, p)))]],
    { left: 0 },
  ),
);
if (finished > 0)
  console.log(`\n${finished} jobs were done before their abort: take a longer file or a smaller --latest.`);
console.log(`\n${verdict(latencies.length > 0 && percentile(latencies, 0.99) <= aim, `p99 at most ${aim} ms`)}`);
console.log(verdict(wrong === 0, `every aborted job was rejected with ERR_ABORTED (${wrong} were not)`));
