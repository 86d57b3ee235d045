import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import type { DoctorReport } from '../../lib/cli/doctor-checks.js';
import { findEngine } from '../../lib/engine.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const base = mkdtempSync(join(tmpdir(), 'hearken-doctor-'));
test.after.always(() => rmSync(base, { recursive: true, force: true }));

/** An installation of its own without an addon, so that what is missing or damaged there harms nothing here. */
function installation(): string {
  const folder = mkdtempSync(join(base, 'install-'));
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));
  cpSync(join(root, 'bin'), join(folder, 'bin'), { recursive: true, dereference: true });
  cpSync(join(root, 'dist', 'lib'), join(folder, 'dist', 'lib'), { recursive: true });
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, 'hearken-models'), { recursive: true });
  for (const name of ['commander', 'node-gyp-build', 'libsql']) {
    symlinkSync(join(root, 'node_modules', name), join(modules, name), 'junction');
  }
  const models = join(root, 'node_modules', 'hearken-models');
  const files = readdirSync(models).filter((file) => /\.(bin|gguf|json)$/.test(file));
  for (const file of files) cpSync(join(models, file), join(modules, 'hearken-models', file));
  return folder;
}

function doctor(folder: string, args: string[] = [], env: Record<string, string> = {}) {
  return new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const own = { HEARKEN_MODELS_DIR: join(base, 'none'), HEARKEN_DATA_DIR: join(base, 'data') };
    const options = { env: { ...process.env, ...own, ...env }, cwd: base };
    const child = execFile(
      process.execPath,
      [join(folder, 'bin', 'hearken.js'), 'doctor', ...args],
      options,
      (_, out, err) => resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });
}

const reportOf = (out: string) => JSON.parse(out) as DoctorReport;

test('without an addon: says so and what to do, checks the rest, exit code 1', async (t) => {
  const folder = installation();
  const { code, out, err } = await doctor(folder);
  t.is(code, 1);
  t.is(err, '');
  t.regex(out, /^error: there is no binary of hearken for .*\n {2}→ run 'npx hearken build'/m);
  t.regex(out, /^model +tiny\.en, embedded, SHA-256 verified: /m);
  t.regex(out, /^model +silero-v6\.2\.3, embedded, SHA-256 verified: /m);
  t.regex(out, /^model +pyannote-segmentation-3\.0, embedded, SHA-256 verified: /m);
  t.regex(out, /^model +campplus-zh-en, embedded, SHA-256 verified: /m);
  t.regex(out, /^memory +[\d.]+ GB, of which/m);
  t.regex(out, /^container limit +\S/m);
  t.regex(out, /hearken does not work yet\.\n$/);
});

test('an addon that is no library, and damaged models', async (t) => {
  const folder = installation();
  mkdirSync(join(folder, 'build', 'Release'), { recursive: true });
  writeFileSync(join(folder, 'build', 'Release', 'hearken.node'), 'not a library');
  const models = join(folder, 'node_modules', 'hearken-models');
  const vad = join(models, 'ggml-silero-v6.2.3.bin');
  const bytes = readFileSync(vad);
  bytes[4321] = (bytes[4321] ?? 0) ^ 1;
  writeFileSync(vad, bytes);
  rmSync(join(models, 'ggml-tiny.en-q8_0.bin'));
  rmSync(join(models, 'campplus-zh-en.gguf'));
  writeFileSync(join(models, 'pyannote-segmentation-3.0.gguf'), 'GGUF');
  const { code, out } = await doctor(folder, ['--json']);
  t.is(code, 1);
  const report = reportOf(out);
  t.false(report.ok);
  t.is(report.addon, null);
  const errors = report.problems.filter((p) => p.level === 'error').map((p) => `${p.message} → ${p.remedy}`);
  t.is(errors.length, 5, errors.join('\n'));
  t.regex(errors[0] ?? '', /hearken\.node does not load on this .*→ run 'npx hearken build'/);
  t.regex(errors[1] ?? '', /tiny\.en.* missing.*reinstall/);
  t.regex(errors[2] ?? '', /sha256 [0-9a-f]{64} where silero-v6\.2\.3 has abd79739.*→ reinstall hearken-models/);
  t.regex(errors[3] ?? '', /has 4 bytes where pyannote-segmentation-3\.0 has 5978144.*→ reinstall hearken-models/);
  t.regex(errors[4] ?? '', /campplus-zh-en.* missing.*reinstall/);
});

test('without the package of models', async (t) => {
  const folder = installation();
  rmSync(join(folder, 'node_modules', 'hearken-models'), { recursive: true });
  const { code, out } = await doctor(folder);
  t.is(code, 1);
  t.regex(out, /^error: the package hearken-models.*missing/m);
});

test('ffmpeg: on PATH, named, missing; a missing one is only a warning', async (t) => {
  const folder = installation();
  const none = reportOf((await doctor(folder, ['--json'], { PATH: base, HEARKEN_FFMPEG: '' })).out);
  t.is(none.ffmpeg, null);
  t.like(
    none.problems.find((p) => p.message.includes('ffmpeg')),
    { level: 'warning', remedy: 'install ffmpeg, or give its path in HEARKEN_FFMPEG' },
  );
  const wrong = reportOf((await doctor(folder, ['--json'], { HEARKEN_FFMPEG: join(base, 'no-such') })).out);
  t.true(wrong.problems.some((p) => p.message.startsWith('HEARKEN_FFMPEG names')));
  if (process.platform === 'win32') return;
  const fake = join(base, 'ffmpeg');
  writeFileSync(fake, '#!/bin/sh\necho "ffmpeg version 9.8.7-test Copyright"\n', { mode: 0o755 });
  const found = { path: fake, version: '9.8.7-test' };
  const env = { PATH: `${base}:${process.env.PATH}`, HEARKEN_FFMPEG: '' };
  t.deepEqual(reportOf((await doctor(folder, ['--json'], env)).out).ffmpeg, found);
  t.deepEqual(reportOf((await doctor(folder, ['--json'], { HEARKEN_FFMPEG: fake })).out).ffmpeg, found);
});

test('pulled models are listed; a damaged one and a bad folder are warnings', async (t) => {
  const folder = installation();
  const dir = mkdtempSync(join(base, 'models-'));
  writeFileSync(join(dir, 'ggml-base.bin'), 'cut');
  const report = reportOf((await doctor(folder, ['--json'], { HEARKEN_MODELS_DIR: dir })).out);
  t.like(report.models.pulled, [{ name: 'base', state: 'damaged' }]);
  t.like(
    report.problems.find((p) => p.message.includes('ggml-base.bin')),
    { level: 'warning', remedy: "run 'hearken models pull base'" },
  );
  const file = { HEARKEN_MODELS_DIR: join(dir, 'ggml-base.bin', 'models') };
  const blocked = reportOf((await doctor(folder, ['--json'], file)).out);
  t.true(blocked.problems.some((p) => p.level === 'warning' && /is a file/.test(p.message)));
});

test('the data folder: where it is, what is in it, and what is wrong with it', async (t) => {
  const folder = installation();
  const data = mkdtempSync(join(base, 'data-'));
  const at = (path: string) => ({ HEARKEN_DATA_DIR: path });
  const none = await doctor(folder, [], at(data));
  t.regex(none.out, new RegExp(`^data folder +${data} \\(nothing kept yet\\)$`, 'm'));
  t.deepEqual(readdirSync(data), [], 'looking makes nothing');
  const empty = reportOf((await doctor(folder, ['--json'], at(join(data, 'not', 'yet')))).out);
  t.like(empty.data, { folder: join(data, 'not', 'yet'), writable: true, bytes: 0 });

  const file = join(data, 'file');
  writeFileSync(file, '');
  for (const path of [file, join(file, 'below')]) {
    const { problems } = reportOf((await doctor(folder, ['--json'], at(path))).out);
    const about = problems.filter(({ message }) => message.includes(file));
    t.is(about.length, 1, JSON.stringify(problems));
    t.is(about[0]?.level, 'warning', 'hearken works without');
    t.regex(about[0]?.remedy ?? '', /--no-cache/);
  }
});

test('without the package of the database: a warning', async (t) => {
  const folder = installation();
  rmSync(join(folder, 'node_modules', 'libsql'));
  const data = mkdtempSync(join(base, 'data-'));
  const check = async () => {
    const { problems } = reportOf((await doctor(folder, ['--json'], { HEARKEN_DATA_DIR: data })).out);
    const about = problems.filter(({ message }) => message.includes('libsql'));
    t.is(about.length, 1, JSON.stringify(problems));
    t.is(about[0]?.level, 'warning');
  };
  await check();
  mkdirSync(join(data, 'cache'));
  writeFileSync(join(data, 'cache', 'hearken.db'), '');
  await check();
});

let built = true;
try {
  findEngine();
} catch {
  built = false;
}

(built ? test : test.skip)('with the addon of this checkout: everything essential is in order', async (t) => {
  const { code, out } = await doctor(root, ['--json']);
  const report = reportOf(out);
  t.deepEqual(
    report.problems.filter((p) => p.level === 'error'),
    [],
  );
  t.is(code, 0);
  t.is(report.addon?.version.hearken, report.version);
  t.true(report.models.embedded.every((m) => m.ok && m.method === 'sha256'));
});
