import { copyFileSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { binding } from '../../lib/binding.js';
import {
  cacheInfo,
  cancelJob,
  diarize,
  listJobs,
  PipelineSession,
  resumeJob,
  showJob,
  type TranscribeEvent,
  type TranscribeOptions,
  transcribe,
  transcribeChunked,
} from '../../lib/index.js';
import { assertIdle, rejects } from '../helpers/engine.js';
import { folder } from '../helpers/folder.js';
import { CONVERSATION, conversationSamples, JFK, RATE, repeatedSpeech } from '../helpers/speech.js';
import { writeWav } from '../helpers/wav.js';

test.afterEach.always((t) => assertIdle(t));

/** Options for short chunks, with a data folder of the test's own. */
function kept(t: ExecutionContext): TranscribeOptions {
  return { chunkSizeSeconds: 8, maxWorkers: 2, dataDir: folder(t), cache: true };
}

/** What a call has the engine compute. */
async function computed<T>(
  work: () => PromiseLike<T>,
): Promise<{ result: T; decodes: number; windows: number; voices: number }> {
  const before = binding().counters();
  const result = await work();
  const after = binding().counters();
  return {
    result,
    decodes: after.decodes - before.decodes,
    windows: after.segmented - before.segmented,
    voices: after.embedded - before.embedded,
  };
}

const NOTHING = { decodes: 0, windows: 0, voices: 0 };

test.serial('a second run computes nothing and gives the same bytes, events and all', async (t) => {
  const options = kept(t);
  const off = await computed(() => transcribe(CONVERSATION, { ...options, cache: false }));
  t.is((await cacheInfo({ dataDir: options.dataDir as string })).bytes, 0);
  const first = await computed(() => transcribe(CONVERSATION, options));
  t.is(first.decodes, off.decodes);
  t.true(first.decodes >= 4 && first.windows >= 4 && first.voices >= 4);
  t.is(first.result.format('json'), off.result.format('json'), 'keeping changes nothing');
  t.deepEqual([first.result.receipt.chunks, first.result.receipt.reusedChunks], [first.decodes, 0]);

  const events: TranscribeEvent[] = [];
  const { result, ...second } = await computed(async () => {
    const job = transcribeChunked(CONVERSATION, options);
    for await (const event of job) events.push(event);
    return job;
  });
  t.deepEqual(second, NOTHING);
  t.is(result.format('json'), off.result.format('json'));
  t.deepEqual([result.receipt.chunks, result.receipt.reusedChunks], [first.decodes, first.decodes]);
  const types = events.map(({ type }) => type).filter((type) => type !== 'progress');
  t.is(types[0], 'segment');
  t.deepEqual(types.slice(-2), ['speakers', 'done']);
  t.is(types.filter((type) => type === 'segment').length >= result.segments.length, true);
  const [job, ...others] = await listJobs({ dataDir: options.dataDir as string });
  t.is(others.length, 0, 'the same work is one job');
  t.is(job?.status, 'done');
  t.is(job?.source, CONVERSATION);
  t.deepEqual(job?.chunks, { done: first.decodes, planned: first.decodes });
  t.is(job?.processed, result.duration);
});

test.serial('the same bytes under another name, through a link, or in memory', async (t) => {
  const options = kept(t);
  const other = folder(t);
  const first = await transcribe(CONVERSATION, options);
  const copy = join(other, 'a name of its own.dat');
  copyFileSync(CONVERSATION, copy);
  const link = join(other, 'link.wav');
  symlinkSync(CONVERSATION, link);
  for (const audio of [copy, link, readFileSync(CONVERSATION)]) {
    const { result, ...again } = await computed(() => transcribe(audio, options));
    t.deepEqual(again, NOTHING, String(audio).slice(0, 60));
    t.is(result.format('json'), first.format('json'));
  }
  // Samples are not the bytes of a file: the chunks are the same all the same.
  const samples = await computed(() => transcribe(conversationSamples(), options));
  t.deepEqual([samples.decodes, samples.windows, samples.voices], [0, 0, 0]);
  t.is(samples.result.text, first.text);
});

test.serial('what changes the text is computed again, what does not is not', async (t) => {
  const options = kept(t);
  await transcribe(CONVERSATION, options);
  const run = (more: TranscribeOptions) => computed(() => transcribe(CONVERSATION, { ...options, ...more }));

  t.is((await run({ maxWorkers: 1, threads: 2 })).decodes, 0, 'workers and threads');
  const plain = await run({ words: false, diarize: false });
  t.deepEqual([plain.decodes, plain.windows], [0, 0]);
  t.is(plain.result.segments[0]?.words, undefined);
  t.is(plain.result.speakers, undefined);
  const two = await run({ numSpeakers: 2 });
  t.deepEqual([two.decodes, two.windows, two.voices], [0, 0, 0], 'speakers are told from the same windows');
  t.is(two.result.speakers?.length, 2);
  const part = await run({ endTime: 20 });
  t.true(part.decodes <= 1 && part.result.receipt.reusedChunks >= 2, `${part.decodes} of a shorter range`);

  const begun = await run({ endTime: 12, diarize: false });
  t.true(begun.result.receipt.chunks > 0);
  for (const more of [
    { beamSize: 2 },
    { initialPrompt: 'A talk.' },
    { temperatureIncrement: 0 },
    { language: 'en', suppressNonSpeech: false },
  ]) {
    const { decodes, result } = await run({ ...more, endTime: 12, diarize: false });
    t.is(decodes, result.receipt.chunks, JSON.stringify(more));
  }
  t.true((await run({ chunkSizeSeconds: 20, endTime: 20, diarize: false })).decodes > 0);
});

test.serial('force computes all of it again; readonly finds and writes nothing', async (t) => {
  const options = kept(t);
  const dataDir = options.dataDir as string;
  const nothing = await computed(() => transcribe(CONVERSATION, { ...options, cache: 'readonly' }));
  t.true(nothing.decodes > 0);
  t.is((await cacheInfo({ dataDir })).bytes, 0, 'readonly makes no database');
  const first = await computed(() => transcribe(CONVERSATION, options));
  const before = await cacheInfo({ dataDir });
  const again = await computed(() => transcribe(CONVERSATION, { ...options, force: true }));
  t.deepEqual([again.decodes, again.windows], [first.decodes, first.windows]);
  t.is(again.result.format('json'), first.result.format('json'));
  t.is((await listJobs({ dataDir })).length, 1);
  const found = await computed(() => transcribe(CONVERSATION, { ...options, cache: 'readonly' }));
  t.is(found.decodes, 0);
  const other = await computed(() =>
    transcribe(CONVERSATION, { ...options, cache: 'readonly', beamSize: 2, diarize: false, endTime: 8 }),
  );
  t.true(other.decodes > 0);
  const after = await cacheInfo({ dataDir });
  t.deepEqual([after.jobs, after.entries], [before.jobs, before.entries]);
  await rejects(t, 'ERR_INVALID_ARG', () => transcribe(JFK, { cache: false, force: true }));
  await rejects(t, 'ERR_INVALID_ARG', () => transcribe(JFK, { cache: 'yes' as never }));
  await rejects(t, 'ERR_INVALID_ARG', () => transcribe(JFK, { cacheLimitMB: -1 }));
  await rejects(t, 'ERR_INVALID_ARG', () => transcribe(JFK, { dataDir: 'a\0b' }));
  await rejects(t, 'ERR_INVALID_ARG', () => listJobs({ dataDir: 'a\0b' }));
  t.throws(() => new PipelineSession({ cache: false, force: true }), { code: 'ERR_INVALID_ARG' });
});

test.serial('an aborted job goes on where it stopped, and its end is that of an undisturbed one', async (t) => {
  const options = kept(t);
  const dataDir = options.dataDir as string;
  const whole = await computed(() => transcribe(CONVERSATION, { ...options, cache: false }));
  const stop = new AbortController();
  const stopped = await computed(async () => {
    const job = transcribeChunked(CONVERSATION, { ...options, maxWorkers: 1, signal: stop.signal });
    const read = (async () => {
      for await (const event of job) if (event.type === 'segment' && event.segment.end > 12) stop.abort();
    })();
    await t.throwsAsync(job, { code: 'ERR_ABORTED' });
    await read.catch(() => {});
  });
  t.true(stopped.decodes < whole.decodes);
  const [job] = await listJobs({ dataDir });
  t.is(job?.status, 'cancelled');
  t.true((job?.chunks.done ?? 0) > 0);
  const resumed = await computed(() => resumeJob((job as { id: string }).id, { dataDir }));
  t.is(resumed.result.toJSON !== undefined, true);
  t.is(JSON.stringify(resumed.result), JSON.stringify(whole.result));
  t.true(resumed.decodes <= whole.decodes - (job?.chunks.done ?? 0), `${resumed.decodes}`);
  t.true(resumed.windows < whole.windows);
  t.is((await showJob((job as { id: string }).id, { dataDir })).status, 'done');
});

test.serial(
  'a job that said where it ends and which ffmpeg, in its own words, can be resumed from elsewhere',
  async (t) => {
    const options = kept(t);
    const dataDir = options.dataDir as string;
    const ffmpegPath = join('tools', 'ffmpeg'); // not needed for this audio
    const first = await transcribe(JFK, { ...options, diarize: false, endTime: Number.POSITIVE_INFINITY, ffmpegPath });
    const [job] = await listJobs({ dataDir });
    t.is(job?.options.ffmpegPath, join(process.cwd(), ffmpegPath));
    t.false('endTime' in (job as { options: object }).options);
    const { result, decodes } = await computed(() => resumeJob((job as { id: string }).id, { dataDir }));
    t.deepEqual(JSON.stringify(result), JSON.stringify(first));
    t.is(decodes, 0);
    await transcribe(JFK, { ...options, diarize: false, ffmpegPath: 'ffmpeg6' });
    t.true(
      (await listJobs({ dataDir })).some((each) => each.options.ffmpegPath === 'ffmpeg6'),
      'looked for on the PATH',
    );
  },
);

test.serial('a finished job that was stopped while it was done once more is done', async (t) => {
  const options: TranscribeOptions = { ...kept(t), diarize: false };
  const dataDir = options.dataDir as string;
  const first = await transcribe(CONVERSATION, options);
  const again = transcribeChunked(CONVERSATION, { ...options, force: true });
  for await (const event of again) if (event.type === 'segment') break;
  await t.throwsAsync(again, { code: 'ERR_ABORTED' });
  t.is((await listJobs({ dataDir }))[0]?.status, 'cancelled');
  const { result, decodes } = await computed(() => transcribe(CONVERSATION, options));
  t.is(decodes, 0);
  t.is(result.format('json'), first.format('json'));
  t.deepEqual(
    (await listJobs({ dataDir })).map(({ status }) => status),
    ['done'],
  );
});

test.serial('a job that is cancelled by its id ends as one that is aborted, and says why', async (t) => {
  const { dataDir, ...options } = { ...kept(t), diarize: false };
  const where = { dataDir: dataDir as string };
  const job = transcribeChunked(repeatedSpeech(12, 0.001), { ...options, ...where, maxWorkers: 1 });
  const cancelling = (async () => {
    for await (const { type } of job) {
      if (type !== 'segment') continue;
      const [running] = await listJobs({ ...where, status: 'running' });
      if (running) await cancelJob(running.id, where);
    }
  })().catch(() => {});
  const error = await rejects(t, 'ERR_ABORTED', () => job);
  await cancelling;
  t.regex(error.message, /cancelled by its id/);
  t.true((error.partial?.segments.length ?? 0) > 0);
  t.deepEqual(
    (await listJobs(where)).map(({ status }) => status),
    ['cancelled'],
  );
});

test.serial('a job that a callback of its own ends is kept with what the callback threw', async (t) => {
  const { dataDir, ...options } = { ...kept(t), diarize: false };
  const where = { dataDir: dataDir as string };
  for (const name of ['onMemory', 'onProgress'] as const) {
    // Not before the first progress: a job that ends before it began to compute is not in the list.
    let begun = false;
    const end = (by: string) => {
      if (begun && by === name) throw new TypeError(`mine, of ${name}`);
      begun ||= by === 'onProgress';
    };
    const audio = repeatedSpeech(6, name === 'onMemory' ? 0.001 : 0.002);
    const callbacks = { onMemory: () => end('onMemory'), onProgress: () => end('onProgress') };
    await t.throwsAsync(transcribe(audio, { ...options, ...where, ...callbacks }), { message: `mine, of ${name}` });
    const [job] = await listJobs(where);
    t.deepEqual([job?.status, job?.error?.message], ['failed', `mine, of ${name}`]);
  }
});

test.serial('diarization alone: windows are shared with transcriptions, and found as a whole', async (t) => {
  const { dataDir } = kept(t);
  const off = await diarize(CONVERSATION, { cache: false });
  await transcribe(CONVERSATION, { dataDir: dataDir as string, cache: true });
  const first = await computed(() => diarize(CONVERSATION, { dataDir: dataDir as string, cache: true }));
  t.deepEqual([first.windows, first.voices], [0, 0]);
  t.deepEqual(first.result.toJSON(), off.toJSON());
  const again = await computed(() => diarize(CONVERSATION, { dataDir: dataDir as string, cache: true, threads: 1 }));
  t.deepEqual(again.result.toJSON(), off.toJSON());
  t.deepEqual(
    (await listJobs({ dataDir: dataDir as string })).map(({ kind, status }) => [kind, status]),
    [
      ['diarize', 'done'],
      ['transcribe', 'done'],
    ],
  );
});

test.serial('an audio that was changed in place is another one, even with the size and time of the old', async (t) => {
  const options = { ...kept(t), diarize: false };
  const path = join(folder(t), 'talk.wav');
  const samples = conversationSamples().subarray(0, 20 * RATE);
  writeWav(path, samples);
  const first = await transcribe(path, options);
  const { mtime, atime } = await import('node:fs').then(({ statSync }) => statSync(path));
  // In the middle, where no look at its ends tells.
  const half = Math.floor(samples.length / 2);
  writeWav(
    path,
    samples.map((sample, i) => (Math.abs(i - half) < 24_000 ? 0 : sample)),
  );
  await import('node:fs').then(({ utimesSync }) => utimesSync(path, atime, mtime));
  const second = await computed(() => transcribe(path, options));
  t.true(second.decodes > 0);
  const expected = await transcribe(path, { ...options, cache: false });
  t.is(second.result.format('json'), expected.format('json'));
  t.not(second.result.text, first.text);
  // Both are known from now on.
  t.is((await computed(() => transcribe(path, options))).decodes, 0);
  writeWav(path, samples);
  const back = await computed(() => transcribe(path, options));
  t.is(back.decodes, 0);
  t.is(back.result.format('json'), first.format('json'));
});

test.serial('an audio that is changed while it is read is an error, and what was kept of it is right', async (t) => {
  const options = { ...kept(t), diarize: false, maxWorkers: 1 };
  const path = join(folder(t), 'talk.wav');
  const samples = conversationSamples().subarray(0, 20 * RATE);
  writeWav(path, samples);
  const job = transcribeChunked(path, options);
  const changing = (async () => {
    for await (const event of job) {
      if (event.type === 'segment' && event.segment.id === 0) {
        const bytes = readFileSync(path);
        bytes.fill(0, 44 + 2 * 16_000, 44 + 2 * 48_000);
        writeFileSync(path, bytes);
      }
    }
  })();
  await rejects(t, 'ERR_AUDIO_CHANGED', () => job);
  await t.throwsAsync(changing, { code: 'ERR_AUDIO_CHANGED' });
  const again = await transcribe(path, options);
  t.is(again.format('json'), (await transcribe(path, { ...options, cache: false })).format('json'));
});

test.serial(
  'bytes in memory that their owner changes while the job runs are not taken for what they were',
  async (t) => {
    const options = kept(t);
    const bytes = new Uint8Array(readFileSync(CONVERSATION));
    const before = bytes.slice();
    const job = transcribeChunked(bytes, { ...options, diarize: false });
    let told = false;
    for await (const event of job) {
      if (!told && event.type === 'segment') bytes.fill(0, 44); // it was copied by now, which nobody promised
      told ||= event.type === 'segment';
    }
    t.true(told);
    const [info] = await listJobs({ dataDir: options.dataDir as string });
    t.deepEqual([info?.status, info?.content], ['done', undefined]);
    const again = await computed(() => transcribe(before, { ...options, diarize: false }));
    t.is(again.decodes, 0, 'its chunks are what they are');
    t.is(again.result.format('json'), (await job).format('json'));
  },
);

test.serial('a session uses it, concurrent calls for the same audio compute it once', async (t) => {
  const options = kept(t);
  const alone = await computed(() => transcribe(CONVERSATION, { ...options, cache: false }));
  const { result, ...both } = await computed(async () => {
    await using session = new PipelineSession(options);
    return await Promise.all([session.process(CONVERSATION), session.process(CONVERSATION)]);
  });
  t.is(both.decodes, alone.decodes);
  t.is(both.windows, alone.windows);
  for (const one of result) t.is(one.format('json'), alone.result.format('json'));
});

test.serial('a stream is known by its chunks', async (t) => {
  const options = { ...kept(t), chunkSizeSeconds: 30 };
  await transcribe(JFK, options);
  async function* bytes() {
    yield readFileSync(JFK);
  }
  const stream = await computed(() => transcribe(bytes(), options));
  t.is(stream.decodes, 0);
  t.regex(stream.result.text, /ask what you can do for your country/);
  const jobs = await listJobs({ dataDir: options.dataDir as string });
  t.deepEqual(
    jobs.map(({ source }) => source),
    [undefined, JFK],
  );
  const [job] = jobs;
  await rejects(t, 'ERR_INVALID_ARG', () =>
    resumeJob((job as { id: string }).id, { dataDir: options.dataDir as string }),
  );
  await rejects(t, 'ERR_CACHE_NOT_FOUND', () => resumeJob('zzzz', { dataDir: options.dataDir as string }));
});

test.serial('the size limit lets go what was used least recently', async (t) => {
  const options = { ...kept(t), diarize: false };
  const dataDir = options.dataDir as string;
  await transcribe(JFK, options);
  await transcribe(CONVERSATION, options);
  t.is((await listJobs({ dataDir })).length, 2);
  const { bytes } = await cacheInfo({ dataDir });
  await transcribe(CONVERSATION, { ...options, beamSize: 2, cacheLimitMB: bytes / 2 ** 20 });
  const jobs = await listJobs({ dataDir });
  t.true(jobs.length > 0 && jobs.length < 3);
  t.true((await cacheInfo({ dataDir })).bytes <= bytes);
  t.false(
    jobs.some(({ source }) => source === JFK),
    'the oldest went first',
  );
});
