import { mkdirSync, readFileSync, truncateSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { binding } from '../../lib/binding.js';
import { type HearkenErrorCode, loadWhisperModel, modelPath, transcribe } from '../../lib/index.js';
import { resolveVadModel } from '../../lib/models/index.js';
import { assertEnded, childScript, runNode } from '../helpers/child.js';
import { assertIdle, rejects } from '../helpers/engine.js';
import { modelBytes, parseModel, scratchFolder, type TensorRecord, tensorBytes } from '../helpers/model-file.js';
import { JFK, random, rounds } from '../helpers/speech.js';

// A wrong, truncated or hostile file is refused with a code that says so. whisper.cpp's own loader never sees it.

const whole = (await modelPath('tiny.en')) as string;
const vad = await resolveVadModel();
const model = parseModel(whole);
const bytes = modelBytes(model);
const scratch = scratchFolder();
const small = [...model.tensors].sort((a, b) => a.data.length - b.data.length).slice(0, 3);
const tables = model.header.length + model.mels.length + model.vocabulary.length;

test.after.always(() => scratch.remove());
test.afterEach.always((t) => assertIdle(t));

async function refused(
  t: ExecutionContext,
  what: string,
  content: Uint8Array | string,
  code: HearkenErrorCode = 'ERR_MODEL_FORMAT',
): Promise<Error> {
  const path = scratch.write('spoilt.bin', content);
  const error = await rejects(t, code, () => loadWhisperModel(path), what);
  t.true(error.message.includes('spoilt.bin'), `the message names the file: ${error.message}`);
  return error;
}

test.serial('the parts put together are the file', (t) => {
  t.true(bytes.equals(readFileSync(whole)));
});

test.serial('files of another kind', async (t) => {
  await refused(t, 'empty', '');
  await refused(t, 'one byte', 'l');
  await refused(t, 'text', 'this is not a model\n'.repeat(1000));
  await refused(t, 'a wav', readFileSync(JFK));
  await refused(t, 'zeros', Buffer.alloc(100_000));
  await refused(t, 'ones', Buffer.alloc(100_000, 255));
  await refused(t, 'gguf', Buffer.concat([Buffer.from('GGUF\x03\0\0\0', 'latin1'), Buffer.alloc(1000)]));
  await refused(t, 'another byte order', Buffer.concat([Buffer.from('ggml'), bytes.subarray(4, 5000)]));
  await refused(t, 'the voice detector', readFileSync(vad));
  await rejects(t, 'ERR_MODEL_NOT_FOUND', () => loadWhisperModel(join(dirname(whole), 'no-such.bin')));
  const folder = join(dirname(scratch.write('x', '')), 'folder.bin');
  mkdirSync(folder);
  await rejects(t, 'ERR_MODEL_NOT_FOUND', () => loadWhisperModel(folder));
  await rejects(t, 'ERR_MODEL_FORMAT', () => transcribe(JFK, { model: vad }));
  if (process.platform === 'linux') await rejects(t, 'ERR_MODEL_NOT_FOUND', () => loadWhisperModel('/dev/null'));
});

test.serial('truncated anywhere', async (t) => {
  const next = random(1);
  const path = scratch.write('cut.bin', bytes);
  const cuts = [3, 4, 11, 47, 48, 52, 60, model.header.length + model.mels.length, tables - 1, tables, tables + 5];
  const lengths = [...cuts, ...Array.from({ length: rounds(40, 400) }, () => Math.floor(next() * bytes.length))];
  lengths.push(bytes.length - 1);
  for (const length of lengths.sort((a, b) => b - a)) {
    truncateSync(path, length);
    await rejects(t, 'ERR_MODEL_FORMAT', () => binding().inspectModel(path).catch(withCode), `cut at ${length}`);
  }
  for (const length of [bytes.length - 1, Math.floor(bytes.length / 2), tables]) {
    await refused(t, `loaded, cut at ${length}`, bytes.subarray(0, length));
  }
  await refused(t, 'garbage behind the end', Buffer.concat([bytes, Buffer.from('garbage')]));
  await refused(t, 'zeros behind the end', Buffer.concat([bytes, Buffer.alloc(1000)]));
});

// The addon's own errors are plain ones with a code; lib turns them into HearkenErrors.
async function withCode(error: unknown): Promise<never> {
  const { toHearkenError } = await import('../../lib/errors.js');
  throw toHearkenError(error);
}

test.serial('every field of the header with absurd values', async (t) => {
  for (let field = 0; field < 12; field++) {
    for (const value of [-1, 0, 1, 3, 65_536, 0x7fffffff, -0x80000000]) {
      const header = Buffer.from(model.header);
      if (header.readInt32LE(4 * field) === value) continue;
      header.writeInt32LE(value, 4 * field);
      const error = await refused(t, `field ${field} = ${value}`, modelBytes({ ...model, header, tensors: small }));
      // A number of text layers, or a weight type, may be sound in itself: then the tensors don't fit it.
      const sound = (field === 9 && [1, 3].includes(value)) || (field === 11 && [0, 1, 3].includes(value));
      t.is(/header says|magic number/.test(error.message), !sound, error.message);
    }
  }
});

test.serial('sound fields that do not belong together', async (t) => {
  for (const [field, value] of [
    [1, 51_865], // multilingual: the token embedding is too short
    [3, 512], // a base model's width
    [5, 6], // a base model's layers
    [9, 6],
    [10, 128],
    [11, 1], // f16
    [11, 2002], // q4_0
  ] as const) {
    const header = Buffer.from(model.header);
    header.writeInt32LE(value, 4 * field);
    await refused(t, `field ${field} = ${value}`, modelBytes({ ...model, header }));
  }
});

test.serial('tables with absurd lengths', async (t) => {
  const short = { ...model, tensors: small };
  for (const [at, value] of [
    [0, 0],
    [0, 81],
    [0, -1],
    [0, 0x7fffffff],
    [4, 200],
    [4, -1],
    [4, 0x7fffffff],
  ] as const) {
    const mels = Buffer.from(model.mels);
    mels.writeInt32LE(value, at);
    await refused(t, `mel ${at} = ${value}`, modelBytes({ ...short, mels }));
  }
  for (const [at, value] of [
    [0, 0],
    [0, -1],
    [0, 60_000],
    [0, 0x7fffffff],
    [4, 0x7fffffff],
    [4, -1],
    [4, 100_000],
  ] as const) {
    const vocabulary = Buffer.from(model.vocabulary);
    vocabulary.writeInt32LE(value, at);
    await refused(t, `vocabulary ${at} = ${value}`, modelBytes({ ...short, vocabulary }));
  }
});

test.serial('tensors that are absurd, misshapen, missing, doubled or unknown', async (t) => {
  const [first, ...rest] = model.tensors as [TensorRecord, ...TensorRecord[]];
  const changes: Record<string, Partial<TensorRecord>> = {
    'no dimensions': { dimensions: 0, shape: [] },
    'five dimensions': { dimensions: 5, shape: [384, 1500, 1, 1, 1] },
    'INT_MAX dimensions': { dimensions: 0x7fffffff },
    'negative dimensions': { dimensions: -1 },
    'negative name length': { nameLength: -1 },
    'huge name length': { nameLength: 0x7fffffff },
    'no name': { nameLength: 0, name: Buffer.alloc(0) },
    'a dimension of 0': { shape: [384, 0] },
    'a negative dimension': { shape: [-384, 1500] },
    'a huge dimension': { shape: [0x7fffffff, 0x7fffffff] },
    'dimensions swapped': { shape: [1500, 384] },
    'another shape of that size': { shape: [192, 3000] },
    'an unknown type': { type: 99 },
    'a negative type': { type: -1 },
    'a type that needs less': { type: 1 },
    'a type of quants': { type: 8 },
    'an unknown name': { name: Buffer.from('encoder.positional_embeddinG') },
    'a name with a NUL': { name: Buffer.from('encoder.positional_embeddin\0') },
    'a name that is not UTF-8': { name: Buffer.alloc(28, 0xff) },
    'the name of another': { name: (rest[3] as TensorRecord).name, nameLength: (rest[3] as TensorRecord).nameLength },
  };
  const behind = Buffer.concat([...rest.slice(0, 5).map(tensorBytes)]);
  const before = bytes.subarray(0, tables);
  for (const [what, change] of Object.entries(changes)) {
    await refused(t, what, Buffer.concat([before, tensorBytes({ ...first, ...change }), behind]));
  }
  await refused(t, 'doubled', Buffer.concat([before, tensorBytes(first), tensorBytes(first), behind]));
  await refused(t, 'one missing', modelBytes({ ...model, tensors: rest }));
  await refused(t, 'one too many', modelBytes({ ...model, tensors: [...model.tensors, first] }));
});

test.serial('random bytes of header and tables flipped: refused or read, never a crash', async (t) => {
  // With the smallest tensors only, so that most flips hit something that counts.
  const next = random(99);
  const path = scratch.write('fuzz.bin', '');
  const skeleton = Buffer.concat([bytes.subarray(0, tables), ...small.map(tensorBytes)]);
  const heads = skeleton.length;
  const outcomes = new Map<string, number>();
  for (let round = 0; round < rounds(300, 5000); round++) {
    const copy = Buffer.from(skeleton);
    for (let flip = 0; flip <= round % 4; flip++) {
      const low = next() < 0.4;
      const at = low ? Math.floor(next() * 60) : Math.floor(next() * heads);
      copy[at] = (copy[at] as number) ^ (1 << Math.floor(next() * 8));
    }
    scratch.write('fuzz.bin', copy);
    const code = await binding()
      .inspectModel(path)
      .then(
        () => 'read',
        (error: { code: string }) => error.code,
      );
    outcomes.set(code, (outcomes.get(code) ?? 0) + 1);
  }
  t.log(JSON.stringify([...outcomes]));
  t.deepEqual([...outcomes.keys()], ['ERR_MODEL_FORMAT'], 'this file is short of tensors in any case');
});

test.serial('damaged weights: a decode fails or gives text, and the process lives', async (t) => {
  const next = random(17);
  const path = scratch.write('weights.bin', '');
  const spoil: Record<string, (copy: Buffer) => void> = {
    // A float that every frame goes through.
    'NaN in the first bias': (copy) => {
      const bias = model.tensors.find((tensor) => tensor.name.toString() === 'encoder.conv1.bias') as TensorRecord;
      copy.writeFloatLE(Number.NaN, copy.indexOf(bias.data, tables));
    },
    'thousands of flips': (copy) => {
      for (let i = 0; i < 3000; i++) {
        const at = tables + Math.floor(next() * (copy.length - tables));
        if (isWeight(at)) copy[at] = (copy[at] as number) ^ (1 << Math.floor(next() * 8));
      }
    },
  };
  const spans: [number, number][] = [];
  for (let at = tables, i = 0; i < model.tensors.length; i++) {
    const tensor = model.tensors[i] as TensorRecord;
    const size = tensorBytes(tensor).length;
    spans.push([at + size - tensor.data.length, at + size]);
    at += size;
  }
  const isWeight = (at: number) => spans.some(([begin, end]) => at >= begin && at < end);
  for (let round = 0; round < rounds(0, 10); round++) {
    spoil[`a few flips (${round})`] = (copy) => {
      for (let i = 0; i < 10; i++) {
        const at = tables + Math.floor(next() * (copy.length - tables));
        if (isWeight(at)) copy[at] = (copy[at] as number) ^ (1 << Math.floor(next() * 8));
      }
    };
  }
  for (const [what, change] of Object.entries(spoil)) {
    const copy = Buffer.from(bytes);
    change(copy);
    scratch.write('weights.bin', copy);
    const ended = await runNode([childScript('decode-two-seconds'), path], { limit: 120 });
    assertEnded(t, ended, 0, what);
    if (what.startsWith('NaN')) t.regex(ended.stdout, /^failed: the model's output is not a number/, what);
    t.notRegex(ended.stdout, /null|NaN/, what);
  }
});
