import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { binding } from '../../lib/binding.js';
import { loadWhisperModel, transcribe } from '../../lib/index.js';
import { resolveVadModel } from '../../lib/models/index.js';
import { DECODE_OPTIONS } from '../helpers/decode-options.js';
import { assertIdle, nativeBytes } from '../helpers/engine.js';
import { sharedPath, sharedTest } from '../helpers/shared.js';
import { JFK, RATE } from '../helpers/speech.js';

// No entry into the addon does long work on the JS thread. Turns of the event loop are counted while it works, and the
// longest time between two.

interface Watched<T> {
  value: T;
  turns: number;
  /** Milliseconds of wall time, and the most that one turn took. */
  wall: number;
  gap: number;
}

async function watch<T>(work: () => Promise<T>): Promise<Watched<T>> {
  let turns = 0;
  let gap = 0;
  let running = true;
  const began = performance.now();
  let last = began;
  const turn = () => {
    const now = performance.now();
    gap = Math.max(gap, now - last);
    turns++;
    // Not more than about one a millisecond: the watcher must not take the CPU from what it watches.
    last = performance.now();
    if (running) setTimeout(turn, 1);
  };
  setTimeout(turn, 1);
  const value = await work();
  running = false;
  const end = performance.now();
  return { value, turns, wall: end - began, gap: Math.max(gap, end - last) };
}

/** Generous: a loaded machine takes the CPU away for some tens of milliseconds. */
const MOST_MS = 150;
/** Work that is short as a whole must not be one turn: a model load takes a tenth of a second. */
const bound = (wall: number) => Math.min(MOST_MS, Math.max(50, wall / 3));

function assertResponsive(t: ExecutionContext, what: string, { turns, wall, gap }: Watched<unknown>): void {
  t.log(`${what}: ${Math.round(wall)} ms, ${turns} turns, longest ${gap.toFixed(1)} ms`);
  t.true(gap < bound(wall), `${what}: the event loop stood still for ${gap} ms`);
  t.true(turns >= Math.min(wall / 40, 2), `${what}: ${turns} turns in ${wall} ms`);
}

test.afterEach.always((t) => assertIdle(t));

test.serial('the watcher sees a call that blocks', async (t) => {
  const watched = await watch(async () => {
    await sleep(20);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);
  });
  t.true(watched.gap > MOST_MS);
});

test.serial('loading and closing a model, making and closing a worker, decoding', async (t) => {
  const loaded = await watch(() => loadWhisperModel());
  assertResponsive(t, 'load', loaded);
  assertResponsive(t, 'transcribe', await watch(() => transcribe(JFK, { model: loaded.value })));
  // Unmapped in moments: it may be over before the watcher's first turn.
  const close = async () => {
    await loaded.value.close();
    await sleep(20);
  };
  assertResponsive(t, 'close', await watch(close));
});

test.serial('each native call returns at once', async (t) => {
  const addon = binding();
  const cancel = new addon.CancelToken();
  let longest = 0;
  const timed = <T>(what: string, call: () => T): T => {
    const began = process.cpuUsage();
    const at = performance.now();
    const value = call();
    const took = performance.now() - at;
    longest = Math.max(longest, took);
    t.true(took < MOST_MS, `${what} took ${took} ms, CPU ${process.cpuUsage(began).user / 1000}`);
    return value;
  };
  const { path } = await (async () => {
    const model = await loadWhisperModel();
    await model.close();
    return model;
  })();
  await timed('inspectModel', () => addon.inspectModel(path));
  const model = await timed('loadModel', () => addon.loadModel(path, cancel));
  const state = await timed('createState', () => model.createState());
  const plan = { channel: -1, ffmpegPath: '', begin: 0, end: Number.POSITIVE_INFINITY, chunkSamples: 30 * RATE };
  const vadModel = await resolveVadModel();
  const planner = await timed('openPlanner', () => addon.openPlanner({ path: JFK }, { ...plan, vadModel }, cancel));
  const chunk = await timed('next', () => planner.next(cancel));
  if (!chunk) return t.fail();
  await timed('detectLanguage', () => state.detectLanguage(chunk, 1, cancel));
  await timed('decode', () => state.decode(chunk, DECODE_OPTIONS, cancel));
  timed('release', () => chunk.release());
  await timed('planner.close', () => planner.close());
  await timed('state.close', () => state.close());
  await timed('model.close', () => model.close());
  t.log(`the longest call took ${longest.toFixed(2)} ms`);
});

test.serial('a Uint8Array of 200 MB: copied in pieces, freed with the job', async (t) => {
  // A wav of an hour and three quarters of silence, of which one second is wanted.
  const samples = 100e6;
  const bytes = Buffer.alloc(44 + 2 * samples);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(36 + 2 * samples, 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  bytes.set(Uint8Array.from([16, 0, 0, 0, 1, 0, 1, 0, 0x80, 0x3e, 0, 0, 0, 0x7d, 0, 0, 2, 0, 16, 0]), 16);
  bytes.write('data', 36, 'latin1');
  bytes.writeUInt32LE(2 * samples, 40);
  let most = 0;
  const job = () =>
    transcribe(bytes, { endTime: 1, onProgress: () => (most = Math.max(most, nativeBytes().audio ?? 0)) });
  const watched = await watch(job);
  assertResponsive(t, '200 MB', watched);
  t.is(watched.value.duration, samples / RATE);
  t.true(most > 2 * samples, 'a copy was there');
  t.is(nativeBytes().audio, 0);
});

sharedTest.serial('audio/made/long_en.mp3', 'opening an hour of mp3 and a seek into it', async (t) => {
  const path = sharedPath('audio/made/long_en.mp3');
  const watched = await watch(() => transcribe(path, { startTime: 3000, endTime: 3003 }));
  assertResponsive(t, 'long mp3', watched);
  t.true(watched.value.duration > 3500);
});
