import { createHash } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import {
  binding,
  type NativeChunk,
  type NativeDecodeResult,
  type NativePlanner,
  type NativePlanOptions,
  type NativeSource,
} from '../../lib/binding.js';
import { toHearkenError } from '../../lib/errors.js';
import { resolveModel, resolveVadModel } from '../../lib/models/resolve.js';
import { DECODE_OPTIONS } from '../helpers/decode-options.js';
import { assertIdle } from '../helpers/engine.js';
import { folder } from '../helpers/folder.js';
import { REPO, sharedPath, sharedTest } from '../helpers/shared.js';
import { JFK, RATE, repeatedSpeech } from '../helpers/speech.js';

// What results are kept under: digests of files, of chunks, of the engine. Serial: each test looks at what is left of the process.

test.afterEach.always((t) => assertIdle(t));

const addon = binding();
const token = () => new addon.CancelToken();

const digestOf = (bytes: Uint8Array) => createHash('blake2b512').update(bytes).digest('hex').slice(0, 64);

async function open(source: NativeSource, options: Partial<NativePlanOptions> = {}): Promise<NativePlanner> {
  const plan = { channel: -1, ffmpegPath: '', begin: 0, end: Number.POSITIVE_INFINITY, chunkSamples: 12 * RATE };
  return addon.openPlanner(source, { ...plan, vadModel: '', ...options }, token());
}

function samplesSource(samples: Float32Array): NativeSource {
  const queue = new addon.ByteQueue();
  void queue.push(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength));
  queue.finish();
  return { queue, pcm: { sampleFormat: 'f32', sampleRate: RATE, channels: 1 } };
}

async function rejection(t: ExecutionContext, run: () => Promise<unknown>): Promise<string> {
  return toHearkenError(await t.throwsAsync(run)).code;
}

test.serial('the digest of a file is the first half of BLAKE2b-512', async (t) => {
  const home = folder(t);
  for (const length of [0, 1, 63, 127, 128, 129, 255, 256, 4097, 131_071, 131_072, 131_073, 3_000_001]) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 255);
    const path = join(home, `of ${length} bytes, ä`);
    writeFileSync(path, bytes);
    t.is(await addon.hashFile(path, token()), digestOf(bytes), `${length} bytes`);
  }
});

test.serial('a file that cannot be hashed is an error as one that cannot be opened', async (t) => {
  t.is(await rejection(t, () => addon.hashFile(join(folder(t), 'none.wav'), token())), 'ERR_AUDIO_NOT_FOUND');
  t.is(await rejection(t, () => addon.hashFile(folder(t), token())), 'ERR_AUDIO_NOT_FOUND');
  const cancel = token();
  cancel.cancel();
  t.is(await rejection(t, () => addon.hashFile(JFK, cancel)), 'ERR_ABORTED');
  t.throws(() => addon.hashFile(1 as unknown as string, token()), { code: 'ERR_INVALID_ARG' });
});

const FORMATS = ['jfk_16k.wav', 'jfk_vbr.mp3', 'jfk.flac', 'jfk_vorbis.ogg', 'jfk_441khz.m4a'];

for (const name of FORMATS) {
  const path = `audio/formats/${name}`;
  sharedTest.serial(path, `the digest of ${name} comes with its decoding`, async (t) => {
    const source = { path: sharedPath(path) };
    const expected = digestOf(readFileSync(source.path));
    const planner = await open(source);
    for (let chunk = await planner.next(token()); chunk; chunk = await planner.next(token())) chunk.release();
    t.is(await planner.contentDigest(token(), false), undefined);
    t.is(await planner.contentDigest(token(), true), expected);
    await planner.close();
    // Of a job that went no further than its beginning, too.
    const part = await open(source, { begin: RATE, end: 2 * RATE });
    await part.drain(token());
    t.is(await part.contentDigest(token(), true), expected);
    const asking = part.contentDigest(token(), true);
    t.throws(() => part.contentDigest(token(), true), { code: 'ERR_INVALID_ARG' });
    t.throws(() => part.contentDigest(token(), 1 as unknown as boolean), { code: 'ERR_INVALID_ARG' });
    await asking;
    await part.close();
    t.throws(() => part.contentDigest(token(), true), { code: 'ERR_CLOSED' });
  });
}

test.serial('what is no file has no digest', async (t) => {
  const file = readFileSync(JFK);
  const buffer = new addon.ByteBuffer(file.length);
  buffer.append(file);
  for (const source of [{ buffer }, samplesSource(repeatedSpeech(1))]) {
    const planner = await open(source);
    await planner.drain(token());
    t.is(await planner.contentDigest(token(), true), undefined);
    await planner.close();
  }
});

/** A minute of 48 kHz stereo, of which the reader has read the first half; what is done to the file then. */
async function changing(
  t: ExecutionContext,
  change: (path: string) => void,
  ask: (digest: (whole: boolean) => Promise<string | undefined>, path: string, before: string) => Promise<void>,
): Promise<void> {
  const path = join(folder(t), 'long.wav');
  const samples = Int16Array.from({ length: 60 * 96_000 }, (_, i) => ((i * 31) % 2001) - 1000);
  const header = Buffer.from(readFileSync(JFK).subarray(0, 44));
  header.writeUInt16LE(2, 22);
  header.writeUInt32LE(48_000, 24);
  header.writeUInt32LE(192_000, 28);
  header.writeUInt16LE(4, 32);
  header.writeUInt32LE(samples.byteLength, 40);
  header.write('data', 36, 'latin1');
  writeFileSync(path, Buffer.concat([header, new Uint8Array(samples.buffer)]));
  const before = digestOf(readFileSync(path));
  const planner = await open({ path }, { end: 30 * RATE });
  await planner.drain(token());
  await sleep(30); // file systems tell times apart that are some milliseconds apart
  change(path);
  await ask((whole) => planner.contentDigest(token(), whole), path, before);
  await planner.close();
}

const overwrite = (path: string, at: number) => writeSync(openSync(path, 'r+'), new Uint8Array([1, 2, 3]), 0, 3, at);

test.serial('a file that was written to where it had been read is an error', async (t) => {
  await changing(
    t,
    (path) => overwrite(path, 1_000_000),
    async (digest) => {
      for (const whole of [false, true]) {
        const error = toHearkenError(await t.throwsAsync(() => digest(whole)));
        t.is(error.code, 'ERR_AUDIO_CHANGED');
        t.regex(error.message, /long\.wav' changed while it was read: run it again/);
      }
    },
  );
});

test.serial('a file that grew, was touched, or was written to where nobody had read is none', async (t) => {
  await changing(
    t,
    (path) => appendFileSync(path, 'more'),
    async (digest) => {
      t.is(await digest(false), undefined);
      t.is(await digest(true), undefined);
    },
  );
  await changing(
    t,
    (path) => utimesSync(path, 1, 1),
    async (digest, _, before) => {
      t.is(await digest(false), undefined);
      t.is(await digest(true), before);
    },
  );
  await changing(
    t,
    (path) => overwrite(path, 10_000_000),
    async (digest, path, before) => {
      t.is(await digest(true), digestOf(readFileSync(path)));
      t.not(await digest(true), before);
    },
  );
});

test.serial('a file that another one took the place of is the one that was opened', async (t) => {
  await changing(
    t,
    (path) => {
      writeFileSync(`${path}.new`, readFileSync(JFK));
      renameSync(`${path}.new`, path);
    },
    async (digest, _, before) => {
      t.is(await digest(false), undefined);
      t.is(await digest(true), before);
    },
  );
});

/** A decode's result with all times from the chunk's beginning. */
function relative(result: NativeDecodeResult, begin: number): NativeDecodeResult {
  const moved = <T extends { begin: number; end: number }>(span: T): T => ({
    ...span,
    begin: span.begin - begin,
    end: span.end - begin,
  });
  return {
    ...result,
    segments: result.segments.map((segment) => ({ ...moved(segment), words: segment.words.map(moved) })),
    remarks: result.remarks.map(moved),
  };
}

test.serial('chunks of the same digest give the same text, wherever in the audio they lie', async (t) => {
  const model = await addon.loadModel(await resolveModel(), token());
  const state = await model.createState();
  const speech = repeatedSpeech(2);
  const results = new Map<string, NativeDecodeResult>();
  let again = 0;

  const plan = async (silence: number, options: Partial<NativePlanOptions>) => {
    const samples = new Float32Array(silence + speech.length);
    samples.set(speech, silence);
    const planner = await open(samplesSource(samples), { vadModel: await resolveVadModel(), ...options });
    const chunks: NativeChunk[] = [];
    for (let chunk = await planner.next(token()); chunk; chunk = await planner.next(token())) chunks.push(chunk);
    for (const chunk of chunks) {
      const result = relative(await state.decode(chunk, DECODE_OPTIONS, token()), chunk.begin);
      const known = results.get(chunk.digest);
      if (known) {
        t.deepEqual(result, known, `silence of ${silence}, chunk ${chunk.index} at ${chunk.begin}`);
        again++;
      }
      results.set(chunk.digest, result);
      chunk.release();
    }
    await planner.close();
    return chunks.map(({ digest }) => digest);
  };

  const digests = await plan(0, {});
  t.true(digests.length >= 2 && new Set(digests).size === digests.length);
  // A range that begins anywhere in the audio.
  t.deepEqual(await plan(98_765, { begin: 98_765 }), digests);
  t.is(again, digests.length);
  // Silence that is skipped: the detector works in frames of 512 samples.
  const later = await plan(512 * 300, {});
  t.true(
    later.some((digest) => digests.includes(digest)),
    'some chunks are the same',
  );
  t.true(again > digests.length);
  await Promise.all([state.close(), model.close()]);
});

test.serial('the digest of a chunk is of each sample and of the speech in it', async (t) => {
  const speech = repeatedSpeech(1);
  const first = async (samples: Float32Array, options: Partial<NativePlanOptions> = {}) => {
    const planner = await open(samplesSource(samples), options);
    const chunk = (await planner.next(token())) as NativeChunk;
    chunk.release();
    await planner.close();
    return chunk;
  };
  const { digest } = await first(speech);
  t.regex(digest, /^[0-9a-f]{64}$/);
  t.is((await first(speech)).digest, digest);
  const other = Float32Array.from(speech);
  other[5 * RATE] = (other[5 * RATE] as number) + 2 ** -20;
  t.not((await first(other)).digest, digest);
  t.not((await first(speech, { end: speech.length - 1 })).digest, digest);
  // The same samples, with and without what the detector says of them.
  const heard = await first(speech, { vadModel: await resolveVadModel() });
  const range = { begin: heard.begin, end: heard.end };
  const unheard = await first(speech, range);
  t.deepEqual([unheard.begin, unheard.end], [heard.begin, heard.end]);
  t.notDeepEqual(unheard.speech, heard.speech);
  t.not(unheard.digest, heard.digest);
});

test.serial("the engine's digest is of the sources that it was built from", async (t) => {
  const { engineDigest } = (await import(pathToFileURL(join(REPO, 'scripts', 'engine-digest.mjs')).href)) as {
    engineDigest: (root?: string) => string;
  };
  t.is(addon.version.engine, engineDigest(), 'the addon is older than its sources: npm run build:native');
  const copy = folder(t);
  for (const part of ['native', 'cmake', 'deps/patches', 'deps/whisper.cpp.sha256', 'CMakeLists.txt']) {
    mkdirSync(dirname(join(copy, part)), { recursive: true });
    cpSync(join(REPO, part), join(copy, part), { recursive: true });
  }
  t.is(engineDigest(copy), addon.version.engine);
  const source = join(copy, 'native', 'asr', 'loops.cc');
  const text = readFileSync(source, 'utf8');
  writeFileSync(source, text.replaceAll('\n', '\r\n'));
  t.is(engineDigest(copy), addon.version.engine, 'line ends');
  writeFileSync(source, text.replace('return', 'return '));
  t.not(engineDigest(copy), addon.version.engine);
  writeFileSync(source, text);
  writeFileSync(join(copy, 'native', 'asr', 'more.cc'), '');
  t.not(engineDigest(copy), addon.version.engine);
});
