import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import test from 'ava';
import { binding } from '../../lib/binding.js';
import { PipelineSession, type TranscribeEvent } from '../../lib/index.js';
import { childScript, runNode } from '../helpers/child.js';
import { assertIdle, rejects } from '../helpers/engine.js';
import { JFK, repeatedSpeech } from '../helpers/speech.js';

test.afterEach.always((t) => assertIdle(t));

const live = () => {
  const { liveModels, liveDiarizers, liveStates } = binding().counters();
  return { liveModels, liveDiarizers, liveStates };
};

test.serial('many files, several at once: models are loaded once, and all is gone at the end', async (t) => {
  {
    await using session = new PipelineSession({ maxWorkers: 1, chunkSizeSeconds: 10 });
    t.deepEqual(live(), { liveModels: 0, liveDiarizers: 0, liveStates: 0 });
    const first = await session.process(JFK);
    const after = { ...live() };
    t.deepEqual(after, { liveModels: 1, liveDiarizers: 1, liveStates: 1 });
    const more = await Promise.all([session.process(JFK), session.process(JFK, { diarize: false, words: false })]);
    t.deepEqual(more[0].toJSON(), first.toJSON());
    t.is(more[1].segments[0]?.words, undefined);
    t.deepEqual({ ...live(), liveStates: 0 }, { ...after, liveStates: 0 });
    const usage = session.usage();
    t.is(usage.leases, 0);
    t.is(usage.handles, 2);
    t.true(usage.native.weights > 40e6);
  }
  t.deepEqual(live(), { liveModels: 0, liveDiarizers: 0, liveStates: 0 });
});

test.serial('a file that fails harms no other, and what the block throws passes after all is freed', async (t) => {
  const error = new Error('mine');
  const block = async () => {
    await using session = new PipelineSession({ diarize: false });
    const [good, bad] = await Promise.allSettled([session.process(JFK), session.process('nowhere.wav')]);
    t.is(good.status, 'fulfilled');
    t.is((bad as PromiseRejectedResult).reason.code, 'ERR_AUDIO_NOT_FOUND');
    throw error;
  };
  t.is(await t.throwsAsync(block), error);
});

test.serial('close waits for what runs, and refuses what comes', async (t) => {
  const session = new PipelineSession({ diarize: false });
  const running = session.process(repeatedSpeech(2));
  const closed = session.close();
  await rejects(t, 'ERR_CLOSED', () => session.process(JFK));
  await closed;
  assertIdle(t);
  t.regex((await running).text, /country/);
  await session.close();
});

test.serial('closed in the loop over one of its jobs: neither waits for the other', async (t) => {
  const session = new PipelineSession({ diarize: false, chunkSizeSeconds: 5, maxSegmentLength: 1 });
  let segments = 0;
  for await (const event of session.process(repeatedSpeech(3))) {
    if (event.type === 'segment' && segments++ === 0) await session.close();
  }
  t.true(segments > 20, `${segments}`);
});

test.serial('options that make no sense are refused when the session is made', (t) => {
  t.throws(() => new PipelineSession({ maxWorkers: 0 }), { code: 'ERR_INVALID_ARG' });
  t.throws(() => new PipelineSession({ workers: 2 } as never), { code: 'ERR_INVALID_ARG' });
});

test.serial('a stream: bytes in, events out, and the whole at its end', async (t) => {
  await using session = new PipelineSession({ diarize: false });
  const stream = session.stream();
  const types: string[] = [];
  await pipeline(createReadStream(JFK), stream, async (events: AsyncIterable<TranscribeEvent>) => {
    for await (const { type } of events) types.push(type);
  });
  t.regex((await stream.result).text, /country/);
  t.true(types.includes('segment'));
  t.is(types.at(-1), 'done');

  const broken = session.stream();
  await t.throwsAsync(
    pipeline([Buffer.from('this is no audio')], broken, async (events: AsyncIterable<TranscribeEvent>) => {
      for await (const _ of events);
    }),
    { code: 'ERR_AUDIO_FORMAT' },
  );

  const left = session.stream();
  left.on('error', () => {});
  createReadStream(JFK).pipe(left);
  left.destroy();
  await t.throwsAsync(left.result, { code: 'ERR_ABORTED' });
});

test.serial('SIGINT ends the jobs, frees all, and then the process as it would have', async (t) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const ended = await runNode([childScript('session')], { onGo: (pid) => process.kill(pid, signal) });
    t.is(ended.signal, signal, JSON.stringify(ended));
    t.regex(ended.stdout, new RegExp(`ERR_ABORTED: .*${signal}`));
    t.regex(ended.stdout, /native bytes: 0/);
  }
});
