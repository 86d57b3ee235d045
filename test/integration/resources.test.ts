import test from 'ava';
import { binding } from '../../lib/binding.js';
import {
  cleanupResources,
  loadWhisperModel,
  type MemorySample,
  ResourceManager,
  resources,
  setMemoryLimit,
  transcribe,
  transcribeChunked,
} from '../../lib/index.js';
import { assertEnded, runNode } from '../helpers/child.js';
import { assertIdle, nativeBytes, rejects } from '../helpers/engine.js';
import { JFK, repeatedSpeech } from '../helpers/speech.js';

// One after the other: memory is the process's.

const MB = 2 ** 20;

test.afterEach.always(async (t) => {
  setMemoryLimit(0);
  resources.idleTimeoutMs = 0;
  await cleanupResources();
  assertIdle(t);
});

test.serial('a lease is a share: one model, loaded once, gone when nobody has it', async (t) => {
  await using manager = new ResourceManager();
  const events: string[] = [];
  manager.on('acquired', ({ leases }) => events.push(`acquired ${leases}`));
  manager.on('released', ({ leases }) => events.push(`released ${leases}`));
  manager.on('evicted', ({ bytes, reason }) => events.push(`evicted ${Math.round(bytes / MB)} ${reason}`));
  const [a, b] = await Promise.all([
    manager.acquire({ kind: 'whisper' }),
    manager.acquire({ kind: 'whisper', model: 'tiny.en' }),
  ]);
  t.is(a.handle, b.handle);
  t.is(binding().counters().liveModels, 1);
  t.is(manager.usage().leases, 2);
  t.is(manager.usage().handles, 1);
  await rejects(t, 'ERR_INVALID_ARG', () => a.handle.close());
  await a.release();
  const { text } = await transcribe(JFK, { model: b.handle, diarize: false });
  t.regex(text, /ask what you can do/);
  await b.release();
  t.is(manager.usage().handles, 1);
  const held = nativeBytes();
  const { freedBytes, freed, errors } = await manager.cleanup();
  t.is(freedBytes, (held.weights ?? 0) + (held.states ?? 0));
  t.is(freed, 2); // the model, and the worker of its job
  t.deepEqual(errors, []);
  t.deepEqual(events, [
    'acquired 2',
    'acquired 2',
    'released 1',
    'released 0',
    `evicted ${Math.round((held.weights ?? 0) / MB)} cleanup`,
  ]);
});

test.serial('jobs without a handle share what stays of the one before: models and workers', async (t) => {
  resources.idleTimeoutMs = 60_000;
  await transcribe(JFK, { maxWorkers: 1 });
  const { liveModels, liveDiarizers, liveStates } = binding().counters();
  t.deepEqual({ liveModels, liveDiarizers, liveStates }, { liveModels: 1, liveDiarizers: 1, liveStates: 1 });
  const held = resources.usage().native.total;
  const first = await transcribe(JFK, { maxWorkers: 1 });
  t.is(resources.usage().native.total, held);
  t.is(first.receipt.evictions, 0);
  const before = process.memoryUsage.rss();
  const { freedBytes, rssAfter } = await cleanupResources();
  t.is(freedBytes, held);
  t.is(resources.usage().native.total, 0);
  t.true(rssAfter < before - 0.8 * freedBytes, `${before} → ${rssAfter}, freed ${freedBytes}`);
});

test.serial('what is idle keeps no process alive, and goes after its time', async (t) => {
  resources.idleTimeoutMs = 200;
  await transcribe(JFK, { diarize: false });
  t.is(binding().counters().liveModels, 1);
  await new Promise((resolve) => setTimeout(resolve, 600));
  t.is(binding().counters().liveModels, 0);
  const library = new URL('../../lib/index.js', import.meta.url).href;
  const script = `const { transcribe } = await import('${library}'); await transcribe('${JFK}', { diarize: false });`;
  assertEnded(t, await runNode(['--input-type=module', '-e', script], { limit: 30 }), 0, 'a job at its end');
});

test.serial('cleanup callbacks: one that throws stops nothing', async (t) => {
  const called: string[] = [];
  const error = new Error('mine');
  const stops = [
    resources.onCleanup(() => called.push('a')),
    resources.onCleanup(() => {
      throw error;
    }),
    resources.onCleanup(async () => Promise.reject(error)),
    resources.onCleanup(() => called.push('b')),
  ];
  resources.idleTimeoutMs = 60_000;
  await transcribe(JFK, { diarize: false });
  const { errors, freedBytes } = await cleanupResources();
  t.deepEqual(errors, [error, error]);
  t.deepEqual(called, ['a', 'b']);
  t.true(freedBytes > 0);
  for (const stop of stops) stop();
  t.deepEqual((await cleanupResources()).errors, []);
});

test.serial('wrong specs and options are refused', async (t) => {
  const manager = new ResourceManager();
  for (const spec of [
    undefined,
    null,
    'tiny.en',
    {},
    { kind: 'model' },
    { kind: 'diarizer', path: 'x' },
    { kind: 'whisper', modle: 'x' },
  ]) {
    await rejects(t, 'ERR_INVALID_ARG', () => manager.acquire(spec as never));
  }
  await rejects(t, 'ERR_MODEL_NOT_FOUND', () => manager.acquire({ kind: 'whisper', model: './nowhere.bin' }));
  t.throws(() => new ResourceManager({ idleTimeoutMs: -1 }), { code: 'ERR_INVALID_ARG' });
  t.throws(() => new ResourceManager({ idle: 5 } as never), { code: 'ERR_INVALID_ARG' });
  for (const limit of [-1, Number.NaN, '512', Number.POSITIVE_INFINITY]) {
    t.throws(() => setMemoryLimit(limit as number), { code: 'ERR_INVALID_ARG' });
  }
  const signal = AbortSignal.abort(new Error('no'));
  await rejects(t, 'ERR_ABORTED', () => manager.acquire({ kind: 'diarizer' }, { signal }));
});

test.serial('what does not fit is refused before a byte is allocated, with the right numbers', async (t) => {
  const rss = process.memoryUsage.rss();
  setMemoryLimit(rss / MB + 60);
  const watch = new (binding().MemoryWatch)();
  const error = await rejects(t, 'ERR_MEMORY_LIMIT', () => transcribe(JFK));
  t.true(watch.read().peak.total < MB, 'nothing was loaded');
  watch.close();
  const { memory } = error;
  t.is(memory?.limitBytes, Math.round(rss + 60 * MB));
  t.true((memory?.neededBytes ?? 0) > 130 * MB && (memory?.neededBytes ?? 0) < 200 * MB, `${memory?.neededBytes}`);
  // What it says would fit does.
  setMemoryLimit(Math.ceil((memory?.fittingLimitBytes ?? 0) / MB) + 1);
  const { receipt } = await transcribe(JFK);
  t.is(receipt.workers, 1);
  t.true(receipt.rssPeak <= receipt.limit * 1.05, `${receipt.rssPeak / MB} of ${receipt.limit / MB} MB`);
  await rejects(t, 'ERR_MEMORY_LIMIT', () => transcribe(JFK, { chunkSizeSeconds: 600 }));
});

test.serial('less memory means fewer workers, and the same text', async (t) => {
  const audio = repeatedSpeech(6);
  const options = { diarize: false, chunkSizeSeconds: 12, maxWorkers: 4 };
  const free = await transcribe(audio, options);
  t.is(free.receipt.workers, 4);
  t.is(free.receipt.limit, 0);
  setMemoryLimit(process.memoryUsage.rss() / MB + 45 + 2 * 75 + 30);
  const tight = await transcribe(audio, options);
  t.true(tight.receipt.workers >= 1 && tight.receipt.workers < 4, `${tight.receipt.workers} workers`);
  t.true(tight.receipt.rssPeak <= tight.receipt.limit * 1.05);
  t.deepEqual(tight.toJSON(), free.toJSON());
});

test.serial('a lower limit reaches a job that runs: at the next chunk it has fewer workers', async (t) => {
  const audio = repeatedSpeech(12);
  const workers: number[] = [];
  let lowered = false;
  const job = transcribeChunked(audio, {
    diarize: false,
    chunkSizeSeconds: 6,
    maxWorkers: 3,
    onMemory: ({ workers: now }) => workers.push(now),
  });
  const pressures: number[] = [];
  const listener = ({ workers: now }: { workers: number }) => pressures.push(now);
  resources.on('pressure', listener);
  for await (const event of job) {
    if (event.type !== 'segment' || lowered) continue;
    lowered = true;
    setMemoryLimit(100);
  }
  resources.off('pressure', listener);
  const { receipt } = await job;
  t.is(receipt.workers, 3);
  t.true(pressures.includes(1), `${pressures}`);
  t.is(workers.at(-1), 1);
});

test.serial('a job started while the events of another are read: they do not wait for each other', async (t) => {
  const options = { diarize: false, chunkSizeSeconds: 5, maxWorkers: 1, maxSegmentLength: 1 };
  setMemoryLimit(process.memoryUsage.rss() / MB + 30 + 45 + 90);
  const inner: string[] = [];
  for await (const event of transcribeChunked(repeatedSpeech(8), options)) {
    if (event.type !== 'segment' || inner.length > 0) continue;
    inner.push((await transcribe(JFK, { ...options, model: 'tiny.en' })).text);
  }
  t.regex(inner.join(), /country/);
});

test.serial('jobs that do not fit together run one after the other; a signal ends the wait', async (t) => {
  const audio = repeatedSpeech(2);
  const options = { diarize: false, maxWorkers: 1, chunkSizeSeconds: 10 };
  setMemoryLimit(process.memoryUsage.rss() / MB + 30 + 45 + 90);
  const controller = new AbortController();
  const jobs = [1, 2, 3].map(() => transcribe(audio, options));
  const stopped = transcribe(audio, { ...options, signal: controller.signal });
  setTimeout(() => controller.abort(new Error('tired')), 100);
  const error = await rejects(t, 'ERR_ABORTED', () => stopped);
  t.is((error.cause as Error).message, 'tired');
  const results = await Promise.all(jobs);
  t.is(new Set(results.map(({ text }) => text)).size, 1);
  for (const { receipt } of results) {
    t.true(receipt.rssPeak <= receipt.limit * 1.05, `${receipt.rssPeak / MB} of ${receipt.limit / MB} MB`);
  }
});

test.serial('a model loaded by hand is admitted, too, and idle ones make room for it', async (t) => {
  resources.idleTimeoutMs = 60_000;
  await transcribe(JFK, { maxWorkers: 1 });
  setMemoryLimit(process.memoryUsage.rss() / MB + 10);
  await using model = await loadWhisperModel();
  t.true(model.byteSize > 0);
  t.is(binding().counters().liveStates, 0);
  setMemoryLimit(50);
  await rejects(t, 'ERR_MEMORY_LIMIT', () => loadWhisperModel());
});

test.serial('the receipt, and the samples of onMemory', async (t) => {
  const samples: MemorySample[] = [];
  const result = await transcribe(repeatedSpeech(2), { maxWorkers: 2, onMemory: (sample) => samples.push(sample) });
  const { receipt } = result;
  t.true(receipt.rssPeak >= receipt.rssBefore && receipt.rssPeak >= receipt.rssAfter);
  const { weights, states, audio, diarization, total } = receipt.nativePeak;
  t.true(weights > 40 * MB && states > 50 * MB && diarization > 50 * MB && audio > 0);
  t.true(total <= weights + states + audio + diarization && total > weights + states);
  t.is(receipt.audioSeconds, result.duration);
  t.true(receipt.cpuSeconds > 0 && receipt.wallSeconds > 0);
  t.true(samples.length > 1);
  t.deepEqual(
    samples.map(({ seconds }) => seconds),
    samples.map(({ seconds }) => seconds).sort((a, b) => a - b),
  );
  for (const sample of samples) t.true(sample.rss <= receipt.rssPeak);
  t.false('receipt' in JSON.parse(JSON.stringify(result)));
  const error = new Error('mine');
  const failing = transcribe(repeatedSpeech(2), {
    onMemory: () => {
      throw error;
    },
  });
  t.is(await t.throwsAsync(failing), error);
});

test.serial('a stopped job has its receipt, too', async (t) => {
  const job = transcribeChunked(repeatedSpeech(6), { chunkSizeSeconds: 6, maxWorkers: 1, diarize: false });
  const error = await rejects(t, 'ERR_ABORTED', async () => {
    for await (const event of job) if (event.type === 'segment') job.abort();
  });
  const receipt = error.partial?.receipt;
  t.true((receipt?.audioSeconds ?? 0) > 0 && (receipt?.audioSeconds ?? 0) < 66);
  t.is(receipt?.workers, 1);
});

const LIBRARY = new URL('../../lib/index.js', import.meta.url).href;

test.serial(
  'a handle whose lease is released is held by the job that has it: a cleanup does not wait for it',
  async (t) => {
    await using manager = new ResourceManager();
    const lease = await manager.acquire({ kind: 'whisper' });
    const job = transcribeChunked(repeatedSpeech(6), { model: lease.handle, diarize: false, chunkSizeSeconds: 5 });
    await lease.release();
    t.is(manager.usage().leases, 0);
    let freed: number | undefined;
    for await (const event of job) if (event.type === 'segment') freed ??= (await manager.cleanup()).freed;
    t.is(freed, 0);
    t.regex((await job).text, /country/);
    t.is((await manager.cleanup()).freed > 0, true);
  },
);

test.serial('what a listener throws harms no lease', async (t) => {
  await using manager = new ResourceManager();
  const thrown: unknown[] = [];
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => thrown.push(error));
  try {
    const error = new Error('mine');
    for (const name of ['acquired', 'released', 'evicted'] as const) {
      manager.on(name, () => {
        throw error;
      });
    }
    await (await manager.acquire({ kind: 'whisper' })).release();
    t.is(manager.usage().leases, 0);
    t.is((await manager.cleanup()).freed, 1);
    await new Promise((resolve) => setImmediate(resolve));
    t.deepEqual(thrown, [error, error, error]);
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of listeners) process.on('uncaughtException', listener);
  }
});

test.serial('HEARKEN_MEMORY_LIMIT is the limit of a process that sets none; a wrong one is told', async (t) => {
  const script = `
    const { resources, transcribe } = await import('${LIBRARY}');
    const error = await transcribe('${JFK}').then(() => undefined, (e) => e);
    console.log(error?.code, error?.message);
    if (error?.code !== 'ERR_INVALID_ARG') console.log(resources.usage().limit / 2 ** 20);
  `;
  const run = (limit: string) =>
    runNode(['--input-type=module', '-e', script], { env: { HEARKEN_MEMORY_LIMIT: limit } });
  const tight = await run('100');
  assertEnded(t, tight, 0, 'a limit of 100 MB');
  t.regex(tight.stdout, /^ERR_MEMORY_LIMIT .*limit of 100 MB.*\n100\n/);
  t.regex((await run('none')).stdout, /^ERR_INVALID_ARG HEARKEN_MEMORY_LIMIT must be a number of megabytes.*none/);
});

test.serial('a lease that is forgotten is taken back, with one warning that tells where it was acquired', async (t) => {
  const script = `
    const { ResourceManager } = await import('${LIBRARY}');
    const manager = new ResourceManager({ idleTimeoutMs: 0 });
    process.on('warning', ({ code, message }) => console.log(code, message.includes('forget'), manager.usage().leases));
    async function forget() { await manager.acquire({ kind: 'whisper' }); }
    await forget();
    for (let i = 0; i < 50 && manager.usage().native.total > 0; i++) {
      globalThis.gc();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    console.log(manager.usage().native.total);
  `;
  const args = ['--expose-gc', '--no-warnings', '--input-type=module', '-e', script];
  const ended = await runNode(args, { env: { HEARKEN_DEBUG: '1' } });
  assertEnded(t, ended, 0, 'a forgotten lease');
  t.is(ended.stdout, 'HEARKEN_LEASE_LOST true 0\n0\n');
});
