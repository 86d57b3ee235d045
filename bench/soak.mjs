// npm run soak: does anything stay behind? Models are loaded, used and closed again and again, and short jobs of every kind run
// beside each other, with all the ways in which they may fail. After each round the native ledger must read 0, and over all of them
// the process must not grow.
import { fromDist, options, positive, provenance, table, verdict } from './lib/common.mjs';
import { slope } from './lib/slope.mjs';
import { CLIP, clipSamples, kindsOf } from './lib/soak-jobs.mjs';
import { held, sample, settle } from './lib/soak-memory.mjs';

const opts = options('npm run soak -- [options]', {
  cycles: {
    type: 'string',
    default: '500',
    help: 'times that a model is loaded, transcribes a clip and is closed; 0: none',
  },
  jobs: { type: 'string', default: '1000', help: 'short jobs, several at once; 0: none' },
  beside: { type: 'string', default: '4', help: 'jobs that run at once' },
  seconds: { type: 'string', default: '2', help: 'length of the clip of a cycle, up to 11' },
  bound: { type: 'string', default: '1024', help: 'bytes that a cycle or a job may add' },
  seed: { type: 'string', default: '1', help: 'of the random moments and parts' },
  leak: { type: 'string', default: '0', help: 'keep this many bytes in each cycle and job, to see the soak fail' },
});
const cycles = count('cycles');
const jobs = count('jobs');
const leak = count('leak');
const bound = positive(opts, 'bound');
const beside = positive(opts, 'beside');
if (typeof globalThis.gc !== 'function') throw new Error('the soak needs node --expose-gc: run it by npm run soak');

const hearken = await fromDist('lib/index.js');
const { binding } = await fromDist('lib/binding.js');
const { random } = await fromDist('test/helpers/speech.js');
const addon = binding();
const next = random(Number(opts.seed));
const remains = []; // what a round left behind, in words
const leaked = [];

function count(name) {
  return opts[name] === '0' ? 0 : Math.round(positive(opts, name));
}

function plant() {
  if (leak > 0) leaked.push(Buffer.alloc(leak, leaked.length));
}

/** All that the library keeps for later is given back, then nothing may be left; then one sample of the process. */
async function endOfRound(what) {
  await hearken.cleanupResources?.();
  const left = held(addon);
  if (left) remains.push(`${what}: ${left}`);
  await settle();
  return sample();
}

async function cycle() {
  const model = await hearken.loadWhisperModel();
  const { text } = await hearken.transcribe(clip, { model, diarize: false, maxWorkers: 1 });
  await model.close();
  if (!/so/i.test(text)) remains.push(`a cycle's text was '${text}'`);
  plant();
}

/** One job of each kind in random order, `beside` at a time, on handles that live as long as the batch. */
async function batch(kinds, outcomes) {
  const shared = { model: await hearken.loadWhisperModel(), diarizer: await hearken.loadDiarizer() };
  const order = kinds.map((kind) => ({ kind, at: next() })).sort((a, b) => a.at - b.at);
  const worker = async () => {
    for (let entry = order.pop(); entry; entry = order.pop()) {
      const { name, ends = [undefined], run } = entry.kind;
      const end = await run(next, shared).then(
        () => undefined,
        (error) => error.code ?? error.message,
      );
      outcomes[end ?? 'result'] = (outcomes[end ?? 'result'] ?? 0) + 1;
      if (!ends.includes(end)) remains.push(`'${name}' ended with ${end ?? 'a result'}, not with ${ends.join(' or ')}`);
      plant();
    }
  };
  await Promise.all(Array.from({ length: beside }, worker));
  await shared.diarizer.close();
  await shared.model.close();
}

const mb = (bytes) => (bytes / 2 ** 20).toFixed(1);
/** V8 compiles, and pages of the program are read, for as long as this; a run that is short leaves half of it. */
const warmUp = (samples) => Math.min(Math.ceil(samples / 2), Math.max(20, Math.round(samples / 5)));

/** The lines of one phase: `each` is how many cycles or jobs lie between two samples. */
function report(what, samples, each, seconds) {
  const rest = samples.slice(warmUp(samples.length));
  const rows = ['rss', 'heapUsed', 'external'].map((figure) => {
    const values = rest.map((one) => one[figure]);
    const { slope: rise, error } = slope(values);
    return { figure, rise: rise / each, error: error / each, values };
  });
  console.log(
    `\n${samples.length * each} ${what}s in ${Math.round(seconds)} s; the first ${warmUp(samples.length) * each} are warm-up`,
  );
  console.log(
    table(
      ['figure', `bytes a ${what}`, 'standard error', 'start MB', 'first MB', 'last MB'],
      rows.map(({ figure, rise, error, values }) => [
        figure,
        rise.toFixed(0),
        error.toFixed(0),
        mb(samples[0][figure]),
        mb(values[0]),
        mb(values.at(-1)),
      ]),
    ),
  );
  const [{ rise, error }] = rows;
  if (error === Number.POSITIVE_INFINITY) return console.log('too few of them to tell whether RSS grows');
  // Two standard errors: what could be chance is no finding. A leak that is well above the bound is one all the same.
  const grows = `RSS grows by ${rise.toFixed(0)} ± ${(2 * error).toFixed(0)} bytes a ${what}; the bound is ${bound}`;
  if (rise - 2 * error > bound || rise + 2 * error <= bound) console.log(verdict(rise - 2 * error <= bound, grows));
  else console.log(`? ${grows}: not above it by more than chance, nor below it. More ${what}s tell`);
}

console.log(provenance());
const clip = clipSamples(CLIP).subarray(0, Math.round(positive(opts, 'seconds') * 16_000));
let began = performance.now();
const lap = () => (performance.now() - began) / 1000;

if (cycles > 0) {
  const samples = [];
  for (let at = 0; at < cycles; at++) {
    await cycle();
    samples.push(await endOfRound(`cycle ${at + 1}`));
  }
  report('cycle', samples, 1, lap());
}
if (jobs > 0) {
  began = performance.now();
  const samples = [];
  const outcomes = {};
  const kinds = kindsOf(hearken);
  const batches = Math.ceil(jobs / kinds.length);
  for (let at = 0; at < batches; at++) {
    await batch(kinds, outcomes);
    samples.push(await endOfRound(`batch ${at + 1}`));
  }
  report('job', samples, kinds.length, lap());
  console.log(
    Object.entries(outcomes)
      .map(([end, number]) => `${number} ${end}`)
      .join(', '),
  );
}
console.log(
  `\n${verdict(remains.length === 0, `nothing native was left after any of them (${remains.length} times something was)`)}`,
);
for (const line of remains.slice(0, 20)) console.log(`  ${line}`);
