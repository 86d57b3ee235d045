import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import test, { type ExecutionContext } from 'ava';
import { transcribe } from '../../lib/index.js';
import { childScript } from '../helpers/child.js';
import { assertIdle } from '../helpers/engine.js';
import { folder } from '../helpers/folder.js';
import { JFK, JFK_TEXT, random, rounds } from '../helpers/speech.js';
import { wordErrorRate } from '../helpers/wer.js';
import { STAGE_NAMES } from './children/stages.js';

const start = (times: number) => new Worker(childScript('worker'), { workerData: { times } });

async function reached(worker: Worker, moment: string): Promise<void> {
  for (;;) {
    const [message] = (await once(worker, 'message')) as [{ ready?: string }];
    if (message.ready === moment) return;
  }
}

async function text(worker: Worker): Promise<string> {
  for (;;) {
    const [message] = (await once(worker, 'message')) as [{ text?: string }];
    if (message.text !== undefined) return message.text;
  }
}

test.serial('terminate() in mid-job, many times: this process lives on, and nothing is left', async (t) => {
  const next = random(11);
  for (let round = 0; round < rounds(20, 100); round++) {
    const worker = start(6);
    const failed = once(worker, 'error').then(([error]) => t.fail(String(error)));
    failed.catch(() => {});
    await reached(worker, round % 3 === 0 ? 'loading' : 'decoding');
    await sleep(next() * 150);
    const began = performance.now();
    t.is(await worker.terminate(), 1);
    t.true(performance.now() - began < 3000, `round ${round}: ${performance.now() - began} ms`);
    assertIdle(t, `round ${round}`);
  }
  t.is(wordErrorRate(JFK_TEXT, (await transcribe(JFK)).text), 0, 'the engine still works here');
});

/** Resolves when the thread has reached its stage; rejects if it fails before. */
function startStage(
  t: ExecutionContext,
  stage: string,
  end?: string,
): { worker: Worker; reached: Promise<unknown>; over: Promise<number> } {
  const env = { ...process.env, HEARKEN_DATA_DIR: folder(t) };
  const worker = new Worker(childScript('stage-worker'), { workerData: { stage, end }, stderr: true, env });
  const over = new Promise<number>((resolve) => worker.once('exit', resolve));
  return { worker, reached: once(worker, 'message'), over };
}

test.serial('terminate() at each stage of life', async (t) => {
  const next = random(29);
  const all = STAGE_NAMES.length;
  for (let round = 0; round < rounds(all, 100); round++) {
    const stage = STAGE_NAMES[round % all] as string;
    const { worker, reached } = startStage(t, stage);
    await reached;
    const delay = Math.round(next() ** 2 * 150);
    await sleep(delay);
    const began = performance.now();
    t.is(await worker.terminate(), 1);
    const took = performance.now() - began;
    t.true(took < 3000, `${stage} +${delay} ms: ${took} ms`);
    assertIdle(t, `${stage} +${delay} ms, round ${round}`);
  }
});

test.serial('several worker_threads, terminated while others of them work', async (t) => {
  const next = random(31);
  for (let round = 0; round < rounds(1, 6); round++) {
    const threads = STAGE_NAMES.map((stage) => startStage(t, stage));
    await Promise.all(
      threads.map(async ({ worker, reached }) => {
        await reached;
        await sleep(next() * 300);
        t.is(await worker.terminate(), 1);
      }),
    );
    assertIdle(t, `round ${round}`);
  }
  t.is(wordErrorRate(JFK_TEXT, (await transcribe(JFK)).text), 0, 'the engine still works here');
});

test.serial('terminate() before anything was reached', async (t) => {
  for (let round = 0; round < rounds(4, 20); round++) {
    const { worker, reached, over } = startStage(t, 'transcribe');
    reached.catch(() => {});
    await sleep(20 * round);
    await worker.terminate();
    await over;
    assertIdle(t, `after ${20 * round} ms`);
  }
});

for (const [end, code] of [
  ['exit', 3],
  ['callback', 3],
  ['throw', 1],
] as const) {
  test.serial(`a worker_thread that ends itself in mid-job: ${end}`, async (t) => {
    const stages = ['load', 'decode', 'diarize', 'transcribe'];
    for (let round = 0; round < rounds(end === 'callback' ? 1 : 2, 8); round++) {
      const { worker, over } = startStage(t, stages[round % stages.length] as string, end);
      const errors: Error[] = [];
      worker.on('error', (error) => errors.push(error));
      t.is(await over, code);
      t.deepEqual(
        errors.map(({ message }) => message),
        end === 'throw' ? ['uncaught on purpose'] : [],
      );
      assertIdle(t, `${end}, round ${round}`);
    }
  });
}

test.serial('two worker_threads and the main thread transcribe at once', async (t) => {
  const workers = [start(0), start(0)];
  const exits = workers.map((worker) => once(worker, 'exit'));
  const texts = await Promise.all([...workers.map(text), transcribe(JFK).then((result) => result.text)]);
  for (const each of texts) t.is(wordErrorRate(JFK_TEXT, each), 0);
  t.deepEqual((await Promise.all(exits)).flat(), [0, 0], 'they end by themselves');
  assertIdle(t);
});
