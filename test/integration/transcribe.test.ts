import { createReadStream, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import { binding } from '../../lib/binding.js';
import {
  type AudioSource,
  loadWhisperModel,
  type Progress,
  type TranscribeEvent,
  type TranscribeOptions,
  type TranscriptionResult,
  transcribe,
  transcribeChunked,
} from '../../lib/index.js';
import { assertIdle, assertSound, rejects } from '../helpers/engine.js';
import { JFK, JFK_SECONDS, JFK_TEXT, jfkPcm, jfkSamples, RATE, repeatedSpeech } from '../helpers/speech.js';
import { wordErrorRate } from '../helpers/wer.js';

// One after the other: each test looks at what is left of the whole process.

test.afterEach.always((t) => assertIdle(t));

const words = (result: TranscriptionResult) => result.words.map((word) => word.text).join(' ');

test.serial('real speech: the right words, in order, inside the audio, every stretch accounted for', async (t) => {
  const result = await transcribe(JFK);
  t.is(wordErrorRate(JFK_TEXT, result.text), 0, result.text);
  t.is(result.duration, JFK_SECONDS);
  t.is(result.language, 'en');
  assertSound(t, result);
  t.is(words(result), result.text, 'the words are those of the text');
  t.true(result.coverage.some((span) => span.status === 'decoded'));
  // Where the words lie is audible: the second half begins after the pause at 7.6 s.
  const ask = result.words.filter((word) => /^ask/i.test(word.text));
  t.is(ask.length, 2);
  t.true(Math.abs((ask[0]?.start ?? 0) - 3.4) < 0.5, `the first "ask" at ${ask[0]?.start}`);
  t.true(Math.abs((ask[1]?.start ?? 0) - 8.1) < 0.5, `the second "ask" at ${ask[1]?.start}`);
});

test.serial('every kind of source gives the same', async (t) => {
  const file = readFileSync(JFK);
  const pcm = jfkPcm();
  async function* oddPieces() {
    for (let at = 0, size = 1; at < file.length; at += size, size = (size * 7 + 3) % 40_961) {
      yield file.subarray(at, at + size);
    }
  }
  const sources: Record<string, [AudioSource, TranscribeOptions?]> = {
    path: [JFK],
    'file: URL': [pathToFileURL(JFK)],
    'Uint8Array of a file': [new Uint8Array(file)],
    'Uint8Array inside a larger buffer': [new Uint8Array(Buffer.concat([Buffer.alloc(7, 255), file])).subarray(7)],
    'ArrayBuffer of a file': [new Uint8Array(file).buffer],
    Float32Array: [jfkSamples()],
    'Readable of a file': [createReadStream(JFK)],
    'Readable of a buffer': [Readable.from([file])],
    'AsyncIterable in odd pieces': [oddPieces()],
    'bare s16': [pcm, { pcm: {} }],
    'bare f32 in a stream': [
      Readable.from([Buffer.from(jfkSamples().buffer)]),
      { pcm: { sampleFormat: 'f32', sampleRate: 16_000, channels: 1 } },
    ],
  };
  const model = await loadWhisperModel();
  const results = new Map<string, string>();
  for (const [kind, [source, options]] of Object.entries(sources)) {
    results.set(kind, JSON.stringify(await transcribe(source, { ...options, model })));
    t.is(binding().memory().audio.bytes, 0, kind);
  }
  await model.close();
  for (const [kind, result] of results) t.is(result, results.get('path') as string, kind);
});

test.serial('startTime and endTime: a part of the audio, with the times of the whole', async (t) => {
  for (const source of [JFK, jfkSamples(), readFileSync(JFK), createReadStream(JFK)]) {
    const result = await transcribe(source, { startTime: 7.7, endTime: 10.5 });
    assertSound(t, result, { start: 7.7, end: 10.5 });
    t.true(wordErrorRate('ask what you can do for your', result.text) < 0.35, result.text);
    t.notRegex(result.text, /fellow|not/);
  }
  const beyond = await transcribe(JFK, { startTime: 8, endTime: 1e6 });
  assertSound(t, beyond, { start: 8, end: JFK_SECONDS });
  t.is(beyond.duration, JFK_SECONDS);
});

test.serial('channel: one side of a call, and a clear error for one that is not there', async (t) => {
  const mono = jfkPcm();
  const stereo = new Uint8Array(mono.length * 2); // speech on the right
  for (let i = 0; i < mono.length; i += 2) stereo.set(mono.subarray(i, i + 2), 2 * i + 2);
  const pcm = { sampleRate: RATE, channels: 2 };
  const left = await transcribe(stereo, { pcm, channel: 0 });
  t.is(left.text, '');
  t.deepEqual(left.coverage, [{ start: 0, end: JFK_SECONDS, status: 'silence' }]);
  const right = await transcribe(stereo, { pcm, channel: 1 });
  t.is(right.text, (await transcribe(JFK)).text);
  await rejects(t, 'ERR_INVALID_ARG', () => transcribe(stereo, { pcm, channel: 2 }));
  await rejects(t, 'ERR_INVALID_ARG', () => transcribe(JFK, { channel: 1 }));
});

test.serial('progress goes forward, ends at 1, and ends there too for a stream of unknown length', async (t) => {
  const audio = repeatedSpeech(3);
  const stream = () => Readable.from([Buffer.from(audio.buffer)]);
  for (const [source, options] of [
    [audio, {}],
    [stream(), { pcm: { sampleFormat: 'f32' } }],
  ] as [AudioSource, TranscribeOptions][]) {
    const seen: Progress[] = [];
    await transcribe(source, { ...options, chunkSizeSeconds: 12, onProgress: (progress) => seen.push(progress) });
    t.true(seen.length >= 2, `${seen.length} reports`);
    seen.reduce((before, progress) => {
      t.true(progress.processed >= before.processed && progress.elapsed >= before.elapsed);
      t.true((progress.fraction ?? 0) <= 1);
      return progress;
    });
    const last = seen.at(-1) as Progress;
    t.is(last.fraction, 1);
    t.is(last.eta, 0);
    t.is(last.processed, last.total as number);
    t.true(Math.abs(last.processed - audio.length / RATE) < 0.001);
  }
});

test.serial('events: the segments of the result in order, then done; awaited and iterated at once', async (t) => {
  const job = transcribeChunked(repeatedSpeech(3), { chunkSizeSeconds: 12, maxWorkers: 2 });
  const events: TranscribeEvent[] = [];
  for await (const event of job) events.push(event);
  const result = await job;
  const segments = events.flatMap((event) => (event.type === 'segment' ? [event.segment] : []));
  t.true(segments.length >= 3);
  t.deepEqual(segments, result.segments);
  const last = events.at(-1) as TranscribeEvent;
  t.true(last.type === 'done' && last.result === result);
  t.is(events.filter((event) => event.type === 'done').length, 1);
  t.true(events.some((event) => event.type === 'progress'));
  // A second loop over a finished job ends at once; it must not wait for events that will not come.
  for await (const _ of job) t.fail();
});

test.serial('leaving the loop stops the job, and nothing is left of it behind the loop', async (t) => {
  const before = binding().counters().decodes;
  const job = transcribeChunked(repeatedSpeech(8), { chunkSizeSeconds: 12, maxWorkers: 2 });
  for await (const event of job) {
    if (event.type === 'segment') break;
  }
  assertIdle(t, 'as soon as the loop is left');
  t.true(binding().counters().decodes - before < 8, 'the rest is not decoded');
  const error = await rejects(t, 'ERR_ABORTED', () => job);
  t.true((error.partial?.segments.length ?? 0) > 0);
});

test.serial('an error reaches who awaits and who iterates, and leaves nothing', async (t) => {
  for (const [code, source, options] of [
    ['ERR_AUDIO_NOT_FOUND', '/no/such/file.wav', {}],
    ['ERR_AUDIO_NOT_FOUND', new URL('file:///no/such/file.wav'), {}],
    ['ERR_MODEL_NOT_FOUND', JFK, { model: './no-such-model.bin' }],
    ['ERR_AUDIO_FORMAT', Buffer.from('this is not audio, whatever its name may be. '.repeat(50)), {}],
    ['ERR_AUDIO_FORMAT', Readable.from([Buffer.from('nor is this '.repeat(500))]), {}],
    ['ERR_AUDIO_READ', Readable.from(['text instead of bytes']), {}],
    ['ERR_INVALID_ARG', JFK, { language: 'de' }], // tiny.en knows English only
    ['ERR_INVALID_ARG', JFK, { translate: true }],
    ['ERR_INVALID_ARG', JFK, { language: 'xx' }],
    ['ERR_INVALID_ARG', JFK, { startTime: 11 }],
  ] as const) {
    const run = () => transcribeChunked(source, options);
    const name = `${code} ${String(source)} ${JSON.stringify(options)}`;
    const job = run();
    const failure = await rejects(t, code, () => job, name);
    await rejects(
      t,
      code,
      async () => {
        for await (const _ of job) t.fail();
      },
      `iterated: ${name}`,
    );
    t.is(failure.partial, undefined);
    assertIdle(t, name);
  }
});

test.serial('a stream that fails or stalls is closed', async (t) => {
  const broken = new Readable({
    read() {
      this.push(readFileSync(JFK).subarray(0, 50_000));
      this.destroy(new Error('the line is dead'));
    },
  });
  const error = await rejects(t, 'ERR_AUDIO_READ', () => transcribe(broken));
  t.regex(error.message, /the line is dead/);
  t.true(broken.destroyed);

  const stalled = new Readable({ read() {} });
  stalled.push(readFileSync(JFK).subarray(0, 50_000));
  const job = transcribeChunked(stalled);
  job.catch(() => {});
  while (stalled.readableLength > 0) await sleep(10); // until then nobody has touched it
  job.abort();
  await rejects(t, 'ERR_ABORTED', () => job);
  t.true(stalled.destroyed);

  const late = new AbortController();
  let returned = false;
  const slow: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        setTimeout(() => late.abort(), 100);
        return new Promise(() => {});
      },
      return: async () => {
        returned = true;
        return { done: true, value: undefined };
      },
    }),
  };
  await rejects(t, 'ERR_ABORTED', () => transcribe(slow, { signal: late.signal }));
  t.true(returned);
});

test.serial('options that make no sense are refused before anything is opened', async (t) => {
  const wrong: Record<string, unknown>[] = [
    ...[-1, Number.NaN, Number.POSITIVE_INFINITY, '5'].map((startTime) => ({ startTime })),
    ...[0, -1, Number.NaN, '9'].map((endTime) => ({ endTime })),
    { startTime: 5, endTime: 5 },
    ...[0, 4.9, 601, Number.NaN, '30', null].map((chunkSizeSeconds) => ({ chunkSizeSeconds })),
    ...[0, 1.5, 65, -1, '2'].map((maxWorkers) => ({ maxWorkers })),
    ...[0, 1.5, 257].map((threads) => ({ threads })),
    ...[0, 9, 2.5].map((beamSize) => ({ beamSize })),
    ...[0, 9].map((bestOf) => ({ bestOf })),
    ...[-0.1, 1.1, '0'].map((temperature) => ({ temperature })),
    ...[-0.1, 1.1].map((temperatureIncrement) => ({ temperatureIncrement })),
    ...[-1, 0.5, 1e9].map((maxSegmentLength) => ({ maxSegmentLength })),
    ...[-1, 0.5, 64, 'left'].map((channel) => ({ channel })),
    ...['yes', 1, null].flatMap((bad) => [{ words: bad }, { translate: bad }, { context: bad }, { skipSilence: bad }]),
    { suppressNonSpeech: 'no' },
    { initialPrompt: 5 },
    { language: 5 },
    { ffmpegPath: 5 },
    { offline: 'no' },
    { onProgress: 'call me' },
    { signal: {} },
    { model: {} },
    { model: null },
    { model: 5 },
    { model: '' },
    { pcm: {} }, // a path is a file, which tells its format itself
  ];
  for (const options of wrong) {
    await rejects(t, 'ERR_INVALID_ARG', () => transcribe(JFK, options as TranscribeOptions), JSON.stringify(options));
  }
  const sources = [undefined, null, 5, {}, [], '', 'a\0b', new URL('https://example.org/a.wav'), new Int16Array(5)];
  for (const source of sources) {
    await rejects(t, 'ERR_INVALID_ARG', () => transcribe(source as never), String(source));
  }
  for (const pcm of [{ sampleRate: 999 }, { channels: 0 }, { channels: 65 }, { sampleFormat: 's24' }, 'raw', null]) {
    await rejects(t, 'ERR_INVALID_ARG', () => transcribe(jfkPcm(), { pcm } as never), JSON.stringify(pcm));
  }
  await rejects(t, 'ERR_INVALID_ARG', () => transcribe(jfkSamples(), { pcm: {} }));
  await rejects(t, 'ERR_INVALID_ARG', () => transcribe(JFK, null as never));
  t.is(binding().memory().weights.bytes, 0);
});

test.serial('words: false leaves words out and nothing else', async (t) => {
  const result = await transcribe(JFK, { words: false });
  const full = await transcribe(JFK);
  t.deepEqual(result.words, []);
  t.true(result.segments.every((segment) => !('words' in segment)));
  t.deepEqual(
    result.segments,
    full.segments.map(({ words: _, ...rest }) => rest),
  );
});

test.serial('maxSegmentLength, initialPrompt, beamSize do what they say', async (t) => {
  const short = await transcribe(JFK, { maxSegmentLength: 20 });
  assertSound(t, short);
  t.true(short.segments.every((segment) => segment.text.length <= 20));
  t.true(short.segments.length >= 5);
  t.is(wordErrorRate(JFK_TEXT, short.text), 0);

  const plain = await transcribe(JFK);
  const primed = await transcribe(JFK, { initialPrompt: 'AND SO MY FELLOW AMERICANS, ASK NOT WHAT YOUR COUNTRY' });
  t.true(wordErrorRate(JFK_TEXT, primed.text) < 0.2, primed.text);
  t.not(JSON.stringify(primed), JSON.stringify(plain), 'a prompt changes what the model sees');

  const encodes = binding().counters().encodes;
  const beam = await transcribe(JFK, { beamSize: 5 });
  t.is(wordErrorRate(JFK_TEXT, beam.text), 0, beam.text);
  t.true(binding().counters().encodes > encodes);
});

// Beside other load two threads that wait for each other take ten times as long: not in an ordinary run.
(process.env.HEARKEN_LONG === '1' ? test.serial : test.serial.skip)('threads: 2 (with HEARKEN_LONG=1)', async (t) => {
  t.is(JSON.stringify(await transcribe(JFK, { threads: 2 })), JSON.stringify(await transcribe(JFK)));
});

test.serial('skipSilence: false decodes all of it', async (t) => {
  const result = await transcribe(JFK, { skipSilence: false });
  assertSound(t, result);
  t.is(wordErrorRate(JFK_TEXT, result.text), 0);
  t.deepEqual(
    result.coverage.filter((span) => span.status === 'silence'),
    [],
  );
});

test.serial('nothing to hear gives an empty result', async (t) => {
  for (const [source, seconds] of [
    [new Float32Array(0), 0],
    [new Float32Array(1), 0],
    [new Float32Array(3 * RATE), 3],
    [Float32Array.from({ length: RATE }, () => Number.NaN), 1],
  ] as const) {
    const result = await transcribe(source);
    t.is(result.text, '');
    t.is(result.duration, seconds);
    assertSound(t, result);
  }
});

test.serial('an error of onProgress ends the job with it', async (t) => {
  const error = await t.throwsAsync(
    transcribe(JFK, {
      onProgress: () => {
        throw new Error('mine');
      },
    }),
  );
  t.regex(error?.message ?? '', /mine/);
});

test.serial('a reader that stops reading stops the job; abort() still ends it', async (t) => {
  const before = binding().counters().decodes;
  const audio = repeatedSpeech(10);
  const job = transcribeChunked(audio, { chunkSizeSeconds: 12, maxWorkers: 1, maxSegmentLength: 1 });
  const iterator = job[Symbol.asyncIterator]();
  await iterator.next();
  let last = -1;
  for (let same = 0; same < 4; ) {
    await new Promise((resolve) => setTimeout(resolve, 400));
    const { decodes } = binding().counters();
    same = decodes === last ? same + 1 : 0;
    last = decodes;
  }
  t.true(last - before < 7, `${last - before} of 10 chunks decoded although nobody reads`);
  job.abort();
  await rejects(t, 'ERR_ABORTED', () => job);
});
