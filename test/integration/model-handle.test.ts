import test from 'ava';
import { loadWhisperModel, transcribe, transcribeChunked } from '../../lib/index.js';
import { assertIdle, nativeBytes, rejects } from '../helpers/engine.js';
import { JFK, JFK_TEXT, jfkSamples, RATE, repeatedSpeech } from '../helpers/speech.js';
import { wordErrorRate } from '../helpers/wer.js';

// A loaded model: shared by jobs, and closed at any moment. Serial: each test looks at what is left of the whole process.

test.afterEach.always((t) => assertIdle(t));

test.serial('one handle serves two jobs at once; two handles, too', async (t) => {
  const expected = JSON.stringify(await transcribe(JFK));
  const one = await loadWhisperModel();
  t.true(one.byteSize > 40e6 && one.type === 'tiny' && !one.multilingual && one.quantization === 'q8_0' && !one.closed);
  const weights = nativeBytes().weights ?? 0;
  const both = await Promise.all([transcribe(JFK, { model: one }), transcribe(JFK, { model: one })]);
  t.is(nativeBytes().weights, weights, 'the jobs load nothing of their own');
  for (const result of both) t.is(JSON.stringify(result), expected);
  t.is(nativeBytes().states, 0, 'workers go with their job');

  const other = await loadWhisperModel('tiny.en');
  t.is(nativeBytes().weights, 2 * weights);
  const pair = await Promise.all([transcribe(JFK, { model: one }), transcribe(JFK, { model: other })]);
  for (const result of pair) t.is(JSON.stringify(result), expected);
  await one.close();
  t.is(nativeBytes().weights, weights);
  t.is(one.byteSize, 0);
  t.is(JSON.stringify(await transcribe(JFK, { model: other })), expected, 'the other one is not concerned');
  await other[Symbol.asyncDispose]();
});

test.serial('close() during a job lets it finish, and resolves when the memory is gone', async (t) => {
  const model = await loadWhisperModel();
  const audio = repeatedSpeech(2);
  const job = transcribeChunked(audio, { model, chunkSizeSeconds: 12, maxWorkers: 2 });
  let closing: Promise<void> | undefined;
  for await (const event of job) {
    closing ??= model.close();
    t.true(model.closed);
    if (event.type === 'segment') await rejects(t, 'ERR_CLOSED', () => transcribe(JFK, { model }));
  }
  const result = await job;
  await closing;
  assertIdle(t, 'after close()');
  t.is(wordErrorRate(`${JFK_TEXT} ${JFK_TEXT}`, result.text), 0);
  await model.close(); // idempotent
  await rejects(t, 'ERR_CLOSED', () => transcribe(JFK, { model }));
});

test.serial('close() while a job has only begun', async (t) => {
  const model = await loadWhisperModel();
  const job = transcribe(JFK, { model });
  await Promise.resolve();
  await Promise.all([model.close(), model.close()]);
  assertIdle(t);
  const outcome = await job.then(
    (result) => wordErrorRate(JFK_TEXT, result.text),
    (error) => error.code,
  );
  t.is(outcome, 0, 'a job that was accepted is done');
});

test.serial('abort() behind close() frees at once', async (t) => {
  const model = await loadWhisperModel();
  const job = transcribeChunked(repeatedSpeech(6), { model });
  const closing = new Promise((resolve) => setTimeout(resolve, 300)).then(() => {
    const closed = model.close();
    job.abort();
    return closed;
  });
  await rejects(t, 'ERR_ABORTED', () => job);
  await closing;
  assertIdle(t);
});

test.serial('asyncDispose, as `await using` calls it', async (t) => {
  let outer: { closed: boolean } | undefined;
  {
    await using model = await loadWhisperModel();
    outer = model;
    t.is((await transcribe(jfkSamples().subarray(0, 4 * RATE), { model })).language, 'en');
  }
  t.true(outer.closed);
  assertIdle(t);
});

test.serial('loading refuses options that are none', async (t) => {
  for (const options of [null, 5, { signal: {} }, { toString: true }, { ofline: true }]) {
    await rejects(t, 'ERR_INVALID_ARG', () => loadWhisperModel(undefined, options as never), JSON.stringify(options));
  }
});
