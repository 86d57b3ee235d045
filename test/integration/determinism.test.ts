import test from 'ava';
import { binding, type NativeChunk, type NativeModel, type NativePlanner } from '../../lib/binding.js';
import { type AudioSource, loadWhisperModel, type TranscribeOptions, transcribe } from '../../lib/index.js';
import { modelPath } from '../../lib/models/index.js';
import { DECODE_OPTIONS } from '../helpers/decode-options.js';
import { assertIdle, assertSound } from '../helpers/engine.js';
import { hasShared, sharedPath } from '../helpers/shared.js';
import { JFK, repeatedSpeech, rounds } from '../helpers/speech.js';

// The same input gives the same bytes, whatever the number of workers and what they decoded before.

test.afterEach.always((t) => assertIdle(t));

const CONVERSATION = 'audio/made/conv2_b.flac';

test.serial('the same JSON bytes for 1, 2 and 3 workers, and again', async (t) => {
  const shared = hasShared(CONVERSATION);
  if (!shared) t.log(`${CONVERSATION} is absent (see HEARKEN_SHARED): a clip repeated with pauses instead`);
  const source: AudioSource = shared ? sharedPath(CONVERSATION) : repeatedSpeech(6);
  const options: TranscribeOptions = { endTime: rounds(60, 1e6), chunkSizeSeconds: rounds(20, 30) };
  const model = await loadWhisperModel();
  const results: string[] = [];
  for (const maxWorkers of rounds(3, 4) === 3 ? [1, 3, 2] : [1, 2, 3, 1, 2, 3]) {
    const result = await transcribe(source, { ...options, model, maxWorkers });
    results.push(JSON.stringify(result));
    if (results.length === 1) {
      assertSound(t, result, { start: 0, end: Math.min(options.endTime ?? 0, result.duration) });
      t.true(result.segments.length >= 5);
      await transcribe(JFK, { model, endTime: 5, temperature: 0.8 }); // something else in between
    }
  }
  await model.close();
  t.is(new Set(results).size, 1);
});

// At a temperature above 0 tokens are drawn. Speech under noise has many that are nearly as likely: where a draw differs,
// the text does. deps/patches/0003 is what makes a call's draws depend on nothing but the call.
const drawn = { temperature: 0.8, bestOf: 2, temperatureIncrement: 0.2 };

test.serial('sampling at a temperature gives the same for 1 and 3 workers', async (t) => {
  const audio = repeatedSpeech(4, 0.05);
  const model = await loadWhisperModel();
  const results = new Set<string>();
  for (const maxWorkers of [1, 3]) {
    results.add(JSON.stringify(await transcribe(audio, { ...drawn, model, maxWorkers, chunkSizeSeconds: 12 })));
  }
  await model.close();
  t.is(results.size, 1);
});

test.serial('a worker that decoded something else gives the same, with and without fallbacks', async (t) => {
  const addon = binding();
  const cancel = new addon.CancelToken();
  const model: NativeModel = await addon.loadModel((await modelPath('tiny.en')) as string, cancel);
  const { planner, chunks } = await plan(repeatedSpeech(2, 0.05));
  t.true(chunks.length >= 2);
  const [first, second] = chunks as [NativeChunk, NativeChunk];
  for (const options of [DECODE_OPTIONS, { ...DECODE_OPTIONS, ...drawn }, { ...DECODE_OPTIONS, beamSize: 3 }]) {
    const fresh = await model.createState();
    const expected = await fresh.decode(second, options, cancel);
    t.true(expected.segments.length > 0);
    t.deepEqual(await fresh.decode(second, options, cancel), expected, 'decoded twice');
    await fresh.close();
    const used = await model.createState();
    await used.decode(first, { ...options, ...drawn }, cancel);
    t.deepEqual(
      await used.decode(second, options, cancel),
      expected,
      `after another chunk: ${JSON.stringify(options)}`,
    );
    await used.close();
  }
  for (const chunk of chunks) chunk.release();
  await planner.close();
  await model.close();
});

async function plan(audio: Float32Array): Promise<{ planner: NativePlanner; chunks: NativeChunk[] }> {
  const addon = binding();
  const cancel = new addon.CancelToken();
  const queue = new addon.ByteQueue();
  void queue.push(new Uint8Array(audio.buffer));
  queue.finish();
  const planner = await addon.openPlanner(
    { queue, pcm: { sampleFormat: 'f32', sampleRate: 16_000, channels: 1 } },
    { channel: -1, ffmpegPath: '', begin: 0, end: Number.POSITIVE_INFINITY, chunkSamples: 12 * 16_000, vadModel: '' },
    cancel,
  );
  const chunks: NativeChunk[] = [];
  for (let chunk = await planner.next(cancel); chunk; chunk = await planner.next(cancel)) chunks.push(chunk);
  return { planner, chunks };
}
