import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import test from 'ava';
import { HearkenError } from '../../lib/errors.js';
import {
  listModels,
  modelPath,
  resolveDiarizationModels,
  resolveModel,
  resolveVadModel,
  verifyModel,
} from '../../lib/models/index.js';
import { registry } from '../../lib/models/registry.js';
import { entryOf, fakeModel } from '../helpers/model-server.js';

const folder = mkdtempSync(join(tmpdir(), 'hearken-resolve-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

const content = fakeModel(100);
const entries = [...registry(), entryOf(content)];

async function refusal(
  t: { throwsAsync: (p: Promise<unknown>) => Promise<Error | undefined> },
  promise: Promise<unknown>,
) {
  const error = (await t.throwsAsync(promise)) as HearkenError;
  if (!(error instanceof HearkenError)) throw error;
  return error;
}

test('nothing, tiny.en and its alias are the embedded file', async (t) => {
  const path = await resolveModel();
  t.is(basename(path), 'ggml-tiny.en-q8_0.bin');
  t.is(await resolveModel('tiny.en', { modelsDir: folder }), path);
  t.is(await resolveModel('tiny.en-q8_0', { offline: true }), path);
  t.is(await modelPath('tiny.en'), path);
  t.is(basename(await resolveVadModel()), 'ggml-silero-v6.2.3.bin');
  const { segmentation, embedding } = await resolveDiarizationModels();
  t.deepEqual(
    [segmentation, embedding].map((p) => basename(p)),
    ['pyannote-segmentation-3.0.gguf', 'campplus-zh-en.gguf'],
  );
});

test('a name that was pulled is its file; a file of another size is refused', async (t) => {
  const modelsDir = mkdtempSync(join(folder, 'pulled-'));
  t.is(await modelPath('fake', { modelsDir, entries }), undefined);
  writeFileSync(join(modelsDir, 'ggml-fake.bin'), content);
  t.is(await resolveModel('fake', { modelsDir, entries }), join(modelsDir, 'ggml-fake.bin'));
  t.is((await listModels({ modelsDir, entries })).find((m) => m.name === 'fake')?.state, 'pulled');
  writeFileSync(join(modelsDir, 'ggml-fake.bin'), content.subarray(1));
  const error = await refusal(t, resolveModel('fake', { modelsDir, entries }));
  t.is(error.code, 'ERR_MODEL_CHECKSUM');
  t.regex(error.message, /hearken models pull fake/);
  t.is((await listModels({ modelsDir, entries })).find((m) => m.name === 'fake')?.state, 'damaged');
});

test('a name that was not pulled: the message has the command, nothing is downloaded', async (t) => {
  const online = await refusal(t, resolveModel('base', { modelsDir: folder, offline: false }));
  t.is(online.code, 'ERR_MODEL_NOT_FOUND');
  t.regex(online.message, /hearken models pull base' \(148 MB\)/);
  const offline = await refusal(t, resolveModel('base', { modelsDir: folder, offline: true }));
  t.is(offline.code, 'ERR_MODEL_OFFLINE');
});

test('a path is taken as it is; a missing one names its neighbours', async (t) => {
  const path = join(folder, 'mine.bin');
  writeFileSync(path, content);
  t.is(await resolveModel(path), path);
  const missing = await refusal(t, resolveModel(join(folder, 'mime.bin')));
  t.is(missing.code, 'ERR_MODEL_NOT_FOUND');
  t.true(missing.message.includes(join(folder, 'mime.bin')));
  t.regex(missing.message, /Near it: mine\.bin/);
  mkdirSync(join(folder, 'folder.bin'));
  t.regex((await refusal(t, resolveModel(join(folder, 'folder.bin')))).message, /is a folder/);
  t.regex((await refusal(t, resolveModel('https://example.org/ggml-base.bin'))).message, /is an address/);
});

test('wrong names are refused, with a near one', async (t) => {
  const error = await refusal(t, resolveModel('bse'));
  t.is(error.code, 'ERR_MODEL_NOT_FOUND');
  t.regex(error.message, /Did you mean base/);
  const others: [string, RegExp][] = [
    ['silero-v6.2.3', /finds speech but does not transcribe/],
    ['pyannote-segmentation-3.0', /finds where speakers change but does not transcribe/],
    ['campplus-zh-en', /tells voices apart but does not transcribe/],
  ];
  for (const [name, message] of others) {
    const other = await refusal(t, resolveModel(name));
    t.is(other.code, 'ERR_MODEL_FORMAT');
    t.regex(other.message, message);
  }
  t.is((await refusal(t, resolveModel(''))).code, 'ERR_INVALID_ARG');
  t.is((await refusal(t, resolveModel('a/b\0c'))).code, 'ERR_INVALID_ARG');
});

test('a name cannot leave the folder', async (t) => {
  const modelsDir = join(folder, 'in', 'side');
  mkdirSync(modelsDir, { recursive: true });
  writeFileSync(join(folder, 'in', 'ggml-out.bin'), content);
  for (const name of [
    '../ggml-out',
    '..',
    '../out',
    '/etc/passwd-none',
    'C:\\models\\x',
    '..\\out',
    'x\0',
    '%2e%2e/out',
  ]) {
    const error = await refusal(t, modelPath(name, { modelsDir }));
    t.true(['ERR_MODEL_NOT_FOUND', 'ERR_INVALID_ARG'].includes(error.code), name);
  }
});

test('verify: the embedded models, a flipped byte, a foreign file, a cut file', async (t) => {
  for (const name of ['tiny.en', 'silero-v6.2.3', 'pyannote-segmentation-3.0', 'campplus-zh-en']) {
    const { ok, method } = await verifyModel(name);
    t.true(ok);
    t.is(method, 'sha256');
  }
  const modelsDir = mkdtempSync(join(folder, 'verify-'));
  const path = join(modelsDir, 'ggml-fake.bin');
  writeFileSync(path, content);
  t.true((await verifyModel('fake', { modelsDir, entries })).ok);
  const flipped = Buffer.from(content);
  flipped[content.length - 7] = (flipped[content.length - 7] ?? 0) ^ 1;
  writeFileSync(path, flipped);
  for (const spec of ['fake', path]) {
    const result = await verifyModel(spec, { modelsDir, entries });
    t.false(result.ok);
    t.is(result.method, 'sha1');
    t.not(result.actual, result.expected);
    t.regex(result.problem ?? '', /hearken models pull fake/);
  }
  const other = join(modelsDir, 'other.bin');
  writeFileSync(other, content);
  t.like(await verifyModel(other), { ok: true, method: 'structure', name: undefined });
  for (const length of [0, 3, 30, 50, 60, content.length - 1]) {
    writeFileSync(other, content.subarray(0, length));
    t.false((await verifyModel(other)).ok, `${length} bytes`);
  }
  writeFileSync(other, '<!doctype html>'.repeat(20));
  t.regex((await verifyModel(other)).problem ?? '', /does not begin as a ggml file/);
  t.is((await refusal(t, verifyModel('base', { modelsDir }))).code, 'ERR_MODEL_NOT_FOUND');
  t.is((await refusal(t, verifyModel('tiny.en', { signal: AbortSignal.abort() }))).code, 'ERR_ABORTED');
});

test('the structure of the embedded Whisper file is whole', async (t) => {
  const { structureProblem } = await import('../../lib/models/ggml.js');
  t.is(await structureProblem(await resolveModel()), undefined);
});
