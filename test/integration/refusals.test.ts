import test from 'ava';
import { type HearkenError, transcribe } from '../../lib/index.js';
import { assertIdle } from '../helpers/engine.js';
import { JFK } from '../helpers/speech.js';

// What a job refuses, and what it hands back untouched. Serial: each test looks at what is left of the whole process.

test.afterEach.always((t) => assertIdle(t));

test.serial('an option that does not exist is refused, with the ones that do', async (t) => {
  const error = await t.throwsAsync(transcribe(JFK, { startTme: 5 } as object));
  t.is((error as HearkenError).code, 'ERR_INVALID_ARG');
  t.regex(error?.message ?? '', /startTme.*startTime/);
});

test.serial('language and translation are checked against the model, whatever the audio holds', async (t) => {
  const silence = new Float32Array(16_000);
  for (const options of [{ language: 'xx' }, { language: 'de' }, { translate: true }]) {
    const error = await t.throwsAsync(transcribe(silence, options));
    t.is((error as HearkenError).code, 'ERR_INVALID_ARG', JSON.stringify(options));
  }
});

test.serial('startTime behind the end of a stream is an error, as it is for a file', async (t) => {
  async function* stream() {
    yield new Uint8Array(2 * 2 * 16_000);
  }
  for (const audio of [JFK, stream()]) {
    const pcm = audio === JFK ? {} : { pcm: {} };
    const error = await t.throwsAsync(transcribe(audio, { startTime: 100, ...pcm }));
    t.is((error as HearkenError).code, 'ERR_INVALID_ARG');
  }
});

test.serial('what a callback throws comes back as it is', async (t) => {
  const mine = new RangeError('mine');
  const error = await t.throwsAsync(
    transcribe(JFK, {
      onProgress: () => {
        throw mine;
      },
    }),
  );
  t.is(error, mine as unknown as Error);
});
