import { existsSync, readFileSync } from 'node:fs';
import test from 'ava';
import { findEntry, nearNames, registry } from '../../lib/models/registry.js';

const upstreamReadme = new URL(
  '../../../node_modules/nodejs-whisper/cpp/whisper.cpp/models/README.md',
  import.meta.url,
);

test('every SHA-1 in the table of upstream is the one in ours', (t) => {
  if (!existsSync(upstreamReadme)) {
    t.log('skipped: nodejs-whisper is not installed');
    t.pass();
    return;
  }
  const rows = [
    ...readFileSync(upstreamReadme, 'utf8').matchAll(/^\| (\S+) +\| ([\d.]+) ([MG])iB +\| `([0-9a-f]{40})` \|$/gm),
  ];
  t.true(rows.length >= 16);
  for (const [, name = '', size, unit, sha1] of rows) {
    const entry = findEntry(name === 'tiny.en' ? 'tiny.en-f16' : name);
    t.is(entry?.sha1, sha1, name);
    const stated = Number(size) * (unit === 'G' ? 2 ** 30 : 2 ** 20);
    t.true(
      Math.abs((entry?.bytes ?? 0) - stated) / stated < 0.1,
      `${name}: ${entry?.bytes} bytes, upstream says ${size} ${unit}iB`,
    );
  }
});

test('sizes of quantised files follow from those of the f16 files by arithmetic', (t) => {
  // Only the matrices are quantised: the token embedding, and per layer 12 d² in the encoder and 16 d² in the decoder.
  const shapes: Record<string, readonly [width: number, encoder: number, decoder: number]> = {
    tiny: [384, 4, 4],
    base: [512, 6, 6],
    small: [768, 12, 12],
    medium: [1024, 24, 24],
    large: [1280, 32, 32],
    turbo: [1280, 32, 4],
  };
  const bytesPerValue: Record<string, number> = { q5_0: 22 / 32, q5_1: 24 / 32, q8_0: 34 / 32 };
  let checked = 0;
  for (const entry of registry().filter((e) => e.sha1 && e.quantization !== 'f16')) {
    const whole = entry.name.replace(/-q\d_\d$/, '');
    const original = findEntry(whole === 'tiny.en' ? 'tiny.en-f16' : whole);
    const shape = shapes[whole.includes('turbo') ? 'turbo' : (/^[a-z]+/.exec(whole)?.[0] ?? '')];
    if (!original || !shape) {
      t.fail(`${entry.name} has no f16 original`);
      continue;
    }
    const [width, encoder, decoder] = shape;
    const vocabulary = whole.startsWith('large-v3') ? 51866 : entry.multilingual ? 51865 : 51864;
    const values = vocabulary * width + (12 * encoder + 16 * decoder) * width * width;
    t.is(entry.bytes, original.bytes - values * (2 - (bytesPerValue[entry.quantization] ?? 0)), entry.name);
    checked++;
  }
  t.is(checked, 20);
});

test('names, aliases and files are unique, and no name or file can leave a folder', (t) => {
  const entries = registry();
  const names = entries.flatMap((e) => [e.name, ...(e.aliases ?? [])]);
  t.is(new Set(names).size, names.length);
  t.is(new Set(entries.map((e) => e.file)).size, entries.length);
  for (const entry of entries) {
    t.regex(entry.name, /^[a-z0-9][a-z0-9._-]*$/);
    t.regex(entry.file, /^(ggml-[a-z0-9._-]+\.bin|[a-z0-9][a-z0-9._-]*\.gguf)$/);
    t.regex(entry.sha1 ?? entry.sha256 ?? '', /^([0-9a-f]{40}|[0-9a-f]{64})$/);
  }
});

test('tiny.en is the embedded file, and the default has a checksum', (t) => {
  const entry = findEntry('tiny.en');
  t.truthy(entry?.embeddedPath);
  t.is(findEntry('tiny.en-q8_0'), entry);
  t.is(entry?.sha256?.length, 64);
});

test('names that are no names are not found', (t) => {
  for (const name of ['', '__proto__', 'constructor', 'TINY', '../base', 'base\0', ' base', 'base ']) {
    t.is(findEntry(name), undefined, JSON.stringify(name));
  }
});

test('near names', (t) => {
  const names = registry().map((e) => e.name);
  t.is(nearNames('bse', names)[0], 'base');
  t.is(nearNames('large-v3-trubo', names)[0], 'large-v3-turbo');
  t.deepEqual(nearNames('xyzzyxyzzyxyzzy', names), []);
  t.true(nearNames('a'.repeat(100_000), names).length === 0);
});
