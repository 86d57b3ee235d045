import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import test from 'ava';
import { transcribe } from '../../lib/index.js';
import { childScript } from '../helpers/child.js';
import { assertIdle } from '../helpers/engine.js';
import { JFK, JFK_TEXT, random, rounds } from '../helpers/speech.js';
import { wordErrorRate } from '../helpers/wer.js';

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

test.serial('two worker_threads and the main thread transcribe at once', async (t) => {
  const workers = [start(0), start(0)];
  const exits = workers.map((worker) => once(worker, 'exit'));
  const texts = await Promise.all([...workers.map(text), transcribe(JFK).then((result) => result.text)]);
  for (const each of texts) t.is(wordErrorRate(JFK_TEXT, each), 0);
  t.deepEqual((await Promise.all(exits)).flat(), [0, 0], 'they end by themselves');
  assertIdle(t);
});
