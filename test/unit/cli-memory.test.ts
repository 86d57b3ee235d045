import { EventEmitter } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { HearkenError } from '../../lib/errors.js';
import type { MemorySample } from '../../lib/memory.js';
import type { MemoryReport } from '../../lib/report/index.js';
import { type Behaviour, hearken, resultOf, type Setting, speakerOf, usageOf } from '../helpers/cli-world.js';
import { folder } from '../helpers/folder.js';
import { RECEIPT } from '../helpers/receipt.js';

const MB = 2 ** 20;
const read = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as MemoryReport;

const sampleOf = (seconds: number, megabytes: number): MemorySample => {
  const { native, rss, limit } = usageOf(megabytes);
  return { seconds, native, rss, limit, workers: 2 };
};

/** A job that says what it takes. */
const telling: Behaviour = async (file, { onMemory }) => {
  for (const megabytes of [100, 300, 120]) onMemory?.(sampleOf(0, megabytes));
  return resultOf(`text of ${file}`);
};

test('--memory-limit is set before anything is loaded, for either command', async (t) => {
  const loads: Setting['usage'] = () => usageOf(1);
  for (const command of ['transcribe', 'diarize']) {
    const world = await hearken([command, 'a.mp3', 'b.mp3', '--memory-limit', '256'], { usage: loads });
    t.is(world.code, 0, world.err);
    t.deepEqual(world.limits, [256]);
    t.is(world.cleanups, 0, 'the process ends anyway');
    t.deepEqual((await hearken([command, 'a.mp3', '--memory-limit', '0'])).limits, [0], 'none');
    t.deepEqual((await hearken([command, 'a.mp3'])).limits, [], 'as the environment says');
  }
});

test('a report whose folder is not there is told before the work', async (t) => {
  const { code, err, calls } = await hearken(['transcribe', 'a.mp3', '--memory-report', '/nowhere/x.html']);
  t.is(code, 1);
  t.regex(err, /cannot write \/nowhere\/x\.html: the folder \/nowhere does not exist \[ERR_OUTPUT\]/);
  t.is(calls.length, 0);
});

test('wrong flags end with 2, before anything is done', async (t) => {
  const root = folder(t);
  const wrong: [string[], RegExp][] = [
    [['--memory-limit', '-1'], /whole number/],
    [['--memory-limit', '1.5'], /whole number/],
    [['--memory-limit', '2GB'], /whole number/],
    [['--memory-limit'], /argument missing/],
    [['--memory-report', join(root, 'x.txt')], /writes \.html or \.json, and .*x\.txt is neither/],
    [['--memory-report', 'html'], /html is neither/],
    [['--memory-report', ''], /an empty path is neither/],
    [['--memory-report', '-'], /- is neither/],
    [['--memory-report', join(root, 'x.json'), '-f', 'json', '-o', join(root, 'x.json')], /would both be/],
    [['--memory-report', join(root, 'in.html')], /would overwrite the input/],
    [['--receipt', '-f', 'srt'], /--receipt is for JSON, and srt has no place for it/],
    [['--receipt'], /txt has no place/],
    [['--receipt', '-o', join(root, 'x.vtt')], /vtt has no place/],
  ];
  for (const [flags, message] of wrong) {
    const { code, err, calls, limits } = await hearken(['transcribe', join(root, 'in.html'), ...flags]);
    t.is(code, 2, flags.join(' '));
    t.regex(err, message);
    t.deepEqual([calls, limits], [[], []]);
  }
  t.is((await hearken(['diarize', 'a.mp3', '--receipt'])).code, 2);
  t.deepEqual(readdirSync(root), []);
});

test('--receipt puts it into JSON, in a file or line by line', async (t) => {
  const root = folder(t);
  for (const [command, result] of [
    ['transcribe', resultOf('text of a.mp3')],
    ['diarize', speakerOf('who is in a.mp3')],
  ] as const) {
    const { out, err } = await hearken([command, 'a.mp3', 'b.mp3', '-f', 'json', '--receipt']);
    t.is(err, '');
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    t.deepEqual(
      lines.map(({ file, receipt }) => [file, receipt.rssPeak]),
      [
        ['a.mp3', RECEIPT.rssPeak],
        ['b.mp3', RECEIPT.rssPeak],
      ],
    );
    const path = join(root, `${command}.json`);
    await hearken([command, 'a.mp3', '-o', path, '--receipt']);
    t.is(readFileSync(path, 'utf8'), result.format('json', undefined, { receipt: true }));
    t.is((await hearken([command, 'a.mp3', '-f', 'json'])).out, result.format('json'));
  }
});

test('one report over all files: before, peak, after, after cleanup', async (t) => {
  const path = join(folder(t), 'memory.json');
  // Before, at a's begin and end, at b's, after, after cleanup.
  const taken = [50, 60, 130, 130, 140, 135, 55];
  const usage = () => usageOf(taken.shift() ?? Number.NaN);
  // The constructor looks twice, for what was before and for the line.
  taken.unshift(50);
  const argv = ['transcribe', 'a.mp3', 'b.mp3', '--memory-report', path];
  const world = await hearken(argv, { transcription: telling, usage });
  t.is(world.code, 0, world.err);
  t.is(world.out, '==> a.mp3 <==\ntext of a.mp3\n\n==> b.mp3 <==\ntext of b.mp3\n');
  t.is(world.cleanups, 1);
  const report = read(path);
  t.is(report.end, 'done');
  t.deepEqual([report.before.rss, report.after.rss, report.afterCleanup.rss], [50 * MB, 135 * MB, 55 * MB]);
  t.is(report.peak.rss, 300 * MB, 'of a sample: more than the receipts say');
  t.is(report.peak.native.states, RECEIPT.nativePeak.states, 'of the receipts');
  t.is(report.peak.native.total, RECEIPT.nativePeak.total);
  t.is(report.freedBytes, 40 * MB, 'of the ledger');
  t.deepEqual(
    report.files.map(({ name, receipt, error }) => [name, receipt?.workers, error]),
    [
      ['a.mp3', 2, undefined],
      ['b.mp3', 2, undefined],
    ],
  );
  t.deepEqual(
    report.samples.map(({ rss }) => rss / MB),
    [50, 60, 100, 300, 120, 130, 130, 100, 300, 120, 140, 135, 55],
  );
  const seconds = report.samples.map((sample) => sample.seconds);
  t.deepEqual(
    seconds,
    [...seconds].sort((a, b) => a - b),
  );
  const { hearken: version, node, platform, started, notBegun } = report;
  t.regex(version, /^\d+\.\d+\.\d+$/);
  t.deepEqual([node, platform, notBegun], [process.version, `${process.platform}-${process.arch}`, []]);
  t.true(Math.abs(Date.parse(started) - Date.now()) < 60_000);
});

test('who asks for no report is asked for no samples', async (t) => {
  const { calls } = await hearken(['transcribe', 'a.mp3']);
  t.false('onMemory' in (calls[0]?.options ?? {}));
});

test('a file that fails, an output that fails: the report is written and says so', async (t) => {
  const root = folder(t);
  const path = join(root, 'memory.json');
  const transcription: Behaviour = async (file, options) => {
    if (file === 'b.mp3') throw new HearkenError('ERR_MEMORY_LIMIT', 'needs more');
    return await telling(file, options);
  };
  const world = await hearken(['transcribe', 'a.mp3', 'b.mp3', 'c.mp3', '--memory-report', path], { transcription });
  t.is(world.code, 1);
  const { end, files } = read(path);
  t.is(end, 'failed');
  t.deepEqual(
    files.map(({ error }) => error),
    [undefined, { code: 'ERR_MEMORY_LIMIT', message: 'needs more' }, undefined],
  );
  t.deepEqual(
    files.map(({ receipt }) => receipt !== undefined),
    [true, false, true],
  );

  await hearken(['transcribe', 'a.mp3', '-o', join(root, 'missing', 'a.txt'), '--memory-report', path]);
  t.is(read(path).files[0]?.error?.code, 'ERR_OUTPUT');
});

test('what all files share fails: no file was begun', async (t) => {
  const path = join(folder(t), 'memory.json');
  const enrolment = async () => {
    throw new HearkenError('ERR_AUDIO_NOT_FOUND', 'no clip');
  };
  const argv = ['transcribe', 'a.mp3', '--voice', 'Ada=ada.wav', '--memory-report', path];
  const { code } = await hearken(argv, { enrolment });
  t.is(code, 1);
  const { end, error, files, notBegun } = read(path);
  t.is(end, 'failed');
  t.is(error?.code, 'ERR_AUDIO_NOT_FOUND');
  t.deepEqual([files, notBegun], [[], ['a.mp3']]);
});

test('an interruption: the report has what the job left, and what was not begun', async (t) => {
  const root = folder(t);
  for (const partial of [resultOf('the first part'), undefined]) {
    const signals = new EventEmitter();
    const path = join(root, 'memory.json');
    const transcription: Behaviour = (file, options) =>
      file === 'a.mp3'
        ? telling(file, options)
        : new Promise((_resolve, reject) => {
            options.signal?.addEventListener('abort', () =>
              reject(Object.assign(new HearkenError('ERR_ABORTED', 'aborted'), { partial })),
            );
            setImmediate(() => signals.emit('SIGINT'));
          });
    const argv = ['transcribe', 'a.mp3', 'b.mp3', 'c.mp3', '--memory-report', path];
    const world = await hearken(argv, { signals, transcription });
    t.is(world.code, 130);
    t.is(world.listeners, 0);
    const { end, files, notBegun } = read(path);
    t.is(end, 'interrupted');
    t.deepEqual(
      files.map(({ name, error }) => [name, error?.code]),
      [
        ['a.mp3', undefined],
        ['b.mp3', 'ERR_ABORTED'],
      ],
    );
    t.is(files[1]?.receipt !== undefined, partial !== undefined);
    t.deepEqual(notBegun, ['c.mp3']);
  }
});

test('a report that could not be written is a failure, and leaves nothing behind', async (t) => {
  const root = folder(t);
  const path = join(root, 'memory.html');
  const usage = () => usageOf(50);
  t.is((await hearken(['diarize', 'a.mp3', '--memory-report', path], { usage })).code, 0);
  t.true(readFileSync(path, 'utf8').startsWith('<!doctype html>'));
  const { code, err, out } = await hearken(['diarize', 'a.mp3', '--memory-report', join(path, 'x.html')]);
  t.is(code, 1);
  t.is(out, '', 'said before the work');
  t.regex(err, /\[ERR_OUTPUT\]\n$/);
  t.deepEqual(readdirSync(root), ['memory.html']);
  t.true(existsSync(path));
});

test('help names the flags', async (t) => {
  for (const command of ['transcribe', 'diarize']) {
    const { out } = await hearken([command, '--help']);
    for (const flag of ['--memory-limit <MB>', '--memory-report <file>', '--receipt', 'HEARKEN_MEMORY_LIMIT'])
      t.true(out.includes(flag), flag);
  }
});
