import { getEventListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { HearkenError } from '../../lib/errors.js';
import { type Emit, type Reins, startJob } from '../../lib/pipeline/job.js';
import type { TranscribeEvent, TranscriptionResult } from '../../lib/types.js';

const RESULT = { text: 'done' } as TranscriptionResult;
const event = (id: number): TranscribeEvent => ({ type: 'segment', segment: { id } as never });
const ids = (events: TranscribeEvent[]) => events.map((e) => (e.type === 'segment' ? e.segment.id : e.type));

/** A job that emits `count` events as fast as it may, and says how far it came. */
function producer(count: number, signal?: AbortSignal) {
  const seen = { emitted: 0, aborted: false };
  const job = startJob<TranscribeEvent, TranscriptionResult>(
    signal,
    async (emit: Emit<TranscribeEvent>, { signal: stop }: Reins) => {
      for (let i = 0; i < count; i++) {
        if (stop.aborted) {
          seen.aborted = true;
          throw new HearkenError('ERR_ABORTED', 'stopped');
        }
        seen.emitted++;
        await emit(event(i));
      }
      await emit({ type: 'done', result: RESULT });
      return RESULT;
    },
  );
  return { job, seen };
}

async function collect(job: AsyncIterable<TranscribeEvent>): Promise<TranscribeEvent[]> {
  const all: TranscribeEvent[] = [];
  for await (const e of job) all.push(e);
  return all;
}

test('awaited only: nobody reads, nothing waits', async (t) => {
  const { job, seen } = producer(1000);
  t.is(await job, RESULT);
  t.is(seen.emitted, 1000);
});

test('iterated: every event in order, then the end; the promise has the result, too', async (t) => {
  const { job } = producer(100);
  t.deepEqual(ids(await collect(job)), [...Array(100).keys(), 'done']);
  t.is(await job, RESULT);
});

test('two readers get every event', async (t) => {
  const { job } = producer(50);
  const [a, b] = await Promise.all([collect(job), collect(job)]);
  t.deepEqual(ids(a), [...Array(50).keys(), 'done']);
  t.deepEqual(ids(b), ids(a));
});

test('a reader that stops reading stops the producer, and it goes on when it reads again', async (t) => {
  const { job, seen } = producer(1000);
  const iterator = job[Symbol.asyncIterator]();
  await iterator.next();
  await sleep(20);
  const stood = seen.emitted;
  t.true(stood < 40, `${stood} events ahead of the reader`);
  await sleep(20);
  t.is(seen.emitted, stood);
  for (let i = 0; i < 100; i++) await iterator.next();
  await sleep(20);
  t.true(seen.emitted >= 100 && seen.emitted < 140, `${seen.emitted}`);
  await iterator.return?.();
  await t.throwsAsync(job, { code: 'ERR_ABORTED' });
});

test('leaving the loop aborts, and the code behind it runs when the job has ended', async (t) => {
  let ended = false;
  const job = startJob<TranscribeEvent, TranscriptionResult>(undefined, async (emit, { signal: stop }) => {
    for (let i = 0; !stop.aborted; i++) await (emit(event(i)) ?? sleep(1));
    await sleep(30); // what a job takes to wind up
    ended = true;
    throw new HearkenError('ERR_ABORTED', 'stopped');
  });
  for await (const e of job) if (e.type === 'segment' && e.segment.id === 3) break;
  t.true(ended);
  await t.throwsAsync(job, { code: 'ERR_ABORTED' });
});

test('leaving one of two loops aborts nothing', async (t) => {
  const { job } = producer(60);
  const whole = collect(job);
  for await (const _ of job) break;
  t.is((await whole).length, 61);
  t.is(await job, RESULT);
});

test('leaving at the last event aborts nothing', async (t) => {
  const { job } = producer(3);
  for await (const e of job) if (e.type === 'done') break;
  t.is(await job, RESULT);
});

test('an error reaches the promise and every reader, once, behind the events before it', async (t) => {
  const job = startJob<TranscribeEvent, TranscriptionResult>(undefined, async (emit) => {
    await emit(event(0));
    throw new HearkenError('ERR_DECODE', 'broken');
  });
  const iterator = job[Symbol.asyncIterator]();
  const late = job[Symbol.asyncIterator]();
  t.is((await iterator.next()).done, false);
  await t.throwsAsync(async () => iterator.next(), { code: 'ERR_DECODE' });
  t.is((await iterator.next()).done, true);
  t.is((await late.next()).done, false);
  await t.throwsAsync(async () => late.next(), { code: 'ERR_DECODE' });
  await t.throwsAsync(job, { code: 'ERR_DECODE' });
  await t.throwsAsync(collect(job), { code: 'ERR_DECODE' }, 'an iterator made afterwards');
});

test('iterators made at any moment around the end come to an end', async (t) => {
  for (let ticks = 0; ticks < 20; ticks++) {
    const { job } = producer(0);
    for (let i = 0; i < ticks; i++) await Promise.resolve();
    const all = await Promise.race([collect(job), sleep(1000, 'hangs')]);
    t.not(all, 'hangs', `made after ${ticks} ticks`);
  }
  const { job } = producer(2);
  await collect(job);
  t.deepEqual(await Promise.race([collect(job), sleep(1000, 'hangs')]), []);
});

test('a signal, aborted before or during, reaches the job with its reason', async (t) => {
  const reason = new Error('why');
  const given: unknown[] = [];
  const run = (_: Emit<TranscribeEvent>, { signal: stop }: Reins) =>
    new Promise<TranscriptionResult>((_resolve, reject) => {
      const end = () => {
        given.push(stop.reason);
        reject(new HearkenError('ERR_ABORTED', 'stopped'));
      };
      if (stop.aborted) end();
      else stop.addEventListener('abort', end);
    });
  await t.throwsAsync(startJob<TranscribeEvent, TranscriptionResult>(AbortSignal.abort(reason), run), {
    code: 'ERR_ABORTED',
  });
  const controller = new AbortController();
  const job = startJob<TranscribeEvent, TranscriptionResult>(controller.signal, run);
  setTimeout(() => controller.abort(reason), 5);
  await t.throwsAsync(job, { code: 'ERR_ABORTED' });
  const own = startJob<TranscribeEvent, TranscriptionResult>(undefined, run);
  own.abort(reason);
  await t.throwsAsync(own, { code: 'ERR_ABORTED' });
  t.deepEqual(given, [reason, reason, reason]);
});

test('a stopped job waits for no reader', async (t) => {
  const { job, seen } = producer(1000);
  const iterator = job[Symbol.asyncIterator]();
  await iterator.next();
  await sleep(10);
  job.abort();
  await t.throwsAsync(Promise.race([job, sleep(1000)]), { code: 'ERR_ABORTED' });
  t.true(seen.aborted);
});

test('a signal that outlives many jobs keeps nothing of them', async (t) => {
  const { signal } = new AbortController();
  for (let i = 0; i < 5; i++) await producer(1, signal).job;
  t.is(getEventListeners(signal, 'abort').length, 0);
});
