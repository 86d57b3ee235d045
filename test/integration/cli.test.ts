import { createReadStream, existsSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Transcript } from '../../lib/types.js';
import { type Ended, hearken, longWav, signalled, start, wait } from '../helpers/cli-process.js';
import { folder } from '../helpers/folder.js';
import { JFK } from '../helpers/speech.js';

// The command as a user runs it: a process of its own, the embedded model, the sample of the repository.

const SAID = 'and so my fellow americans ask not what your country can do for you ask what you can do for your country';
const HALF_A_MINUTE = 30_000;

/** Without the labels of speakers. */
const words = (text: string) =>
  text
    .replace(/^SPEAKER_00: /gm, '')
    .toLowerCase()
    .match(/[a-z]+/g)
    ?.join(' ');

test('a file: its words on stdout and nothing else', async (t) => {
  const { code, out, err } = await hearken('transcribe', JFK);
  t.is(code, 0, err);
  t.is(words(out), SAID);
  t.regex(out, /^SPEAKER_00: And so.*\n$/);
  t.is(err, '');
});

test('every format, into a folder, with no temporary file left', async (t) => {
  const root = folder(t);
  const formats = ['txt', 'json', 'srt', 'vtt', 'md', 'rttm'];
  for (const format of formats) {
    const args = ['transcribe', JFK, '-o', `${join(root, 'out')}/`, '-f', format];
    const { code, out, err } = await hearken(...args);
    t.is(code, 0, err);
    t.is(out + err, '');
  }
  t.deepEqual(readdirSync(join(root, 'out')).sort(), formats.map((format) => `jfk.${format}`).sort());
  const read = (format: string) => readFileSync(join(root, 'out', `jfk.${format}`), 'utf8');
  t.is(words(read('txt')), SAID);
  t.regex(read('srt'), /^1\n00:00:0\d,\d{3} --> 00:00:\d\d,\d{3}\n/);
  t.true(read('vtt').startsWith('WEBVTT\n\n00:00:0'));
  t.regex(read('md'), /^`00:00:0\d` \*\*SPEAKER\\_00:\*\* And so/);
  t.regex(read('rttm'), /^SPEAKER jfk 1 0\.\d{3} /);
  const transcript = JSON.parse(read('json')) as Transcript;
  t.is(transcript.duration, 11);
  t.is(transcript.segments[0]?.words, undefined);
});

test('--words gives every word, in order and inside the audio', async (t) => {
  const { code, out, err } = await hearken('transcribe', JFK, '-f', 'json', '--words');
  t.is(code, 0, err);
  const transcript = JSON.parse(out) as Transcript;
  const all = transcript.segments.flatMap((segment) => segment.words ?? []);
  t.is(words(all.map(({ text }) => text).join(' ')), SAID);
  let before = 0;
  for (const { start: from, end } of all) {
    t.true(before <= from && from <= end && end <= transcript.duration);
    before = from;
  }
});

test('a range', async (t) => {
  const { code, out, err } = await hearken('transcribe', JFK, '--start', '0:05', '--end', '11', '-f', 'json');
  t.is(code, 0, err);
  const { segments } = JSON.parse(out) as Transcript;
  t.true(segments.every(({ start: from }) => from >= 5));
  t.regex(words(segments.map(({ text }) => text).join(' ')) ?? '', /what you can do for your country$/);
});

test('stdin', async (t) => {
  const { child, ended } = start(['transcribe', '-']);
  createReadStream(JFK).pipe(child.stdin as NodeJS.WritableStream);
  const { code, out, err } = await ended;
  t.is(code, 0, err);
  t.is(words(out), SAID);
});

test('several files, one of which is missing and one no audio', async (t) => {
  const root = folder(t);
  writeFileSync(join(root, 'notes.mp3'), 'These are notes and not audio.\n'.repeat(100));
  const missing = join(root, 'missing.wav');
  const { code, out, err } = await hearken('transcribe', missing, join(root, 'notes.mp3'), JFK, JFK, '-f', 'json');
  t.is(code, 1);
  const lines = out.trimEnd().split('\n');
  t.is(lines.length, 2);
  for (const line of lines) t.is(words((JSON.parse(line) as Transcript).text), SAID);
  const [first = '', second = '', ...more] = err.trimEnd().split('\n');
  t.true(first.startsWith(`hearken: ${missing}: `) && first.endsWith(' [ERR_AUDIO_NOT_FOUND]'), first);
  t.regex(second, /^hearken: .*notes\.mp3: .+ \[ERR_AUDIO_\w+\]$/);
  t.deepEqual(more, []);
});

test('a model that is not there, and a wrong call', async (t) => {
  const model = await hearken('transcribe', JFK, '--model', join(folder(t), 'none.bin'));
  t.is(model.code, 1);
  t.is(model.out, '');
  t.regex(model.err, /^hearken: .+ \[ERR_MODEL_NOT_FOUND\]\n$/);
  const usage = await hearken('transcribe', JFK, '--start', '1:75');
  t.is(usage.code, 2);
  t.regex(usage.err, /^hearken: .*--start/);
  t.is((await hearken()).code, 2);
  t.is((await hearken('--help')).code, 0);
});

test('a failed output leaves nothing behind', async (t) => {
  const root = folder(t);
  const { code, err } = await hearken('transcribe', JFK, '-o', join(root, 'missing', 'x.srt'));
  t.is(code, 1);
  t.regex(err, /missing does not exist \[ERR_OUTPUT\]\n$/);
  t.deepEqual(readdirSync(root), []);
});

test('a reader that goes away ends it quietly', async (t) => {
  const { child, ended } = start(['transcribe', JFK]);
  child.stdout?.destroy();
  const { code, err } = await ended;
  t.is(err, '');
  t.is(code, 0);
});

(existsSync('/dev/full') ? test : test.skip)('a full disk behind stdout is told', async (t) => {
  const { code, err } = await start(['transcribe', JFK], openSync('/dev/full', 'w')).ended;
  t.is(code, 1);
  t.regex(err, /cannot write to stdout: .*ENOSPC.* \[ERR_OUTPUT\]\n$/);
});

const unixTest = process.platform === 'win32' ? test.skip : test;

unixTest('SIGINT keeps what is done and says so', async (t) => {
  const root = folder(t);
  const audio = join(root, 'long.wav');
  const output = join(root, 'long.json');
  longWav(audio, 80);
  // How fast this machine is is not known: later signals, until one comes after the first text.
  for (const delay of [2000, 4000, 8000, 16_000]) {
    const { child, ended } = start(['transcribe', audio, '-o', output, '--workers', '1', '--chunk-size', '15']);
    await wait(delay);
    const sent = Date.now();
    child.kill('SIGINT');
    const { code, signal, out, err } = await ended;
    if (signal === 'SIGINT') continue; // it was not even listening yet
    t.is(code, 130, err);
    t.is(out, '');
    t.true(Date.now() - sent < 5000, `ended after ${Date.now() - sent} ms`);
    if (err.includes('nothing written')) {
      t.false(existsSync(output));
      continue;
    }
    const [, minutes, seconds] =
      /^hearken: interrupted: partial result up to (\d+):(\d\d) kept in .*long\.json\n$/.exec(err) ?? [];
    const reached = Number(minutes) * 60 + Number(seconds);
    const { segments, coverage } = JSON.parse(readFileSync(output, 'utf8')) as Transcript;
    t.true(segments.length > 0);
    t.true(words(segments.map(({ text }) => text).join(' '))?.startsWith('and so my fellow americans'));
    t.true(Math.abs((coverage.find(({ status }) => status === 'aborted')?.start ?? -1) - reached) <= 1, err);
    t.deepEqual(readdirSync(root).sort(), ['long.json', 'long.wav']);
    return;
  }
  t.fail('never a partial result');
});

unixTest('a second SIGINT ends it at once', async (t) => {
  const audio = join(folder(t), 'long.wav');
  longWav(audio, 80);
  const { child, ended } = start(['transcribe', audio]);
  await wait(2000);
  const sent = Date.now();
  child.kill('SIGINT');
  await wait(10);
  child.kill('SIGINT');
  const { code, signal } = await ended;
  t.true(signal === 'SIGINT' || code === 130, `${code} ${signal}`);
  t.true(Date.now() - sent < 2000);
});

unixTest('SIGTERM while stdin brings nothing', async (t) => {
  const { code, err, milliseconds } = await signalled('SIGTERM', 'transcribe', '-');
  t.is(code, 130, err);
  t.regex(err, /^hearken: interrupted: nothing transcribed yet/);
  t.true(milliseconds < 5000, `ended after ${milliseconds} ms`);
});

test.serial('nothing keeps the process alive after its work', async (t) => {
  const { child, ended } = start(['transcribe', JFK, '--quiet']);
  const result = await Promise.race([ended, wait(HALF_A_MINUTE)]);
  child.kill('SIGKILL');
  t.is((result as Ended | undefined)?.code, 0);
});
