import { availableParallelism } from 'node:os';
import test from 'ava';
import { resolveOptions } from '../../lib/pipeline/options.js';
import type { TranscribeOptions } from '../../lib/types.js';

test('the defaults are those that the types promise', (t) => {
  t.deepEqual(resolveOptions({}), {
    start: 0,
    end: Number.POSITIVE_INFINITY,
    chunkSeconds: 30,
    workers: Math.min(4, availableParallelism()),
    skipSilence: true,
    words: true,
    diarize: true,
    speakers: {
      numSpeakers: 0,
      minSpeakers: 0,
      maxSpeakers: 0,
      voices: new Map(),
      voiceThreshold: 0.5,
      channels: false,
    },
    language: undefined,
    decode: {
      translate: false,
      words: true,
      beamSize: 1,
      bestOf: 1,
      temperature: 0,
      temperatureIncrement: 0.2,
      initialPrompt: '',
      context: false,
      suppressNonSpeech: true,
      maxSegmentLength: 0,
      threads: 1,
    },
  });
});

test('undefined is not given', (t) => {
  const names = ['startTime', 'endTime', 'maxWorkers', 'language', 'words', 'signal', 'onProgress', 'channel', 'model'];
  const options = Object.fromEntries(names.map((name) => [name, undefined])) as TranscribeOptions;
  t.deepEqual(resolveOptions(options), resolveOptions({}));
});

test('values reach their place', (t) => {
  const job = resolveOptions({
    startTime: 1.5,
    endTime: 60,
    chunkSizeSeconds: 600,
    maxWorkers: 64,
    skipSilence: false,
    words: false,
    diarize: false,
    minSpeakers: 2,
    maxSpeakers: 64,
    voices: { Ada: Array.from({ length: 192 }, (_, i) => (i === 3 ? 5 : 0)) },
    voiceThreshold: -1,
    language: 'DE',
    translate: true,
    beamSize: 8,
    bestOf: 1,
    temperature: 1,
    temperatureIncrement: 0,
    initialPrompt: 'Names',
    context: true,
    suppressNonSpeech: false,
    maxSegmentLength: 42,
    threads: 3,
  });
  t.deepEqual(job, {
    start: 1.5,
    end: 60,
    chunkSeconds: 600,
    workers: 64,
    skipSilence: false,
    words: false,
    diarize: false,
    speakers: {
      numSpeakers: 0,
      minSpeakers: 2,
      maxSpeakers: 64,
      voices: new Map([['Ada', Float32Array.from({ length: 192 }, (_, i) => (i === 3 ? 1 : 0))]]), // unit length
      voiceThreshold: -1,
      channels: false,
    },
    language: 'de',
    decode: {
      translate: true,
      words: true, // always made: seams are merged by them
      beamSize: 8,
      bestOf: 1,
      temperature: 1,
      temperatureIncrement: 0,
      initialPrompt: 'Names',
      context: true,
      suppressNonSpeech: false,
      maxSegmentLength: 42,
      threads: 3,
    },
  });
  t.is(resolveOptions({ language: 'auto' }).language, undefined);
  t.is(resolveOptions({ endTime: Number.POSITIVE_INFINITY }).end, Number.POSITIVE_INFINITY);
});

test('a message names the option, what it may be, and what it was', (t) => {
  t.throws(() => resolveOptions({ maxWorkers: 0 }), { code: 'ERR_INVALID_ARG', message: /maxWorkers.*1 to 64.*0/ });
  t.throws(() => resolveOptions({ words: 'no' as never }), { message: /words must be true or false, not no/ });
  t.throws(() => resolveOptions({ startTime: 9, endTime: 3 }), {
    message: /endTime \(3\) must be after startTime \(9\)/,
  });
});
