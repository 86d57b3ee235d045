import { EventEmitter } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import test from 'ava';
import { HearkenError } from '../../lib/errors.js';
import { Result } from '../../lib/result.js';
import { type Behaviour, hearken, optionsOf, resultOf } from '../helpers/cli-world.js';
import { folder } from '../helpers/folder.js';

/** Runs until the signal comes, then rejects as an aborted job does. */
function interruptible(signals: EventEmitter, partial: Result | undefined, signal = 'SIGINT'): Behaviour {
  return (_file, options) =>
    new Promise((_resolve, reject) => {
      options.signal?.addEventListener('abort', () => {
        reject(Object.assign(new HearkenError('ERR_ABORTED', 'aborted'), { partial }));
      });
      setImmediate(() => signals.emit(signal));
    });
}

test('one file: its text on stdout, nothing on stderr', async (t) => {
  const world = await hearken(['transcribe', 'a.mp3']);
  t.is(world.code, 0);
  t.is(world.out, 'text of a.mp3\n');
  t.is(world.err, '');
  t.deepEqual(world.loads, []);
  t.is(world.listeners, 0);
  t.deepEqual(optionsOf(world), { words: false, skipSilence: true });
  t.truthy(world.calls[0]?.options.signal && world.calls[0]?.options.onProgress);
});

test('every option reaches the library', async (t) => {
  const argv =
    '--model base --language DE --translate --words -f json --start 1:00 --end 2:00.5 --chunk-size 20 --workers 3 --threads 2 --channel 1 --beam-size 5 --prompt Hi --max-segment-length 40 --no-skip-silence --offline --quiet';
  const world = await hearken(['transcribe', 'a.mp3', ...argv.split(' ')]);
  t.is(world.code, 0, world.err);
  t.deepEqual(optionsOf(world), {
    model: 'base',
    language: 'de',
    translate: true,
    words: true,
    startTime: 60,
    endTime: 120.5,
    chunkSizeSeconds: 20,
    maxWorkers: 3,
    threads: 2,
    channel: 1,
    beamSize: 5,
    initialPrompt: 'Hi',
    maxSegmentLength: 40,
    skipSilence: false,
    offline: true,
  });
});

test('what is said of the speakers reaches the library', async (t) => {
  const options = async (...flags: string[]) => {
    const world = await hearken(['transcribe', 'a.mp3', ...flags]);
    t.is(world.code, 0, world.err);
    const { words: _words, skipSilence: _skip, ...rest } = optionsOf(world);
    return rest;
  };
  t.deepEqual(await options(), {}, "the library's default");
  t.deepEqual(await options('--diarize'), { diarize: true });
  t.deepEqual(await options('--no-diarize'), { diarize: false });
  t.deepEqual(await options('--diarize-channels'), { diarize: 'channels' });
  t.deepEqual(await options('--speakers', '2'), { numSpeakers: 2 });
  t.deepEqual(await options('--min-speakers', '2', '--max-speakers', '64'), { minSpeakers: 2, maxSpeakers: 64 });
});

const told = (turns = [{ start: 0.5, end: 2, speaker: 'Ada B' }]): Behaviour => {
  return async () => new Result({ ...resultOf('hi'), turns });
};

test('RTTM names every recording, and needs no headers for that', async (t) => {
  const root = folder(t);
  const line = (name: string) => `SPEAKER ${name} 1 0.500 1.500 <NA> <NA> Ada_B <NA> <NA>\n`;
  const behaviour = told();
  const one = await hearken(['transcribe', 'x/my talk.mp3', '-f', 'rttm'], { transcription: behaviour });
  t.is(one.out, line('my_talk'));
  const several = await hearken(['transcribe', 'a.mp3', 'a.wav', '-', '-f', 'rttm'], { transcription: behaviour });
  t.is(several.out, line('a.mp3') + line('a.wav') + line('stdin'));
  const filed = await hearken(['transcribe', 'a.mp3', '-o', join(root, 'b.rttm')], { transcription: behaviour });
  t.is(filed.code, 0, filed.err);
  t.is(readFileSync(join(root, 'b.rttm'), 'utf8'), line('a'));
});

test('RTTM that cannot be is a failure of that file, said as it is', async (t) => {
  const { code, err, out } = await hearken(['transcribe', 'a.mp3', '-f', 'rttm']);
  t.is(code, 1);
  t.is(out, '');
  t.regex(err, /^hearken: a\.mp3: RTTM lists .* no turns: .* \[ERR_INVALID_ARG\]\n$/);
});

test('wrong usage ends with 2, before anything is done', async (t) => {
  const wrong = [
    [],
    ['transcribe'],
    ['frobnicate'],
    ['--frobnicate'],
    ['transcribe', 'a.mp3', '--frobnicate'],
    ['transcribe', 'a.mp3', '--start', '1:99'],
    ['transcribe', 'a.mp3', '--start'],
    ['transcribe', 'a.mp3', '--start', '10', '--end', '10'],
    ['transcribe', 'a.mp3', '--end', '0'],
    ['transcribe', 'a.mp3', '--workers', '0'],
    ['transcribe', 'a.mp3', '--chunk-size', '4'],
    ['transcribe', 'a.mp3', '--language', 'german'],
    ['transcribe', 'a.mp3', '-f', 'pdf'],
    ['transcribe', 'a.mp3', '-o', 'a.pdf'],
    ['transcribe', 'a.mp3', '-o', 'a.mp3', '-f', 'txt'],
    ['transcribe', 'a.mp3', 'b.mp3', '-o', 'c.txt'],
    ['transcribe', 'a.mp3', '--workers', '65'],
    ['transcribe', 'a.mp3', '--channel', '64'],
    ['transcribe', '-', '-'],
    ['transcribe', 'a.mp3', '--speakers', '0'],
    ['transcribe', 'a.mp3', '--speakers', '65'],
    ['transcribe', 'a.mp3', '--min-speakers', '1.5'],
    ['transcribe', 'a.mp3', '--min-speakers', '3', '--max-speakers', '2'],
    ['transcribe', 'a.mp3', '--speakers', '2', '--max-speakers', '3'],
    ['transcribe', 'a.mp3', '--speakers', '2', '--min-speakers', '1'],
    ['transcribe', 'a.mp3', '--no-diarize', '--speakers', '2'],
    ['transcribe', 'a.mp3', '--no-diarize', '--max-speakers', '2'],
    ['transcribe', 'a.mp3', '--no-diarize', '--diarize-channels'],
    ['transcribe', 'a.mp3', '--diarize-channels', '--channel', '1'],
    ['transcribe', 'a.mp3', '--diarize-channels', '--speakers', '2'],
    ['transcribe', 'a.mp3', '--no-diarize', '-f', 'rttm'],
    ['transcribe', 'a.mp3', '--no-diarize', '-o', 'a.rttm'],
    ['transcribe', 'x/a.mp3', 'y/a.mp3', '-f', 'rttm'],
  ];
  for (const argv of wrong) {
    const { code, out, err, calls } = await hearken(argv);
    t.is(code, 2, argv.join(' '));
    t.is(out, '');
    t.true(err.includes('--help') || err.includes('Usage:'), err);
    t.false(err.startsWith('error:'), err);
    t.is(calls.length, 0);
  }
  const { code, err } = await hearken(['transcribe', '-'], { stdin: { isTTY: true } });
  t.is(code, 2);
  t.regex(err, /^hearken: stdin is a terminal/);
});

test('help and version are no errors', async (t) => {
  const { code, out } = await hearken(['--version']);
  t.is(code, 0);
  t.regex(out, /^\d+\.\d+\.\d+\n$/);
  for (const argv of [['--help'], ['transcribe', '--help'], ['help', 'transcribe']]) {
    const help = await hearken(argv);
    t.is(help.code, 0);
    t.regex(help.out, /Examples:\n {2}hearken transcribe/);
    t.regex(help.out, /hearken diarize/, 'where who speaks when is had without the words');
    t.is(help.err, '');
  }
});

test('several files: a header each, and the model is loaded once and closed', async (t) => {
  const world = await hearken(['transcribe', 'a.mp3', 'b.mp3']);
  t.is(world.out, '==> a.mp3 <==\ntext of a.mp3\n\n==> b.mp3 <==\ntext of b.mp3\n');
  t.deepEqual(world.loads, ['diarizer', 'model']);
  t.deepEqual(world.closes.sort(), ['diarizer', 'model']);
  t.truthy(world.calls[1]?.options.model);
  const md = await hearken(['transcribe', 'a.mp3', 'b.mp3', '-f', 'md']);
  t.true(md.out.startsWith('## a.mp3\n\n`00:00:00` text of a.mp3\n\n## b.mp3\n'));
});

test('several files as JSON are JSON Lines', async (t) => {
  const { out } = await hearken(['transcribe', 'a.mp3', 'b.mp3', '-f', 'json']);
  const lines = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.deepEqual(
    lines.map(({ file, text }) => [file, text]),
    [
      ['a.mp3', 'text of a.mp3'],
      ['b.mp3', 'text of b.mp3'],
    ],
  );
});

test('a file that fails does not stop the others, and the code is 1', async (t) => {
  const behaviour: Behaviour = async (file) => {
    if (file === 'a\u001b.mp3') throw new HearkenError('ERR_AUDIO_FORMAT', 'not audio:\n it is a picture');
    if (file === 'b.mp3') throw Object.assign(new Error('no such file'), { code: 'ERR_AUDIO_NOT_FOUND' });
    return resultOf('fine');
  };
  const world = await hearken(['transcribe', 'a\u001b.mp3', 'b.mp3', 'c.mp3'], { transcription: behaviour });
  t.is(world.code, 1);
  t.is(world.out, '==> c.mp3 <==\nfine\n');
  t.is(
    world.err,
    'hearken: a\uFFFD.mp3: not audio:  it is a picture [ERR_AUDIO_FORMAT]\nhearken: b.mp3: no such file [ERR_AUDIO_NOT_FOUND]\n',
  );
});

test('-o writes to a file, or into a folder that is made', async (t) => {
  const root = folder(t);
  const one = await hearken(['transcribe', 'a.mp3', '-o', join(root, 'x.srt')]);
  t.is(one.out + one.err, '');
  t.regex(readFileSync(join(root, 'x.srt'), 'utf8'), /^1\n00:00:00,000 --> 00:00:10,000\ntext of a.mp3\n$/);
  const many = await hearken(['transcribe', 'a.mp3', 'b.mp3', '-o', `${join(root, 'new', 'er')}/`, '-f', 'json']);
  t.is(many.code, 0);
  t.deepEqual(readdirSync(join(root, 'new', 'er')), ['a.json', 'b.json']);
});

test('an output that cannot be is told before the work', async (t) => {
  const root = folder(t);
  writeFileSync(join(root, 'file'), '');
  const cases = [
    [join(root, 'missing', 'x.txt'), /hearken: a\.mp3: cannot write .*missing does not exist \[ERR_OUTPUT\]\n$/],
    [`${join(root, 'file', 'sub')}/`, /^hearken: cannot make the folder .* \[ERR_OUTPUT\]\n$/],
    [`${join(root, 'file')}/`, /\[ERR_OUTPUT\]\n$/],
  ] as const;
  for (const [path, message] of cases) {
    const { code, err, calls } = await hearken(['transcribe', 'a.mp3', '-o', path]);
    t.is(code, 1, path);
    t.regex(err, message);
    t.is(calls.length, 0);
  }
});

test('- is stdin', async (t) => {
  const { code, calls, out } = await hearken(['transcribe', '-']);
  t.is(code, 0);
  t.is(calls[0]?.file, 'a stream');
  t.is(out, 'text of a stream\n');
});

test('an interrupted job keeps what is done, and says so', async (t) => {
  const root = folder(t);
  const partial = resultOf('the first part', [
    { start: 0, end: 754, status: 'decoded' },
    { start: 754, end: 800, status: 'aborted' },
    { start: 800, end: 900, status: 'decoded' },
  ]);
  for (const name of ['SIGINT', 'SIGTERM']) {
    const signals = new EventEmitter();
    const path = join(root, `${name}.txt`);
    const world = await hearken(['transcribe', 'a.mp3', 'b.mp3', '-o', '-'], {
      signals,
      transcription: interruptible(signals, partial, name),
    });
    t.is(world.code, 130);
    t.is(world.calls.length, 1, 'the next file is not begun');
    t.is(world.out, '==> a.mp3 <==\nthe first part\n');
    t.is(world.err, 'hearken: interrupted: partial result up to 12:34 written to stdout\n');
    t.deepEqual(world.closes.sort(), ['diarizer', 'model']);
    t.is(world.listeners, 0, 'the next signal must kill');

    const again = new EventEmitter();
    const filed = await hearken(['transcribe', 'a.mp3', '-o', path], {
      signals: again,
      transcription: interruptible(again, partial, name),
    });
    t.is(filed.code, 130);
    t.is(filed.err, `hearken: interrupted: partial result up to 12:34 kept in ${path}\n`);
    t.is(readFileSync(path, 'utf8'), 'the first part\n');
  }
});

test('an interruption before the first text writes nothing', async (t) => {
  const root = folder(t);
  for (const partial of [undefined, resultOf('')]) {
    const signals = new EventEmitter();
    const path = join(root, 'x.txt');
    const world = await hearken(['transcribe', 'a.mp3', '-o', path], {
      signals,
      transcription: interruptible(signals, partial),
    });
    t.is(world.code, 130);
    t.is(world.err, 'hearken: interrupted: nothing transcribed yet, nothing written\n');
    t.false(existsSync(path));
  }
});

test('a signal between two files ends with 130, the first kept', async (t) => {
  const signals = new EventEmitter();
  const world = await hearken(['transcribe', 'a.mp3', 'b.mp3'], {
    signals,
    transcription: async () => {
      signals.emit('SIGINT');
      return resultOf('done');
    },
  });
  t.is(world.code, 130);
  t.is(world.out, '==> a.mp3 <==\ndone\n');
  t.is(world.err, 'hearken: interrupted: 1 of 2 files not begun\n');
});

test('an abort that is nobody’s signal is a failure', async (t) => {
  const behaviour: Behaviour = async () => {
    throw new HearkenError('ERR_ABORTED', 'gone');
  };
  const { code, err } = await hearken(['transcribe', 'a.mp3'], { transcription: behaviour });
  t.is(code, 1);
  t.is(err, 'hearken: a.mp3: gone [ERR_ABORTED]\n');
});

function broken(code: string): Writable {
  return new Writable({
    write(_chunk, _encoding, callback) {
      callback(Object.assign(new Error(`write ${code}`), { code }));
    },
  });
}

test('a reader that goes away ends it quietly, and the rest is not done', async (t) => {
  const world = await hearken(['transcribe', 'a.mp3', 'b.mp3'], { stdout: broken('EPIPE') });
  t.is(world.code, 0);
  t.is(world.err, '');
  t.is(world.calls.length, 1);
});

test('a full disk behind stdout is an error', async (t) => {
  const { code, err } = await hearken(['transcribe', 'a.mp3'], { stdout: broken('ENOSPC') });
  t.is(code, 1);
  t.is(err, 'hearken: a.mp3: cannot write to stdout: write ENOSPC [ERR_OUTPUT]\n');
});

test('progress on a terminal, cleared before anything else is said', async (t) => {
  const behaviour: Behaviour = async (_file, { onProgress }) => {
    onProgress?.({ fraction: 0.5, processed: 10, total: 20, elapsed: 1, eta: 1, speed: 10 });
    throw new HearkenError('ERR_DECODE', 'bad');
  };
  const world = await hearken(['transcribe', 'a.mp3'], { transcription: behaviour, tty: true });
  t.is(world.err, '\r\u001b[2Ka.mp3  starting\r\u001b[2Khearken: a.mp3: bad [ERR_DECODE]\n');
  const quiet = await hearken(['transcribe', 'a.mp3', '-q'], { tty: true });
  t.is(quiet.err, '');
});

test('what has no text though there was something to hear is told', async (t) => {
  const behaviour: Behaviour = async () =>
    resultOf('some', [
      { start: 0, end: 60, status: 'decoded' },
      { start: 60, end: 72.5, status: 'failed', reason: 'repetition loop' },
      { start: 72.5, end: 80, status: 'silence' },
      { start: 80, end: 90, status: 'suppressed' },
    ]);
  const { code, err } = await hearken(['transcribe', 'a.mp3'], { transcription: behaviour });
  t.is(code, 0);
  t.is(err, 'hearken: a.mp3: warning: 22.5 s without text: 1:00–1:12 failed (repetition loop), 1:20–1:30 suppressed\n');
  t.is((await hearken(['transcribe', 'a.mp3', '-q'], { transcription: behaviour })).err, '');
});
