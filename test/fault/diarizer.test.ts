import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { diarize, type HearkenErrorCode, loadDiarizer, modelPath } from '../../lib/index.js';
import { resolveDiarizationModels } from '../../lib/models/index.js';
import { assertIdle, rejects } from '../helpers/engine.js';
import { scratchFolder } from '../helpers/model-file.js';
import { CONVERSATION, JFK, random, rounds } from '../helpers/speech.js';

// A wrong, truncated or hostile GGUF file is refused with a code that says so, and nothing of it stays.

const { segmentation, embedding } = await resolveDiarizationModels();
const bytes = { segmentation: readFileSync(segmentation), embedding: readFileSync(embedding) };
const whisper = (await modelPath('tiny.en')) as string;
const scratch = scratchFolder();
const NETS = ['segmentation', 'embedding'] as const;

test.after.always(() => scratch.remove());
test.afterEach.always((t) => assertIdle(t));

async function refused(
  t: ExecutionContext,
  net: (typeof NETS)[number],
  what: string,
  content: Uint8Array | string,
  code: HearkenErrorCode = 'ERR_MODEL_FORMAT',
): Promise<void> {
  const path = scratch.write('spoilt.gguf', content);
  const error = await rejects(t, code, () => loadDiarizer({ [net]: path }), `${net}: ${what}`);
  t.true(error.message.includes('spoilt.gguf'), `the message names the file: ${error.message}`);
}

/** Where the tensor of this name is described, behind its name, which stands behind its length. */
function behindName(file: Buffer, name: string): number {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(name.length));
  return file.indexOf(Buffer.concat([length, Buffer.from(name)])) + 8 + name.length;
}

function withNumber(file: Buffer, at: number, value: bigint): Buffer {
  const copy = Buffer.from(file);
  copy.writeBigUInt64LE(value, at);
  return copy;
}

test.serial('files of another kind', async (t) => {
  for (const net of NETS) {
    await refused(t, net, 'empty', '');
    await refused(t, net, 'text', 'this is not a model\n'.repeat(1000));
    await refused(t, net, 'a wav', readFileSync(JFK));
    await refused(t, net, 'zeros', Buffer.alloc(100_000));
    await refused(t, net, 'only the magic', 'GGUF');
    await refused(t, net, 'a Whisper model', readFileSync(whisper));
    await refused(
      t,
      net,
      'another version',
      Buffer.concat([bytes[net].subarray(0, 4), Buffer.from([9]), bytes[net].subarray(5)]),
    );
  }
  await refused(t, 'segmentation', 'the other net', bytes.embedding);
  await refused(t, 'embedding', 'the other net', bytes.segmentation);
});

test.serial('files that are not there, or no files', async (t) => {
  const folder = join(dirname(scratch.write('x', '')), 'folder.gguf');
  mkdirSync(folder);
  await rejects(t, 'ERR_MODEL_NOT_FOUND', () => loadDiarizer({ segmentation: `${folder}/none` }));
  await rejects(t, 'ERR_MODEL_NOT_FOUND', () => loadDiarizer({ embedding: folder }));
  await rejects(t, 'ERR_INVALID_ARG', () => loadDiarizer({ segmentation: '' }));
  await rejects(t, 'ERR_INVALID_ARG', () => loadDiarizer({ model: segmentation } as never));
  if (process.platform === 'linux') {
    await rejects(t, 'ERR_MODEL_NOT_FOUND', () => loadDiarizer({ segmentation: '/dev/null' }));
  }
});

test.serial('truncated anywhere', async (t) => {
  const next = random(11);
  for (const net of NETS) {
    for (let round = 0; round < rounds(12, 200); round++) {
      const length = round < 4 ? Math.floor(next() * 4000) : Math.floor(next() * bytes[net].length);
      await refused(t, net, `cut at ${length}`, bytes[net].subarray(0, length));
    }
    await refused(t, net, 'only the end cut', bytes[net].subarray(0, -64)); // more than padding
  }
});

test.serial('wrong shapes and absurd sizes: refused before anything is allocated for them', async (t) => {
  const names = { segmentation: 'sincnet.filters', embedding: 'head.conv1.weight' };
  for (const net of NETS) {
    const file = bytes[net];
    const at = behindName(file, names[net]);
    t.true(at > 8 + names[net].length);
    const dimensions = file.readUInt32LE(at);
    t.true(dimensions >= 2 && dimensions <= 4);
    const first = file.readBigUInt64LE(at + 4);
    for (const value of [0n, 1n, first + 1n, first * 2n, 1n << 31n, 1n << 40n, (1n << 63n) - 1n, (1n << 64n) - 1n]) {
      await refused(t, net, `first dimension ${value}`, withNumber(file, at + 4, value));
    }
    for (const [what, place] of [
      ['tensors', 8],
      ['keys', 16],
    ] as const) {
      for (const value of [0n, 1n << 20n, 1n << 62n, (1n << 64n) - 1n]) {
        await refused(t, net, `${value} ${what}`, withNumber(file, place, value));
      }
    }
  }
});

test.serial('random bytes in the header: an error that says so, or a file that still works', async (t) => {
  const next = random(12);
  for (const net of NETS) {
    for (let round = 0; round < rounds(40, 2000); round++) {
      const copy = Buffer.from(bytes[net]);
      copy[Math.floor(next() * 6000)] = Math.floor(next() * 256);
      const path = scratch.write('spoilt.gguf', copy);
      const outcome = await loadDiarizer({ [net]: path }).then(
        (diarizer) => diarizer.close(),
        (error: { code: string }) => error.code,
      );
      t.true(outcome === undefined || outcome === 'ERR_MODEL_FORMAT', `round ${round}: ${outcome}`);
    }
  }
});

test.serial('weights that are no numbers', async (t) => {
  for (const net of NETS) {
    const copy = Buffer.from(bytes[net]);
    copy.fill(0xff, copy.length - 64); // NaN as f16 and f32
    await refused(t, net, 'NaN', copy);
  }
});

test.serial('the embedded nets by their paths are the default', async (t) => {
  const diarizer = await loadDiarizer({ segmentation, embedding });
  const given = await diarize(CONVERSATION, { diarizer });
  await diarizer.close();
  t.deepEqual(given.turns, (await diarize(CONVERSATION)).turns);
});

test.serial('arguments that make no sense', async (t) => {
  for (const spec of [null, 5, 'nets', { segmentation: '' }, { embedding: 5 }, { segmentation: null }, { vad: 'x' }]) {
    await rejects(t, 'ERR_INVALID_ARG', () => loadDiarizer(spec as never), JSON.stringify(spec));
  }
  for (const options of [null, 5, { signal: {} }, { signal: null }, { toString: 1 }, { threads: 2 }]) {
    await rejects(t, 'ERR_INVALID_ARG', () => loadDiarizer({}, options as never), JSON.stringify(options));
  }
});

test.serial('undefined means the default', async (t) => {
  const spec = { segmentation: undefined, embedding: undefined };
  const diarizer = await loadDiarizer(spec as object, { signal: undefined } as object);
  t.true(diarizer.byteSize > 0);
  await diarizer.close();
});

test.serial("a user's own path that is no file is told as one, not as a broken installation", async (t) => {
  const root = dirname(scratch.write('spoilt.gguf', 'x'));
  const absent = join(root, 'spoild.gguf');
  for (const net of ['segmentation', 'embedding']) {
    const load = (path: string) => () => loadDiarizer({ [net]: path });
    const { message } = await rejects(t, 'ERR_MODEL_NOT_FOUND', load(absent));
    t.true(message.includes(`no model file at ${absent}`) && message.includes('Near it: spoilt.gguf'), message);
    t.notRegex(message, /reinstall|models list/);
    t.regex((await rejects(t, 'ERR_MODEL_NOT_FOUND', load(root))).message, /is a folder/);
    t.regex((await rejects(t, 'ERR_MODEL_NOT_FOUND', load('https://example.org/a.gguf'))).message, /is an address/);
    t.regex((await rejects(t, 'ERR_INVALID_ARG', load('a\0b.gguf'))).message, /NUL/);
  }
});
