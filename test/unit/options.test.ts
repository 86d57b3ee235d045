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
