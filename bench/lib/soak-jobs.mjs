// The short jobs of the soak: good ones of each kind, and each way in which a job may fail. A job says how it should end: with a
// result, or with one of these codes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { ROOT } from './common.mjs';

export const CLIP = join(ROOT, 'examples', 'jfk.wav');
const CONVERSATION = join(ROOT, 'examples', 'conversation.wav');
const RATE = 16_000;

export function clipSamples(path = CLIP) {
  const file = readFileSync(path);
  const data = file.indexOf('data', 12, 'latin1');
  const bytes = file.subarray(data + 8, data + 8 + file.readUInt32LE(data + 4));
  return Float32Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readInt16LE(2 * i) / 32768);
}

/**
 * The kinds of jobs. `hearken`: the library; `shared`: handles that the batch loaded; `next`: random numbers from 0 to 1.
 * Each returns a promise, and most of them take under a second.
 */
export function kindsOf(hearken) {
  const { transcribe, transcribeChunked, diarize, enroll, loadWhisperModel, loadDiarizer } = hearken;
  const samples = clipSamples().subarray(0, 2 * RATE);
  const bytes = readFileSync(CLIP);
  const part = (next, seconds) => {
    const startTime = Math.round(next() * 80) / 10;
    return { startTime, endTime: startTime + seconds };
  };
  const plain = { diarize: false, maxWorkers: 1 };

  async function* stream(fails) {
    const pcm = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
    for (let at = 0; at < pcm.length; at += 16_000) {
      if (fails && at >= 64_000) throw new Error('the stream broke on purpose');
      yield pcm.subarray(at, at + 16_000);
      await turn();
    }
  }
  const pcm = { ...plain, pcm: { sampleFormat: 'f32', sampleRate: RATE, channels: 1 } };

  const aborted = (start) => async (next, shared) => {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), next() ** 2 * 900);
    try {
      return await start({ signal: controller.signal, maxWorkers: 1 + Math.round(next()) }, shared, next);
    } finally {
      clearTimeout(timer);
    }
  };
  const OR_ABORTED = [undefined, 'ERR_ABORTED'];

  return [
    { name: 'words', run: (next, { model }) => transcribe(CLIP, { ...plain, ...part(next, 2), model }) },
    { name: 'samples', run: (_, { model }) => transcribe(samples, { ...plain, model }) },
    { name: 'bytes', run: (next, { model }) => transcribe(bytes, { ...plain, ...part(next, 1), model }) },
    { name: 'stream', run: (_, { model }) => transcribe(stream(false), { ...pcm, model }) },
    { name: 'own model', run: (next) => transcribe(CLIP, { ...plain, ...part(next, 1) }) },
    {
      name: 'speakers',
      run: (next, shared) => transcribe(CONVERSATION, { ...part(next, 3), ...shared, maxWorkers: 2 }),
    },
    { name: 'speakers, own nets', run: (next) => transcribe(CLIP, part(next, 2)) },
    { name: 'diarize', run: (next, { diarizer }) => diarize(CONVERSATION, { ...part(next, 6), diarizer }) },
    { name: 'enroll', run: (_, { diarizer }) => enroll(CLIP, { startTime: 3, endTime: 6, diarizer }) },
    {
      name: 'left loop',
      ends: OR_ABORTED,
      run: async (_, shared) => {
        const job = transcribeChunked(CLIP, { ...shared, chunkSizeSeconds: 5, endTime: 6 });
        for await (const event of job) if (event.type === 'segment') break;
        return job;
      },
    },
    {
      name: 'aborted',
      ends: OR_ABORTED,
      run: aborted((options, { model }, next) =>
        transcribe(CLIP, { ...options, ...part(next, 3), model, diarize: false }),
      ),
    },
    {
      name: 'aborted, speakers',
      ends: OR_ABORTED,
      run: aborted((options, _, next) => transcribe(CONVERSATION, { ...options, ...part(next, 6) })),
    },
    {
      name: 'aborted load',
      ends: OR_ABORTED,
      run: async (next) => {
        const controller = new AbortController();
        const load = next() < 0.5 ? loadWhisperModel(undefined, controller) : loadDiarizer({}, controller);
        await sleep(next() * 60);
        controller.abort();
        await (await load).close();
      },
    },
    {
      name: 'closed under it',
      run: async () => {
        const model = await loadWhisperModel();
        const job = transcribe(samples, { ...plain, model });
        await model.close();
        return job;
      },
    },
    {
      name: 'callback throws',
      ends: ['thrown on purpose'],
      run: (_, { model }) =>
        transcribe(CLIP, {
          ...plain,
          model,
          endTime: 2,
          onProgress: () => {
            throw new Error('thrown on purpose');
          },
        }),
    },
    { name: 'no such file', ends: ['ERR_AUDIO_NOT_FOUND'], run: () => transcribe(join(ROOT, 'no-such.wav')) },
    {
      name: 'not audio',
      ends: ['ERR_AUDIO_FORMAT'],
      run: (_, { model }) => transcribe(Buffer.from('<html>not audio at all</html>'.repeat(50)), { model }),
    },
    {
      name: 'no header',
      ends: ['ERR_AUDIO_FORMAT', 'ERR_AUDIO_READ'],
      run: (_, { model }) => transcribe(bytes.subarray(0, 30), { model }),
    },
    {
      name: 'bad stream',
      ends: ['ERR_AUDIO_READ'],
      run: (_, { model }) => transcribe(stream(true), { ...pcm, model }),
    },
    {
      name: 'not a model',
      ends: ['ERR_MODEL_FORMAT'],
      run: () => transcribe(CLIP, { ...plain, model: join(ROOT, 'package.json') }),
    },
    { name: 'bad option', ends: ['ERR_INVALID_ARG'], run: () => transcribe(CLIP, { maxWorkers: -1 }) },
    {
      name: 'not numbers',
      run: (_, { model }) => transcribe(new Float32Array(RATE).fill(Number.NaN), { ...plain, model }),
    },
  ];
}
