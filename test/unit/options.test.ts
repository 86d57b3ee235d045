import { availableParallelism } from 'node:os';
import test from 'ava';
import { resolveOptions } from '../../lib/pipeline/options.js';
import { enrolling, resolveDiarizeOptions } from '../../lib/pipeline/speaker-options.js';
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
    diarize: true,
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
    diarize: true,
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

const Ada = Array.from({ length: 192 }, () => 1);
const refused = (message: RegExp) => ({ name: 'HearkenError', code: 'ERR_INVALID_ARG', message });

test('without diarization nothing is said of speakers; a shared diarizer is no statement', (t) => {
  const sayings = { numSpeakers: 2, minSpeakers: 2, maxSpeakers: 2, voices: { Ada }, voiceThreshold: 0.4 };
  for (const [name, value] of Object.entries(sayings)) {
    const options = { diarize: false, [name]: value };
    t.throws(() => resolveOptions(options), refused(new RegExp(`diarize: false .*${name}`)), name);
    t.notThrows(() => resolveOptions({ diarize: false, [name]: undefined }), name);
  }
  t.false(resolveOptions({ diarize: false, diarizer: {} as never }).diarize);
});

test('a threshold needs voices', (t) => {
  for (const resolve of [resolveOptions, resolveDiarizeOptions]) {
    t.throws(() => resolve({ voiceThreshold: 0.4 }), refused(/without voices .*voiceThreshold/));
    t.is(resolve({ voices: { Ada }, voiceThreshold: 0.4 }).speakers.voiceThreshold, 0.4);
  }
});

test('voices are a plain object of embeddings: anything else would be left out in silence', (t) => {
  const wrong = [new Map([['Ada', Ada]]), [['Ada', Ada]], [], new Set(), Promise.resolve({ Ada }), null, 5, 'Ada'];
  const generator = (function* () {})();
  for (const voices of [...wrong, generator, { Ada, [Symbol.iterator]: () => generator }]) {
    t.throws(() => resolveDiarizeOptions({ voices: voices as never }), refused(/voices must be a plain object/));
  }
  for (const voices of [{ Ada }, Object.assign(Object.create(null), { Ada }), { Ada: new Float64Array(Ada) }]) {
    t.is(resolveDiarizeOptions({ voices }).speakers.voices.get('Ada')?.length, 192);
  }
});

test('an embedding is 192 numbers, and whatever else it is never a bare TypeError', (t) => {
  const filled = (value: unknown) => Array.from({ length: 192 }, () => value);
  const wrong = [filled(Symbol('one')), filled('1'), filled(1n), filled(undefined), new Array(192), { length: 192 }];
  for (const voice of [...wrong, new BigInt64Array(192)]) {
    t.throws(() => resolveDiarizeOptions({ voices: { Ada: voice as never } }), refused(/voices\.Ada .*numbers/));
  }
  for (const value of [0, Number.NaN, Number.POSITIVE_INFINITY, 1e300]) {
    t.throws(() => resolveDiarizeOptions({ voices: { Ada: filled(value) as number[] } }), refused(/finite/));
  }
});

test('a clip of one voice takes nothing for several', (t) => {
  const several = {
    numSpeakers: 1,
    minSpeakers: 1,
    maxSpeakers: 2,
    voices: { Ada },
    voiceThreshold: 0.4,
    channels: true,
  };
  for (const [name, value] of Object.entries(several)) {
    t.throws(() => enrolling({ [name]: value }), refused(new RegExp(`enroll\\(\\) .*${name}`)), name);
  }
  t.throws(() => enrolling({ thread: 1 } as object), refused(/unknown option thread/));
  t.throws(() => enrolling(null as never), refused(/must be an object/));
  t.deepEqual(enrolling({ threads: 1, channel: 1 }), { threads: 1, channel: 1, numSpeakers: 1 });
});

test('names that every object has are no options', (t) => {
  for (const name of ['toString', 'constructor', 'hasOwnProperty']) {
    t.throws(() => resolveOptions({ [name]: 1 }), refused(new RegExp(`unknown option ${name}`)));
  }
});
