import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import type {
  NativeAudioInfo,
  NativeCancelToken,
  NativeChunk,
  NativeDecodeOptions,
  NativeDecodeResult,
  NativePlanner,
  NativeSegment,
  NativeState,
} from '../../lib/binding.js';
import { decodeInOrder, type Work } from '../../lib/pipeline/scheduler.js';
import { Workers } from '../../lib/pipeline/workers.js';
import { random } from '../helpers/speech.js';

/** An engine that decodes nothing, but counts what is alive. */
class Fake {
  chunks = 0;
  mostChunks = 0;
  planned = 0;
  states = 0;
  mostStates = 0;
  decodes = 0;
  running = 0;
  mostRunning = 0;
  optionsAsked = 0;
  readonly cancel: NativeCancelToken = new (class {
    cancelled = false;
    cancel(): void {
      this.cancelled = true;
    }
  })();
  failPlan = -1;
  failCreate = -1;
  failOptions = false;
  /** Tells that there may be more or fewer workers. */
  changed = () => {};
  /** What decoding a chunk does. */
  decode: (chunk: NativeChunk, attempt: number, onSegments?: (segments: NativeSegment[]) => void) => Promise<void> =
    async () => {};

  constructor(
    readonly total: number,
    public workers: number,
  ) {}

  work(): Work {
    const abortable = () => {
      if (this.cancel.cancelled) throw Object.assign(new Error('aborted'), { code: 'ERR_ABORTED' });
    };
    const planner: NativePlanner = {
      info: {} as NativeAudioInfo,
      position: 0,
      next: async () => {
        await sleep(0);
        abortable();
        if (this.planned === this.failPlan) throw Object.assign(new Error('corrupt'), { code: 'ERR_AUDIO_FORMAT' });
        if (this.planned === this.total) return null;
        return this.#chunk(this.planned++);
      },
      drain: async () => {},
      contentDigest: async () => undefined,
      close: async () => {},
    };
    const createState = async (): Promise<NativeState> => {
      if (this.states === this.failCreate) throw Object.assign(new Error('full'), { code: 'ERR_MEMORY_LIMIT' });
      this.mostStates = Math.max(this.mostStates, ++this.states);
      let busy = false;
      const attempts = new Map<number, number>();
      return {
        byteSize: 0,
        closed: false,
        decode: async (chunk, _options, _cancel, onSegments): Promise<NativeDecodeResult> => {
          if (busy) throw new Error('two decodes at once on one worker');
          busy = true;
          this.decodes++;
          this.mostRunning = Math.max(this.mostRunning, ++this.running);
          const attempt = (attempts.get(chunk.index) ?? 0) + 1;
          attempts.set(chunk.index, attempt);
          try {
            abortable();
            await this.decode(chunk, attempt, onSegments);
            abortable();
            return { segments: [], remarks: [], windows: 1, fallbacks: 0 };
          } finally {
            busy = false;
            this.running--;
          }
        },
        detectLanguage: async () => ({ language: 'en', probability: 1 }),
        close: async () => {
          if (busy) throw new Error('closed while busy');
          this.states--;
        },
      };
    };
    const decodeOptions = async () => {
      this.optionsAsked++;
      if (this.failOptions) throw Object.assign(new Error('no language'), { code: 'ERR_DECODE' });
      return {} as NativeDecodeOptions;
    };
    const workers = new Workers({
      workers: () => this.workers,
      take: createState,
      give: (state) => state.close(),
    });
    this.changed = () => workers.changed();
    return { planner, cancel: this.cancel, workers, decodeOptions };
  }

  #chunk(index: number): NativeChunk {
    this.mostChunks = Math.max(this.mostChunks, ++this.chunks);
    let held = true;
    const span = { begin: index * 100, end: index * 100 + 100 };
    const release = () => {
      if (held) this.chunks--;
      held = false;
    };
    return { index, ...span, owned: span, endsInSpeech: false, speech: [span], digest: String(index), release };
  }
}

async function indexes(fake: Fake, each: (index: number) => Promise<void> | void = () => {}): Promise<number[]> {
  const all: number[] = [];
  for await (const { chunk } of decodeInOrder(fake.work())) {
    all.push(chunk.index);
    await each(chunk.index);
  }
  return all;
}

const upTo = (n: number) => [...Array(n).keys()];

test('the order of the chunks is kept, whatever finishes first; nothing is left', async (t) => {
  for (const workers of [1, 2, 3]) {
    const next = random(workers);
    const fake = new Fake(40, workers);
    fake.decode = () => sleep(2 + next() * 8);
    t.deepEqual(await indexes(fake), upTo(40));
    t.is(fake.mostStates, workers);
    t.is(fake.mostRunning, workers, 'all workers are used');
    t.true(fake.mostChunks <= 2 * workers + 1, `${fake.mostChunks} chunks alive with ${workers} workers`);
    t.is(fake.optionsAsked, 40);
    t.deepEqual([fake.chunks, fake.states, fake.running], [0, 0, 0]);
  }
});

test('no chunk at all; fewer chunks than workers make fewer workers', async (t) => {
  const none = new Fake(0, 4);
  t.deepEqual(await indexes(none), []);
  t.is(none.mostStates, 0);
  const few = new Fake(2, 8);
  t.deepEqual(await indexes(few), [0, 1]);
  t.true(few.mostStates <= 2);
});

test('a slow consumer holds up planning: what is ahead of it is bounded', async (t) => {
  const fake = new Fake(100, 2);
  let most = 0;
  const all = await indexes(fake, async (index) => {
    if (index < 10) await sleep(10);
    most = Math.max(most, fake.planned - index);
  });
  t.is(all.length, 100);
  t.true(most <= 2 * 2 + 2, `${most} chunks ahead`);
});

test('a failure in the middle ends it with that error, after what was before it', async (t) => {
  const fake = new Fake(30, 3);
  fake.decode = async (chunk) => {
    await sleep(chunk.index % 3);
    if (chunk.index === 10) throw Object.assign(new Error('bad'), { code: 'ERR_MEMORY_LIMIT' });
  };
  const seen: number[] = [];
  await t.throwsAsync(
    indexes(fake, (index) => void seen.push(index)),
    { code: 'ERR_MEMORY_LIMIT' },
  );
  t.deepEqual(seen, upTo(10));
  t.deepEqual([fake.chunks, fake.states, fake.running], [0, 0, 0]);
});

test('a chunk that cannot be decoded is tried again, then reported; the others are decoded', async (t) => {
  const fake = new Fake(6, 2);
  const tried: number[] = [];
  fake.decode = async (chunk, attempt) => {
    tried.push(chunk.index);
    const hopeless = chunk.index === 4;
    if (hopeless || (chunk.index === 2 && attempt === 1)) throw Object.assign(new Error('nan'), { code: 'ERR_DECODE' });
  };
  const results = new Map<number, NativeDecodeResult>();
  for await (const { chunk, result } of decodeInOrder(fake.work())) results.set(chunk.index, result);
  t.deepEqual([...results.keys()], upTo(6));
  t.is(tried.length, 8);
  t.deepEqual(results.get(2)?.remarks, []);
  t.deepEqual(results.get(4)?.remarks, [{ begin: 400, end: 500, status: 'failed', reason: 'nan' }]);
  t.is(fake.chunks, 0);
});

test('a chunk that fails after a window keeps what it had, once, whoever is told of it', async (t) => {
  const segment = { begin: 100, end: 140, text: 'heard' } as NativeSegment;
  for (const told of [false, true]) {
    const fake = new Fake(3, 2);
    let attempts = 0;
    fake.decode = async (chunk, _attempt, onSegments) => {
      if (chunk.index !== 1) return;
      attempts++;
      onSegments?.([segment]);
      throw Object.assign(new Error('nan'), { code: 'ERR_DECODE' });
    };
    const early: NativeSegment[] = [];
    const work = fake.work();
    if (told) work.onWindow = (_, segments) => void early.push(...segments);
    const results: NativeDecodeResult[] = [];
    for await (const { result } of decodeInOrder(work)) results.push(result);
    t.is(attempts, 1);
    t.deepEqual(early, told ? [segment] : []);
    t.deepEqual(results[1]?.segments, [segment]);
    t.deepEqual(results[1]?.remarks, [{ begin: 140, end: 200, status: 'failed', reason: 'nan' }]);
  }
});

test('planning fails: what was planned is given first, then the error', async (t) => {
  const fake = new Fake(20, 2);
  fake.failPlan = 7;
  const seen: number[] = [];
  await t.throwsAsync(
    indexes(fake, (index) => void seen.push(index)),
    { code: 'ERR_AUDIO_FORMAT' },
  );
  t.deepEqual(seen, upTo(7));
  t.deepEqual([fake.chunks, fake.states], [0, 0]);
});

test('a worker that cannot be made, options that cannot be had: no chunk is left behind', async (t) => {
  for (const [code, spoil] of [
    ['ERR_MEMORY_LIMIT', { failCreate: 0 }],
    ['ERR_DECODE', { failOptions: true }],
  ] as const) {
    const fake: Fake = Object.assign(new Fake(20, 3), spoil);
    fake.decode = () => sleep(5);
    await t.throwsAsync(indexes(fake), { code });
    t.deepEqual([fake.chunks, fake.states, fake.running], [0, 0, 0], JSON.stringify(spoil));
  }
});

test('left early: cancelled, awaited, freed', async (t) => {
  const fake = new Fake(50, 3);
  fake.decode = () => sleep(4);
  for await (const { chunk } of decodeInOrder(fake.work())) if (chunk.index === 5) break;
  t.true(fake.cancel.cancelled);
  t.deepEqual([fake.chunks, fake.states, fake.running], [0, 0, 0]);
  t.true(fake.planned < 20);
});

test('cancelled at any moment: it ends with the error and leaves nothing', async (t) => {
  const next = random(21);
  for (let round = 0; round < 40; round++) {
    const fake = new Fake(1000, 1 + (round % 3));
    fake.decode = () => sleep(next() * 4);
    setTimeout(() => fake.cancel.cancel(), next() * 60);
    await t.throwsAsync(indexes(fake), { code: 'ERR_ABORTED' });
    t.deepEqual([fake.chunks, fake.states, fake.running], [0, 0, 0]);
  }
});

test('a job that was not cancelled is not cancelled by its end', async (t) => {
  const fake = new Fake(3, 2);
  await indexes(fake);
  t.false(fake.cancel.cancelled);
});

test('no memory for a further worker: those that are there do the work', async (t) => {
  const fake = new Fake(20, 4);
  fake.failCreate = 2;
  fake.decode = async () => sleep(20);
  const order: number[] = [];
  for await (const { chunk } of decodeInOrder(fake.work())) order.push(chunk.index);
  t.deepEqual(order, [...Array(20).keys()]);
  t.is(fake.mostRunning, 2);
  t.is(fake.states, 0);
});

test('fewer workers from the next chunk on, and more again: surplus ones are freed at once', async (t) => {
  const fake = new Fake(60, 4);
  fake.decode = async () => sleep(20);
  const work = fake.work();
  const states: number[] = [];
  for await (const { chunk } of decodeInOrder(work)) {
    if (chunk.index === 10 || chunk.index === 35) {
      fake.workers = chunk.index === 10 ? 1 : 3;
      fake.changed();
    }
    if (chunk.index === 25 || chunk.index === 55) states.push(fake.states);
  }
  t.deepEqual(states, [1, 3]);
  t.is(work.workers.most, 4);
  t.is(fake.states, 0);
});
