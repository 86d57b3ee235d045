// The stages of life in which a process or a worker_thread is ended. Each is one kind of native work, done again and again, so that
// it is what runs at whatever moment the end comes.

import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';
import { binding, type NativeChunk, type NativeDiarization } from '../../../lib/binding.js';
import { diarize, loadDiarizer, loadWhisperModel, transcribe, transcribeChunked } from '../../../lib/index.js';
import { modelPath, resolveDiarizationModels, resolveVadModel } from '../../../lib/models/index.js';
import { DECODE_OPTIONS } from '../../helpers/decode-options.js';
import { CONVERSATION, JFK, RATE, repeatedSpeech } from '../../helpers/speech.js';

/** Never returns by itself. `reached` is called, once or more often, when the stage's work has just begun. */
type Stage = (reached: () => void) => Promise<void>;

const addon = () => binding();
const token = () => new (addon().CancelToken)();

async function forever(work: () => Promise<unknown>): Promise<void> {
  for (;;) await work();
}

const loadModel = async () => addon().loadModel((await modelPath('tiny.en')) as string, token());

async function openPlanner(path = CONVERSATION, diarization?: NativeDiarization) {
  const vadModel = await resolveVadModel();
  const plan = { channel: -1, ffmpegPath: '', begin: 0, end: Number.POSITIVE_INFINITY, chunkSamples: 12 * RATE };
  const listener = diarization ? { diarization } : {};
  return addon().openPlanner({ path }, { ...plan, ...listener, vadModel }, token());
}

/** A stream that gives one second and then nothing more. */
async function* starving(reached: () => void) {
  yield new Uint8Array(2 * RATE);
  reached();
  await new Promise(() => setInterval(() => {}, 1000));
}

export const STAGES: Record<string, Stage> = {
  async load(reached) {
    await forever(async () => {
      const loading = loadWhisperModel();
      reached();
      await (await loading).close();
    });
  },

  async nets(reached) {
    await forever(async () => {
      const loading = loadDiarizer();
      reached();
      await (await loading).close();
    });
  },

  async open(reached) {
    await forever(async () => {
      const opening = openPlanner(JFK);
      reached();
      await (await opening).close();
    });
  },

  async plan(reached) {
    await forever(async () => {
      const planner = await openPlanner();
      for (let chunk: NativeChunk | null = null; ; ) {
        const planning = planner.next(token());
        reached();
        chunk = await planning;
        if (!chunk) break;
      }
      await planner.close();
    });
  },

  async state(reached) {
    const model = await loadModel();
    await forever(async () => {
      const making = model.createState();
      reached();
      await (await making).close();
    });
  },

  async decode(reached) {
    const model = await loadModel();
    const states = await Promise.all([model.createState(), model.createState()]);
    const chunk = (await (await openPlanner()).next(token())) as NativeChunk;
    await forever(async () => {
      const decoding = states.map((state) => state.decode(chunk, DECODE_OPTIONS, token(), () => {}));
      reached();
      await Promise.all(decoding);
    });
  },

  async diarize(reached) {
    const diarizer = await loadDiarizer();
    await forever(async () => {
      const before = addon().counters().segmented;
      const job = diarize(CONVERSATION, { diarizer });
      while (addon().counters().segmented === before) await sleep(1);
      reached();
      await job;
    });
  },

  /** By its windows, with what was found in half of them given back. */
  async windows(reached) {
    const { segmentation, embedding } = await resolveDiarizationModels();
    const diarizer = await addon().loadDiarizer(segmentation, embedding, token());
    const known = new Map<string, Uint8Array>();
    await forever(async () => {
      const diarization = await diarizer.open({ threads: 2, maxSpeakers: 0, channels: false, vadModel: '' });
      const planner = await openPlanner(CONVERSATION, diarization);
      const reading = planner.drain(token());
      for (;;) {
        const listening = diarization.listen(token());
        reached();
        const told = await listening;
        if (!told) break;
        const { records } = await diarization.advance(
          told.map((digest) => known.get(digest) ?? null),
          token(),
        );
        told.forEach((digest, i) => {
          const record = records[i];
          if (record && i % 2 === 0) known.set(digest, record);
        });
      }
      await reading;
      await planner.contentDigest(token(), true);
      await Promise.all([planner.close(), diarization.close()]);
    });
  },

  /** Words and speakers at once, by way of the library: chunks in order, events, nets beside the decoders, a database. */
  async transcribe(reached) {
    await forever(async () => {
      const before = addon().counters().encodes;
      // In HEARKEN_DATA_DIR, which is the test's. Not in a thread: libsql does not survive a termination in mid-statement.
      const keeping = isMainThread ? { cache: true, force: true } : {};
      const job = transcribeChunked(CONVERSATION, { chunkSizeSeconds: 12, maxWorkers: 2, ...keeping });
      while (addon().counters().encodes === before) await sleep(1);
      reached();
      await job;
    });
  },

  async close(reached) {
    await forever(async () => {
      const model = await loadWhisperModel();
      const diarizer = await loadDiarizer();
      const closing = [model.close(), diarizer.close()];
      reached();
      await Promise.all(closing);
    });
  },

  /** A reader that waits for bytes which never come. */
  async starved(reached) {
    await transcribe(starving(reached), { pcm: { sampleFormat: 's16' }, diarize: false });
  },

  /** Who iterates does not go on, so that the job waits. */
  async unread(reached) {
    const job = transcribeChunked(repeatedSpeech(4), { chunkSizeSeconds: 12, maxSegmentLength: 1 });
    for await (const _ of job) {
      setTimeout(reached, 200);
      await new Promise(() => setInterval(() => {}, 1000));
    }
  },

  /** All that there is, loaded and open, and nothing at work. */
  async idle(reached) {
    const model = await loadModel();
    const planner = await openPlanner();
    const held = [model, await loadDiarizer(), await model.createState(), planner, await planner.next(token())];
    reached();
    await new Promise(() => setInterval(() => held, 1000));
  },
};

export const STAGE_NAMES = Object.keys(STAGES);

export async function enter(name: string, reached: () => void): Promise<void> {
  const stage = STAGES[name];
  if (!stage) throw new Error(`no such stage: ${name}`);
  let first = true;
  await stage(() => {
    if (first) reached();
    first = false;
  });
}
