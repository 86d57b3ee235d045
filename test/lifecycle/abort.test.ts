import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { binding } from '../../lib/binding.js';
import { HearkenError, loadWhisperModel, transcribe, transcribeChunked } from '../../lib/index.js';
import { assertIdle, assertSound, rejects } from '../helpers/engine.js';
import { RATE, random, repeatedSpeech, rounds } from '../helpers/speech.js';

// Measured on a quiet machine: some tens of milliseconds (npm run bench -- abort). Here only that it is not a whole window.
const BOUND_MS = 2000;

test.afterEach.always((t) => assertIdle(t));

test.serial('an aborted signal: nothing is opened', async (t) => {
  const before = binding().counters();
  const reason = new Error('changed my mind');
  const error = await rejects(t, 'ERR_ABORTED', () =>
    transcribe('/no/such/file', { signal: AbortSignal.abort(reason) }),
  );
  t.is(error.cause, reason);
  t.is(error.partial, undefined);
  await rejects(t, 'ERR_ABORTED', () => loadWhisperModel('/no/such/model', { signal: AbortSignal.abort() }));
  t.deepEqual(binding().counters(), before);
});

test.serial('abort at random moments: ERR_ABORTED soon, what was finished is kept, nothing is left', async (t) => {
  const next = random(5);
  const audio = repeatedSpeech(5);
  const seen = { before: 0, partial: 0, segments: 0 };
  for (let round = 0; round < rounds(12, 100); round++) {
    const controller = new AbortController();
    const delay = next() ** 2 * 4000; // many early ones: load, open, plan
    const job = transcribe(audio, { signal: controller.signal, chunkSizeSeconds: 12, maxWorkers: 1 + (round % 3) });
    let at = 0;
    const timer = setTimeout(() => {
      at = performance.now();
      controller.abort();
    }, delay);
    const outcome = await job.then(
      () => undefined,
      (error: unknown) => error,
    );
    const took = performance.now() - at;
    assertIdle(t, `round ${round}, aborted after ${Math.round(delay)} ms`);
    clearTimeout(timer);
    if (outcome === undefined) continue; // a fast machine was done before
    t.true(outcome instanceof HearkenError);
    const { code, partial } = outcome as HearkenError;
    t.is(code, 'ERR_ABORTED');
    t.true(took < BOUND_MS, `${took} ms to the end`);
    if (!partial) {
      seen.before++;
      continue;
    }
    seen.partial++;
    seen.segments += partial.segments.length;
    assertSound(t, partial, { start: 0, end: Math.round((audio.length / RATE) * 1000) / 1000 });
    t.is(partial.coverage.at(-1)?.status, 'aborted');
    for (const segment of partial.segments) t.true(segment.end <= (partial.coverage.at(-1)?.start ?? 0) + 0.001);
  }
  t.log(JSON.stringify(seen));
  t.true(seen.before > 0 && seen.partial > 0, JSON.stringify(seen));
});

test.serial('abort while a reader that paused is not reading', async (t) => {
  const controller = new AbortController();
  const job = transcribeChunked(repeatedSpeech(4), {
    signal: controller.signal,
    chunkSizeSeconds: 12,
    maxSegmentLength: 1, // a segment a word: more events than may wait
  });
  const iterator = job[Symbol.asyncIterator]();
  await iterator.next();
  const { encodes } = binding().counters();
  while (binding().counters().encodes === encodes) await sleep(10);
  await sleep(100);
  const at = performance.now();
  controller.abort();
  const error = await rejects(t, 'ERR_ABORTED', () => job);
  t.true(performance.now() - at < BOUND_MS);
  t.is(error.partial?.coverage.at(-1)?.status, 'aborted');
});

test.serial('a model load that is aborted frees what it read, again and again', async (t) => {
  const next = random(3);
  const before = process.memoryUsage.rss();
  for (let round = 0; round < rounds(30, 200); round++) {
    const controller = new AbortController();
    const load = loadWhisperModel(undefined, { signal: controller.signal });
    setTimeout(() => controller.abort(), next() * 60);
    await load.then(
      (model) => model.close(),
      (error) => t.is(error.code, 'ERR_ABORTED'),
    );
    assertIdle(t);
  }
  const grown = (process.memoryUsage.rss() - before) / 2 ** 20;
  t.true(grown < 100, `grew by ${Math.round(grown)} MB; one leaked model is 43`);
});

test.serial('abort() of the job and two jobs with one signal', async (t) => {
  const controller = new AbortController();
  const audio = repeatedSpeech(3);
  const jobs = [1, 2].map(() => transcribe(audio, { signal: controller.signal, maxWorkers: 1 }));
  await sleep(300);
  controller.abort(new Error('both'));
  for (const job of jobs) t.is(((await rejects(t, 'ERR_ABORTED', () => job)).cause as Error).message, 'both');
});
