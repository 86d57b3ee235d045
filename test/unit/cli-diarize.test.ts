import { EventEmitter } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { HearkenError } from '../../lib/errors.js';
import { hearken, optionsOf, type Setting, speakerOf } from '../helpers/cli-world.js';
import { folder } from '../helpers/folder.js';

const line = (name: string, label: string) => `SPEAKER ${name} 1 0.500 1.500 <NA> <NA> ${label} <NA> <NA>\n`;

test('one file: its turns as RTTM on stdout, nothing on stderr', async (t) => {
  const world = await hearken(['diarize', 'x/a.mp3']);
  t.is(world.code, 0);
  t.is(world.out, line('a', 'who_is_in_x/a.mp3'));
  t.is(world.err, '');
  t.deepEqual(world.loads, [], 'left to the job');
  t.is(world.listeners, 0);
  t.deepEqual(optionsOf(world), {}, "the library's defaults");
  t.truthy(world.calls[0]?.options.signal && world.calls[0]?.options.onProgress);
});

test('every option reaches the library', async (t) => {
  const options = async (flags: string) => {
    const world = await hearken(['diarize', 'a.mp3', ...flags.split(' ')]);
    t.is(world.code, 0, world.err);
    return optionsOf(world);
  };
  t.deepEqual(await options('--start 1:00 --end 2:00.5 --channel 1 --threads 2 --speakers 3 --quiet'), {
    startTime: 60,
    endTime: 120.5,
    channel: 1,
    threads: 2,
    numSpeakers: 3,
  });
  t.deepEqual(await options('--min-speakers 2 --max-speakers 64'), { minSpeakers: 2, maxSpeakers: 64 });
  t.deepEqual(await options('--channels'), { channels: true });
});

test('JSON is plain data, in a file or as JSON Lines', async (t) => {
  const root = folder(t);
  const one = await hearken(['diarize', 'a.mp3', '-o', join(root, 'a.json')]);
  t.is(one.out + one.err, '');
  const expected = speakerOf('who is in a.mp3').toJSON();
  t.deepEqual(Object.keys(expected), ['duration', 'speakers', 'turns', 'exclusiveTurns']);
  t.deepEqual(JSON.parse(readFileSync(join(root, 'a.json'), 'utf8')), expected);
  const { out } = await hearken(['diarize', 'a.mp3', 'b.mp3', '-f', 'json']);
  const [first, second] = out.split('\n').map((text) => (text === '' ? undefined : JSON.parse(text)));
  t.deepEqual(first, { file: 'a.mp3', ...expected });
  t.is(second.file, 'b.mp3');
});

test('several files: one RTTM, or one each in a folder; the nets are loaded once and closed', async (t) => {
  const root = folder(t);
  const world = await hearken(['diarize', 'a.mp3', 'b.mp3', '-']);
  const [a, b, c] = [line('a', 'who_is_in_a.mp3'), line('b', 'who_is_in_b.mp3'), line('stdin', 'who_is_in_a_stream')];
  t.is(world.out, a + b + c);
  t.deepEqual(world.loads, ['diarizer']);
  t.deepEqual(world.closes, ['diarizer']);
  t.truthy(world.calls[0]?.options.diarizer);
  t.is(world.calls[1]?.options.diarizer, world.calls[0]?.options.diarizer);
  const filed = await hearken(['diarize', 'a.mp3', 'b.mp3', '-o', `${join(root, 'new')}/`]);
  t.is(filed.code, 0, filed.err);
  t.deepEqual(readdirSync(join(root, 'new')), ['a.rttm', 'b.rttm']);
  t.is(readFileSync(join(root, 'new', 'b.rttm'), 'utf8'), b);
});

test('wrong usage ends with 2, before anything is done', async (t) => {
  const wrong = [
    [],
    ['--frobnicate'],
    ['-f', 'txt'],
    ['-o', 'a.srt'],
    ['-o', 'a.mp3', '-f', 'rttm'],
    ['--start', '1:99'],
    ['--start', '10', '--end', '10'],
    ['--threads', '0'],
    ['--speakers', '65'],
    ['--speakers', '2', '--min-speakers', '1'],
    ['--min-speakers', '3', '--max-speakers', '2'],
    ['--channels', '--channel', '1'],
    ['--channels', '--max-speakers', '2'],
    ['--words'],
    ['--model', 'base'],
    ['--diarize-channels'],
    ['y/a.mp3'],
    ['-', '-'],
  ];
  for (const [index, flags] of wrong.entries()) {
    const argv = index === 0 ? ['diarize'] : ['diarize', 'a.mp3', ...flags];
    const { code, out, err, calls } = await hearken(argv);
    t.is(code, 2, argv.join(' '));
    t.is(out, '');
    t.true(err.includes('--help') || err.includes('Usage:'), err);
    t.is(calls.length, 0);
  }
  t.regex((await hearken(['diarize', 'a.mp3', '--channels', '--speakers', '2'])).err, /^hearken: --channels takes/);
  t.is((await hearken(['diarize', '-'], { stdin: { isTTY: true } })).code, 2);
});

test('help', async (t) => {
  const { code, out, err } = await hearken(['diarize', '--help']);
  t.is(code, 0);
  t.is(err, '');
  t.regex(out, /Examples:\n {2}hearken diarize/);
});

test('a file that fails does not stop the others, and the code is 1', async (t) => {
  const diarization: Setting['diarization'] = async (file) => {
    if (file === 'a.mp3') throw new HearkenError('ERR_AUDIO_FORMAT', 'not audio');
    return speakerOf('Ada');
  };
  const world = await hearken(['diarize', 'a.mp3', 'b.mp3'], { diarization });
  t.is(world.code, 1);
  t.is(world.out, line('b', 'Ada'));
  t.is(world.err, 'hearken: a.mp3: not audio [ERR_AUDIO_FORMAT]\n');
});

test('an interrupted job writes nothing and says so; what was done before is kept', async (t) => {
  const root = folder(t);
  for (const name of ['SIGINT', 'SIGTERM']) {
    const signals = new EventEmitter();
    const diarization: Setting['diarization'] = async (file, { signal }) => {
      if (file === 'a.mp3') return speakerOf('Ada');
      setImmediate(() => signals.emit(name));
      return await new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new HearkenError('ERR_ABORTED', 'aborted')));
      });
    };
    const argv = ['diarize', 'a.mp3', 'b.mp3', 'c.mp3', '-o', `${join(root, name)}/`];
    const world = await hearken(argv, { signals, diarization });
    t.is(world.code, 130);
    t.is(world.err, 'hearken: interrupted: who speaks is known only at the end, nothing written of this file\n');
    t.is(world.calls.length, 2);
    t.deepEqual(world.closes, ['diarizer']);
    t.is(world.listeners, 0);
    t.true(existsSync(join(root, name, 'a.rttm')));
    t.false(existsSync(join(root, name, 'b.rttm')));
  }
});

test('progress on a terminal', async (t) => {
  const diarization: Setting['diarization'] = async (_file, { onProgress }) => {
    onProgress?.({ fraction: 0.5, processed: 10, total: 20, elapsed: 1, eta: 1, speed: 10 });
    return speakerOf('Ada');
  };
  const argv = ['diarize', 'a.mp3'];
  t.is((await hearken(argv, { diarization, tty: true })).err, '\r\u001b[2Ka.mp3  starting\r\u001b[2K');
  t.is((await hearken([...argv, '-q'], { diarization, tty: true })).err, '');
});
