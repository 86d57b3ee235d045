import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import test from 'ava';
import { binding, type NativeDecodeOptions } from '../../lib/binding.js';
import { findEngine } from '../../lib/engine.js';
import { resolveDiarizationModels, resolveModel } from '../../lib/models/resolve.js';
import { DECODE_OPTIONS } from '../helpers/decode-options.js';
import { assertIdle, nativeBytes } from '../helpers/engine.js';
import { JFK } from '../helpers/speech.js';

// Native memory as the addon tells it: to its users, to V8, and back to the system. Serial: all figures are of the
// whole process.

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

const MiB = 2 ** 20;
const addon = binding();
const token = () => new addon.CancelToken();

const OPTIONS: NativeDecodeOptions = {
  ...DECODE_OPTIONS,
  bestOf: 1,
  temperatureIncrement: 0,
  context: true,
  suppressNonSpeech: false,
};

/** What V8 has been told, garbage left out. Collected twice: finalizers run after the collection that finds their object. */
async function external(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    gc();
    await sleep(5);
  }
  return addon.externalMemory();
}

const open = async () =>
  addon.openPlanner(
    { path: JFK },
    { channel: -1, ffmpegPath: '', begin: 0, end: Number.POSITIVE_INFINITY, chunkSamples: 30 * 16_000, vadModel: '' },
    token(),
  );

async function decodeOnce(beamSize = 1): Promise<void> {
  const model = await addon.loadModel(await resolveModel(), token());
  const state = await model.createState();
  const planner = await open();
  const chunk = await planner.next(token());
  if (!chunk) throw new Error('there is a chunk');
  await state.decode(chunk, { ...OPTIONS, beamSize }, token());
  chunk.release();
  await Promise.all([planner.close(), state.close(), model.close()]);
}

test.afterEach.always((t) => assertIdle(t));

test.serial('a watch keeps what was there between its readings', async (t) => {
  const watch = new addon.MemoryWatch();
  const first = watch.read();
  t.true(first.rssBefore > 20 * MiB && first.rssBefore <= first.rssPeak);
  t.true(Math.abs(first.rss - process.memoryUsage.rss()) < 16 * MiB);
  t.deepEqual(first.peak, { weights: 0, states: 0, audio: 0, diarization: 0, total: 0 });

  await decodeOnce();
  const { rss, rssBefore, rssPeak, peak } = watch.read();
  t.true(peak.weights > 40e6 && peak.states > 30e6 && peak.audio > 11 * 16_000 * 4 && peak.diarization === 0);
  t.true(peak.total >= peak.weights + peak.states, 'both are there while it decodes');
  t.true(peak.total <= peak.weights + peak.states + peak.audio);
  t.true(rssPeak > rssBefore + 40 * MiB, `peak ${rssPeak}, before ${rssBefore}`);
  t.true(rssPeak >= rss);

  const later = new addon.MemoryWatch();
  t.is(later.read().peak.total, 0, 'a watch knows nothing of what was before it');
  later.close();
  watch.close();
  watch.close();
  t.throws(() => watch.read(), { code: 'ERR_CLOSED' });
});

test.serial('a watch in a worker thread that is terminated ends with it', async (t) => {
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    const watch = new (require(workerData).MemoryWatch)();
    parentPort.postMessage(watch.read().rss);
    setInterval(() => watch.read(), 5);
  `;
  for (let round = 0; round < 3; round++) {
    const worker = new Worker(code, { eval: true, workerData: findEngine().path });
    const rss = await new Promise<number>((resolve, reject) => worker.once('message', resolve).once('error', reject));
    t.true(rss > 20 * MiB);
    await worker.terminate();
  }
  const watch = new addon.MemoryWatch();
  t.true(watch.read().rss > 0);
  watch.close();
});

test.serial('V8 is told what each handle holds, and what it no longer holds', async (t) => {
  await decodeOnce(); // what V8 keeps of a first time
  const start = await external();
  const told = async () => (await external()) - start;

  const model = await addon.loadModel(await resolveModel(), token());
  t.is(await told(), model.byteSize);
  const state = await model.createState();
  t.is(await told(), model.byteSize + state.byteSize);

  const planner = await open();
  const chunk = await planner.next(token());
  if (!chunk) throw new Error('there is a chunk');
  const samples = (chunk.end - chunk.begin) * 4;
  t.is(await told(), model.byteSize + state.byteSize + samples);
  const fresh = state.byteSize;
  await state.decode(chunk, { ...OPTIONS, beamSize: 5 }, token());
  t.true(state.byteSize > fresh + 10 * MiB);
  t.is(await told(), model.byteSize + state.byteSize + samples, 'what a decode adds is told, too');
  chunk.release();
  await planner.close();
  t.is(await told(), model.byteSize + state.byteSize);

  const weights = model.byteSize;
  const closing = model.close(); // the state still uses it
  await sleep(30);
  t.is(await told(), weights + state.byteSize, 'what is not gone is not taken back');
  await state.close();
  await closing;
  t.is(await told(), 0);
  await Promise.all([model.close(), state.close()]);
  t.is(await told(), 0, 'nothing is taken back twice');
});

test.serial('the nets that tell speakers apart, too', async (t) => {
  const paths = await resolveDiarizationModels();
  const start = await external();
  const told = async () => (await external()) - start;
  const diarizer = await addon.loadDiarizer(paths.segmentation, paths.embedding, token());
  t.true(diarizer.byteSize > 10e6);
  t.is(await told(), diarizer.byteSize);
  const diarization = await diarizer.open({ threads: 1, maxSpeakers: 0, channels: false, vadModel: '' });
  t.true(diarization.byteSize > 0);
  t.is(await told(), diarizer.byteSize + diarization.byteSize);
  await diarization.close();
  await diarizer.close();
  t.is(await told(), 0);
});

test.serial('what is dropped without close() is collected, and taken back', async (t) => {
  const start = await external();
  await (async () => {
    const model = await addon.loadModel(await resolveModel(), token());
    const state = await model.createState();
    const planner = await open();
    const chunk = await planner.next(token());
    t.is(addon.externalMemory() - start >= model.byteSize + state.byteSize, chunk !== null);
    await planner.close();
  })();
  for (let i = 0; i < 50 && Object.values(nativeBytes()).some((bytes) => bytes > 0); i++) await external();
  t.is(await external(), start);
});

const linux = process.platform === 'linux' ? test.serial : test.serial.skip;

linux('closing returns memory to the system by itself; a trim returns the rest', async (t) => {
  const anonymous = () => {
    const line = /^Anonymous:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/smaps_rollup', 'utf8'));
    return Number(line?.[1]) * 1024;
  };
  await decodeOnce(5);
  await addon.trimMemory();
  gc();
  const before = anonymous();
  for (let round = 0; round < 3; round++) {
    await decodeOnce(round % 2 ? 5 : 1);
    gc();
    const kept = anonymous() - before;
    t.true(kept < 8 * MiB, `round ${round}: ${Math.round(kept / 1024)} KB are kept of more than 90 MB`);
  }
  await addon.trimMemory();
  gc();
  t.true(anonymous() - before < 5 * MiB, `${anonymous() - before} bytes are kept after a trim`);
});
