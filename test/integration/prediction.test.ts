import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { binding } from '../../lib/binding.js';
import { assertIdle, nativeBytes } from '../helpers/engine.js';
import { scratchFolder } from '../helpers/model-file.js';
import { type ModelShape, PUBLISHED, writeModel } from '../helpers/model-shape.js';
import { type Compared, compareModel, errorOf } from '../helpers/prediction.js';

const JFK = join('examples', 'jfk.wav');
const CONVERSATION = join('examples', 'conversation.wav');
const SEGMENTATION = join('models', 'pyannote-segmentation-3.0.gguf');
const EMBEDDING = join('models', 'campplus-zh-en.gguf');
const SILERO = join('models', 'ggml-silero-v6.2.3.bin');

function assertClose(t: ExecutionContext, what: string, compared: Compared, most = 0.01): void {
  const error = errorOf(compared);
  t.true(Math.abs(error) <= most, `${what}: predicted ${compared.predicted}, ledger ${compared.ledger}`);
}

test.serial.afterEach.always((t) => assertIdle(t));

test.serial('a model and its workers take what the header predicts', async (t) => {
  const found = await compareModel(join('models', 'ggml-tiny.en-q8_0.bin'), CONVERSATION);
  t.is(found.weights.predicted, found.weights.ledger, 'the weights, to the byte');
  for (const [what, compared] of Object.entries(found)) assertClose(t, what, compared);
});

// HEARKEN_LONG=1: all published shapes; the large ones take minutes.
const shapes = process.env.HEARKEN_LONG === '1' ? Object.keys(PUBLISHED) : ['tiny'];
const types = ['f16', 'q4_0', 'q4_1', 'q5_0', 'q5_1', 'q8_0', 'q2_K', 'q3_K', 'q4_K', 'q5_K', 'q6_K'];

for (const name of shapes) {
  test.serial(`so do generated files in the shape of ${name}, however they are quantised`, async (t) => {
    t.timeout(3_600_000);
    const folder = scratchFolder();
    const shape = PUBLISHED[name];
    if (!shape) throw new Error(name);
    try {
      for (const type of types.filter((type) => shape.state % 256 === 0 || !type.endsWith('_K'))) {
        const path = folder.write('model.bin', '');
        writeModel(path, shape, type);
        const found = await compareModel(path, CONVERSATION, type === 'f16');
        t.is(found.weights.predicted, found.weights.ledger, `${type}: the weights, to the byte`);
        for (const [what, compared] of Object.entries(found)) assertClose(t, `${type}, ${what}`, compared);
      }
    } finally {
      folder.remove();
    }
  });
}

test.serial('weights that whisper.cpp would end the process over are refused', async (t) => {
  const folder = scratchFolder();
  try {
    for (const type of ['f32', 'q6_K']) {
      const path = folder.write('model.bin', '');
      writeModel(path, PUBLISHED.tiny as ModelShape, type);
      await t.throwsAsync(binding().inspectModel(path), { code: 'ERR_MODEL_FORMAT' }, type);
    }
  } finally {
    folder.remove();
  }
});

test.serial('diarization nets and their sessions take what is predicted', async (t) => {
  const addon = binding();
  const cancel = new addon.CancelToken();
  const held = () => nativeBytes().diarization ?? 0;
  const predicted = await addon.inspectDiarizer(SEGMENTATION, EMBEDDING);
  t.is(held(), 0, 'nothing was loaded for it');
  const diarizer = await addon.loadDiarizer(SEGMENTATION, EMBEDDING, cancel);
  const weights = held();
  t.is(predicted.weightBytes, weights, 'the weights, to the byte');
  const plan = { channel: -1, ffmpegPath: '', begin: 0, end: Number.POSITIVE_INFINITY, chunkSamples: 480000 };
  for (const threads of [1, 2, 4]) {
    const session = await diarizer.open({ threads, maxSpeakers: 0, channels: false, vadModel: '' });
    const planner = await addon.openPlanner({ path: JFK }, { ...plan, vadModel: '', diarization: session }, cancel);
    await Promise.all([session.run(cancel), planner.drain(cancel)]);
    const compared = { predicted: predicted.sessionBytes + threads * predicted.threadBytes, ledger: held() - weights };
    assertClose(t, `${threads} threads`, compared);
    await planner.close();
    await session.close();
  }
  await diarizer.close();
});

test.serial('a session by channel takes what is predicted for its format', async (t) => {
  const addon = binding();
  const cancel = new addon.CancelToken();
  const held = () => Object.values(nativeBytes()).reduce((sum, bytes) => sum + bytes, 0);
  // Two seconds of silence in stereo, the second of which the planner is not let to read.
  const rate = 44100;
  const folder = scratchFolder();
  const data = Buffer.alloc(2 * rate * 4);
  const header = Buffer.from(
    'RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x02\0\0\0\0\0\0\0\0\0\x04\0\x10\0data\0\0\0\0',
    'latin1',
  );
  header.writeUInt32LE(36 + data.length, 4);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * 4, 28);
  header.writeUInt32LE(data.length, 40);
  const path = folder.write('stereo.wav', Buffer.concat([header, data]));
  const diarizer = await addon.loadDiarizer(SEGMENTATION, EMBEDDING, cancel);
  try {
    const predicted = await addon.inspectDiarizer(SEGMENTATION, EMBEDDING, { sampleRate: rate, channels: 2 });
    const before = held();
    const session = await diarizer.open({ threads: 1, maxSpeakers: 0, channels: true, vadModel: SILERO });
    const plan = { channel: -1, ffmpegPath: '', begin: 0, end: Number.POSITIVE_INFINITY, chunkSamples: 480000 };
    const planner = await addon.openPlanner({ path }, { ...plan, vadModel: '', diarization: session }, cancel);
    const audio = nativeBytes().audio ?? 0;
    // The peak is while it runs: what it tells of comes then.
    let most = 0;
    const running = session.run(cancel, () => {});
    const timer = setInterval(() => {
      most = Math.max(most, held() - before - (nativeBytes().audio ?? 0));
    }, 1);
    await new Promise((resolve) => setTimeout(resolve, 200)); // all is allocated; it waits for audio
    clearInterval(timer);
    t.true(audio > 0);
    assertClose(t, 'by channel', { predicted: predicted.channelSessionBytes, ledger: most });
    await planner.drain(cancel);
    await running;
    await planner.close();
    await session.close();
  } finally {
    await diarizer.close();
    folder.remove();
  }
});

test.serial('a planner takes no more than is predicted, and little less', async (t) => {
  const addon = binding();
  const cancel = new addon.CancelToken();
  const seconds = 2;
  const planner = await addon.openPlanner(
    { path: JFK },
    {
      channel: -1,
      ffmpegPath: '',
      begin: 0,
      end: Number.POSITIVE_INFINITY,
      chunkSamples: seconds * 16000,
      vadModel: SILERO,
    },
    cancel,
  );
  const chunks = [await planner.next(cancel), await planner.next(cancel)];
  const ledger = Object.values(nativeBytes()).reduce((sum, bytes) => sum + bytes, 0);
  const predicted = addon.audioBytes(seconds * 16000, 2);
  t.true(ledger <= predicted, `predicted ${predicted}, ledger ${ledger}`);
  t.true(predicted - ledger < 500_000, `predicted ${predicted}, ledger ${ledger}`);
  for (const chunk of chunks) chunk?.release();
  await planner.close();
});
