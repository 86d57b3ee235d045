import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import { Result } from '../../lib/result.js';
import { saveAtomically } from '../../lib/save.js';
import type { OutputFormat } from '../../lib/types.js';

const RESULT = new Result({
  text: 'naïve 🎙️',
  language: 'en',
  duration: 1,
  segments: [{ id: 0, start: 0, end: 1, text: 'naïve 🎙️', avgLogprob: -0.1, noSpeechProb: 0, language: 'en' }],
  coverage: [{ start: 0, end: 1, status: 'decoded' }],
});

const isWindows = process.platform === 'win32';
const unixTest = isWindows ? test.skip : test;

function folder(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), 'hearken-save-'));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Must fail with ERR_OUTPUT, and leave the folder as it was. */
async function refused(t: ExecutionContext, root: string, path: string, message: RegExp): Promise<void> {
  const before = readdirSync(root, { recursive: true }).sort();
  const error = await t.throwsAsync(RESULT.save(path, 'txt'), { code: 'ERR_OUTPUT', message });
  t.true(error?.message.includes(path));
  t.deepEqual(readdirSync(root, { recursive: true }).sort(), before);
}

test('save writes the format of the extension, and nothing else', async (t) => {
  const root = folder(t);
  for (const format of ['txt', 'json', 'srt', 'vtt', 'md'] as const) {
    const path = join(root, `talk.${format.toUpperCase()}`);
    await RESULT.save(path);
    t.is(readFileSync(path, 'utf8'), RESULT.format(format));
  }
  await RESULT.save(join(root, 'talk.anything'), 'srt');
  t.is(readFileSync(join(root, 'talk.anything'), 'utf8'), RESULT.toSRT());
  t.is(readdirSync(root).length, 6);
});

test('RTTM is saved with a name for the recording: the one given, or that of the file', async (t) => {
  const root = folder(t);
  const told = new Result({ ...RESULT, turns: [{ start: 0, end: 1, speaker: 'A' }] });
  const read = (name: string) => readFileSync(join(root, name), 'utf8');
  await told.save(join(root, 'my talk.rttm'));
  t.is(read('my talk.rttm'), told.toRTTM('my talk'));
  await told.save(join(root, 'x.txt'), 'rttm', 'other');
  t.is(read('x.txt'), told.toRTTM('other'));
  await told.save(join(root, ' .rttm'));
  t.is(read(' .rttm'), told.toRTTM());
  await t.throwsAsync(RESULT.save(join(root, 'none.rttm')), { code: 'ERR_INVALID_ARG', message: /no turns/ });
  t.is(readdirSync(root).length, 3);
});

test('an extension that names no format is refused, and so is a format that is none', async (t) => {
  const root = folder(t);
  for (const name of ['talk', 'talk.docx', 'talk.', '.json']) {
    await t.throwsAsync(RESULT.save(join(root, name)), {
      code: 'ERR_INVALID_ARG',
      message: /\.txt, \.json, \.srt, \.vtt, \.md, \.rttm/,
    });
  }
  await t.throwsAsync(RESULT.save(join(root, 'a.txt'), 'pdf' as OutputFormat), { code: 'ERR_INVALID_ARG' });
  t.deepEqual(readdirSync(root), []);
});

test('what was there is replaced, with its mode', async (t) => {
  const path = join(folder(t), 'talk.txt');
  writeFileSync(path, 'x'.repeat(10_000));
  chmodSync(path, 0o640);
  await RESULT.save(path);
  t.is(readFileSync(path, 'utf8'), RESULT.toText());
  if (!isWindows) t.is(statSync(path).mode & 0o777, 0o640);
});

test('a folder that is missing, or is none, is named', async (t) => {
  const root = folder(t);
  writeFileSync(join(root, 'file'), 'untouched');
  mkdirSync(join(root, 'inside'));
  await refused(t, root, join(root, 'missing', 'a.txt'), /the folder .*missing does not exist/);
  if (!isWindows) await refused(t, root, join(root, 'file', 'a.txt'), /file is not a folder/);
  await refused(t, root, join(root, 'inside'), /it is a folder/);
  await refused(t, root, `${join(root, 'new')}/`, /names a folder/);
  await refused(t, root, join(root, `${'n'.repeat(300)}.txt`), /too long|does not exist/);
  t.is(readFileSync(join(root, 'file'), 'utf8'), 'untouched');
});

unixTest('a link stays a link, and one to nothing is refused', async (t) => {
  const root = folder(t);
  writeFileSync(join(root, 'real.txt'), 'old');
  symlinkSync('real.txt', join(root, 'link.txt'));
  await RESULT.save(join(root, 'link.txt'));
  t.is(readFileSync(join(root, 'real.txt'), 'utf8'), RESULT.toText());
  t.deepEqual(readdirSync(root).sort(), ['link.txt', 'real.txt']);
  symlinkSync('nowhere/x.txt', join(root, 'broken.txt'));
  await refused(t, root, join(root, 'broken.txt'), /link to something that does not exist/);
});

// A pipe of our own and never a device of the machine's: were this to break, a test run by root would replace /dev/null.
unixTest('what is no regular file is written to, not replaced', async (t) => {
  const root = folder(t);
  const pipe = join(root, 'pipe.txt');
  t.is(spawnSync('mkfifo', [pipe]).status, 0);
  const reader = spawn('cat', [pipe], { stdio: ['ignore', 'pipe', 'ignore'] });
  t.teardown(() => reader.kill());
  const read = text(reader.stdout);
  await RESULT.save(pipe);
  t.true(statSync(pipe).isFIFO());
  t.is(await read, RESULT.toText());
  t.deepEqual(readdirSync(root), ['pipe.txt']);
});

unixTest('a write that fails half way leaves the old file and no temporary one', (t) => {
  const root = folder(t);
  const path = join(root, 'talk.txt');
  writeFileSync(path, 'old');
  // The shell's limit on the size of a file makes the write fail with EFBIG after the first block.
  const script = `import { saveAtomically } from ${JSON.stringify(new URL('../../lib/save.js', import.meta.url).href)};
    process.on('SIGXFSZ', () => {});
    await saveAtomically(process.argv[1], 'x'.repeat(1e6)).catch((error) => { console.log(error.code, error.message); });`;
  const limited = 'ulimit -f 8; exec "$0" --input-type=module -e "$1" "$2"';
  const child = spawnSync('sh', ['-c', limited, process.execPath, script, path], { encoding: 'utf8' });
  t.regex(child.stdout, /^ERR_OUTPUT cannot write .*talk\.txt: .*EFBIG/, child.stderr);
  t.is(readFileSync(path, 'utf8'), 'old');
  t.deepEqual(readdirSync(root), ['talk.txt']);
});

test('a reader never sees half of a file, however many write at once', async (t) => {
  const root = folder(t);
  const path = join(root, 'talk.txt');
  const texts = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(500_000));
  await saveAtomically(path, texts[0] as string);
  let writing = true;
  const writers = Promise.all(
    texts.map(async (content) => {
      for (let i = 0; i < 5; i++) await saveAtomically(path, content);
    }),
  ).finally(() => {
    writing = false;
  });
  let reads = 0;
  while (writing) {
    if (!texts.includes(readFileSync(path, 'utf8'))) t.fail('half a file');
    reads++;
    await new Promise(setImmediate);
  }
  await writers;
  t.true(reads > 0);
  t.deepEqual(readdirSync(root), ['talk.txt']);
});

test('temporary files of killed processes are removed, those of living ones and young ones are not', (t) => {
  const root = folder(t);
  const name = (pid: number, digit: string) => join(root, `.hearken-${pid}-${digit.repeat(16)}.tmp`);
  const dead = 2 ** 30; // ids end far below this on every system
  const [old, young, living] = [name(dead, 'a'), name(dead, 'b'), name(process.pid, 'c')];
  const other = join(root, '.hearken-notes.tmp');
  for (const path of [old, young, living, other]) writeFileSync(path, 'half');
  const past = new Date(Date.now() - 120_000);
  for (const path of [old, living, other]) utimesSync(path, past, past);
  const script = `import { saveAtomically } from ${JSON.stringify(new URL('../../lib/save.js', import.meta.url).href)};
    await saveAtomically(process.argv[1], 'text');`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script, join(root, 'talk.txt')]);
  t.is(child.status, 0, String(child.stderr));
  t.false(existsSync(old));
  for (const path of [young, living, other]) t.true(existsSync(path), path);
  t.is(readFileSync(join(root, 'talk.txt'), 'utf8'), 'text');
});
