import { createReadStream, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Diarization, Transcript } from '../../lib/types.js';
import { hearken, longWav, signalled, start } from '../helpers/cli-process.js';
import { folder } from '../helpers/folder.js';
import { parseRttm } from '../helpers/rttm.js';
import { CONVERSATION, CONVERSATION_SECONDS, JFK } from '../helpers/speech.js';

// Who speaks, on the command line: processes of their own, the embedded nets, the samples of the repository.

const THREE = ['SPEAKER_00', 'SPEAKER_01', 'SPEAKER_02'];
const inOrder = (turns: readonly { speaker: string }[]) => [...new Set(turns.map(({ speaker }) => speaker))];

test('who speaks when, as RTTM on stdout and nothing else', async (t) => {
  const { code, out, err } = await hearken('diarize', CONVERSATION);
  t.is(code, 0, err);
  t.is(err, '');
  t.regex(out, /^(SPEAKER conversation 1 \d+\.\d{3} \d+\.\d{3} <NA> <NA> SPEAKER_0\d <NA> <NA>\n){8,}$/);
  const turns = parseRttm(out);
  t.deepEqual(inOrder(turns), THREE);
  t.true(turns.every(({ end }) => end < CONVERSATION_SECONDS + 0.001));
});

test('the same as JSON, whose turns are those of a transcript', async (t) => {
  const root = folder(t);
  const file = join(root, 'talk.json');
  const ended = await hearken('diarize', CONVERSATION, '-o', file);
  t.is(ended.code, 0, ended.err);
  t.is(ended.out + ended.err, '');
  t.deepEqual(readdirSync(root), ['talk.json']);
  const found = JSON.parse(readFileSync(file, 'utf8')) as Diarization;
  t.deepEqual(Object.keys(found), ['duration', 'speakers', 'turns', 'exclusiveTurns']);
  t.is(found.duration, CONVERSATION_SECONDS);
  t.deepEqual(
    found.speakers.map(({ label, embedding }) => `${label} ${embedding.length}`),
    THREE.map((label) => `${label} 192`),
  );
  const { turns, exclusiveTurns } = JSON.parse(
    (await hearken('transcribe', CONVERSATION, '-f', 'json')).out,
  ) as Transcript;
  t.deepEqual({ turns, exclusiveTurns }, { turns: found.turns, exclusiveTurns: found.exclusiveTurns });
});

test('several files, one of which is missing', async (t) => {
  const { code, out, err } = await hearken(
    'diarize',
    CONVERSATION,
    '/no/such.wav',
    JFK,
    '-f',
    'json',
    '--threads',
    '1',
  );
  t.is(code, 1);
  t.regex(err, /^hearken: \/no\/such\.wav: [^\n]+ \[ERR_AUDIO_NOT_FOUND\]\n$/);
  const found = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Diarization & { file: string });
  t.deepEqual(
    found.map(({ file, speakers }) => [file, speakers.length]),
    [
      [CONVERSATION, 3],
      [JFK, 1],
    ],
  );
});

test('two files in a folder, with a number of speakers and a range', async (t) => {
  const root = folder(t);
  const flags = ['--speakers', '2', '--start', '0:05', '--end', '10'];
  const { code, out, err } = await hearken('diarize', CONVERSATION, JFK, '-o', `${root}/`, ...flags);
  t.is(code, 0, err);
  t.is(out + err, '');
  t.deepEqual(readdirSync(root).sort(), ['conversation.rttm', 'jfk.rttm']);
  const turns = parseRttm(readFileSync(join(root, 'conversation.rttm'), 'utf8'));
  t.deepEqual(inOrder(turns), THREE.slice(0, 2));
  t.true(turns.every(({ start: from, end }) => from >= 5 && end < 10.001));
});

test('stdin', async (t) => {
  const { child, ended } = start(['diarize', '-']);
  createReadStream(JFK).pipe(child.stdin as NodeJS.WritableStream);
  const { code, out, err } = await ended;
  t.is(code, 0, err);
  t.regex(out, /^SPEAKER stdin 1 /);
  t.deepEqual(inOrder(parseRttm(out)), ['SPEAKER_00']);
});

test('a known voice by its name, with and without a transcript', async (t) => {
  const voice = ['--voice', `Kennedy=${JFK}`];
  const alone = await hearken('diarize', CONVERSATION, ...voice);
  t.is(alone.code, 0, alone.err);
  t.deepEqual(inOrder(parseRttm(alone.out)), ['Kennedy', 'SPEAKER_00', 'SPEAKER_01']);
  const strict = await hearken('diarize', CONVERSATION, ...voice, '--voice-threshold', '0.999');
  t.deepEqual(inOrder(parseRttm(strict.out)), THREE);
  const { code, out, err } = await hearken('transcribe', CONVERSATION, ...voice);
  t.is(code, 0, err);
  t.regex(out, /^Kennedy: And so, my fellow Americans/);
  t.regex(out, /\n\nKennedy: Ask what you can do for your country/i);
  t.regex(out, /\n\nSPEAKER_01: .*Dashwood/);
});

test('a voice that cannot be learned', async (t) => {
  const missing = await hearken('diarize', CONVERSATION, '--voice', 'Ada=/no/such.wav');
  t.is(missing.code, 1);
  t.is(missing.out, '');
  t.regex(missing.err, /^hearken: --voice Ada=\/no\/such\.wav: [^\n]*no such file [^\n]*\[ERR_AUDIO_NOT_FOUND\]\n$/);
  const silence = join(folder(t), 'silence.wav');
  const wav = readFileSync(JFK);
  writeFileSync(silence, wav.fill(0, wav.indexOf('data', 12, 'latin1') + 8));
  const silent = await hearken('transcribe', CONVERSATION, '--voice', `Ada=${silence}`);
  t.is(silent.code, 1);
  t.regex(silent.err, /^hearken: --voice Ada=.*no speech .*\[ERR_AUDIO_FORMAT\]\n$/);
  t.is((await hearken('diarize', CONVERSATION, '--voice', 'Ada')).code, 2);
});

test('one channel is no call', async (t) => {
  const { code, err } = await hearken('diarize', CONVERSATION, '--channels');
  t.is(code, 1);
  t.regex(err, /one channel.*by voice.*\[ERR_INVALID_ARG\]\n$/);
});

const unixTest = process.platform === 'win32' ? test.skip : test;

unixTest('SIGINT: nothing written, and said so', async (t) => {
  const root = folder(t);
  longWav(join(root, 'long.wav'), 200);
  const argv = ['diarize', join(root, 'long.wav'), '-o', join(root, 'long.rttm'), '--threads', '1'];
  const { code, out, err, milliseconds } = await signalled('SIGINT', ...argv);
  t.is(code, 130, err);
  t.is(out, '');
  t.is(err, 'hearken: interrupted: who speaks is known only at the end, nothing written\n');
  t.true(milliseconds < 5000, `ended after ${milliseconds} ms`);
  t.deepEqual(readdirSync(root), ['long.wav']);
});
