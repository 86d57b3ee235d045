import { EventEmitter } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import test from 'ava';
import type { JobInfo } from '../../lib/cache/types.js';
import type { ResumeOptions, StoreLibrary } from '../../lib/cli/io.js';
import { HearkenError } from '../../lib/errors.js';
import { hearken, resultOf, type Setting, speakerOf } from '../helpers/cli-world.js';
import { folder } from '../helpers/folder.js';
import { answering, jobOf } from '../helpers/kept.js';

const listing = (...jobs: JobInfo[]): Setting => ({ store: { listJobs: async () => jobs } });

test('list: a table, the most recently used first', async (t) => {
  const jobs = [
    jobOf({ id: 'old00000', status: 'done', used: new Date(2025, 0, 2, 3, 4), processed: 3600, bytes: 999 }),
    jobOf({ id: 'new00000', used: new Date(2025, 5, 2, 3, 4) }),
    jobOf({ id: 'stream00', status: 'running', source: undefined, total: undefined, bytes: 3_000_000 }),
    jobOf({ id: 'early000', kind: 'diarize', status: 'failed', total: undefined, chunks: { done: 0, planned: 0 } }),
  ];
  const { code, out, err } = await hearken(['jobs', 'list'], listing(...jobs));
  t.is(code, 0, err);
  t.is(err, '');
  t.deepEqual(out.split('\n'), [
    'ID        STATUS       KIND        PROGRESS          USED                 SIZE  FILE',
    'new00000  interrupted  transcribe  18:20 of 1:00:00  2025-06-02 03:04  12.3 kB  /talks/a.mp3',
    'stream00  running      transcribe  12/37 chunks      2025-03-01 14:05   3.0 MB  (not a file)',
    'early000  failed       diarize     18:20             2025-03-01 14:05  12.3 kB  /talks/a.mp3',
    'old00000  done         transcribe  1:00:00           2025-01-02 03:04    999 B  /talks/a.mp3',
    '',
  ]);
});

test('list: of one status, as JSON, of a folder; and where there is none', async (t) => {
  const jobs = [jobOf(), jobOf({ id: 'done0000', status: 'done' })];
  const { calls, call } = answering(jobs);
  const store = { listJobs: call };
  const { out } = await hearken(['jobs', 'list', '--status', 'done', '--json', '--data-dir', '/d'], { store });
  const [job, ...more] = JSON.parse(out);
  t.deepEqual(more, []);
  t.is(job.id, 'done0000');
  t.is(job.used, jobs[1]?.used.toISOString());
  t.is(job.ended, null, 'every key is there');
  t.deepEqual(calls, [[{ dataDir: '/d' }]]);

  const none = await hearken(['jobs', 'list', '--status', 'failed'], { store });
  t.deepEqual([none.code, none.out, none.err], [0, '', 'hearken: no job is failed\n']);
  const empty = await hearken(['jobs', 'list', '--json'], listing());
  t.deepEqual([empty.out, empty.err], ['[]\n', '']);
  t.is((await hearken(['jobs', 'list'], listing())).err, 'hearken: no jobs yet\n');
});

test("a file's name can't move the cursor, and wide letters keep the columns", async (t) => {
  const jobs = [jobOf({ source: '/t/\u001b[2J\r\nx\u0007.mp3' }), jobOf({ source: '/t/会議.mp3' })];
  const list = await hearken(['jobs', 'list'], listing(...jobs));
  t.notRegex(list.out, /[^\P{Cc}\n]/u);
  t.is(list.out.split('\n').length, 4);
  t.true(list.out.includes('/t/会議.mp3'));
  const error = { code: 'ERR_DECODE', message: 'bad \u001b[31m' };
  const odd = jobOf({ source: '/t/\u001b[2J.mp3', error, options: { initialPrompt: 'a\u001b]0;x\u0007\nb' } });
  for (const argv of [['show'], ['cancel'], ['delete']]) {
    const { out, code } = await hearken(['jobs', ...argv, 'x'], {
      store: {
        showJob: async () => odd,
        cancelJob: async () => odd,
        deleteJob: async () => ({ jobs: [odd], entries: 0, freedBytes: 0 }),
      },
    });
    t.is(code, 0);
    t.notRegex(out, /[^\P{Cc}\n]/u, argv[0]);
    t.true(out.includes('/t/\uFFFD[2J.mp3'));
  }
});

test('show: everything, and how to go on', async (t) => {
  const voices = { Ada: Array(192).fill(0.1), Bob: Array(192).fill(0.2) };
  const error = { code: 'ERR_DECODE', message: 'the engine failed' };
  const job = jobOf({
    status: 'failed',
    error,
    ended: new Date(2025, 2, 1, 15, 0),
    options: { voices, numSpeakers: 2 },
  });
  const { calls, call } = answering(job);
  const store = { showJob: call };
  const { code, out } = await hearken(['jobs', 'show', '1a2b'], { store });
  t.is(code, 0);
  t.deepEqual(calls, [['1a2b', {}]]);
  for (const line of [
    /^id +1a2b3c4d$/m,
    /^file +\/talks\/a\.mp3$/m,
    /^progress +18:20 of 1:00:00$/m,
    /^chunks +12\/37 chunks$/m,
    /^ended +2025-03-01 15:00$/m,
    /^error +the engine failed \[ERR_DECODE\]$/m,
    /^whisper model +(ab){32}$/m,
    /^voices +Ada, Bob$/m,
    /^numSpeakers +2$/m,
    /\n\n'hearken jobs resume 1a2b3c4d' goes on with it\.\n$/,
  ]) {
    t.regex(out, line);
  }
  const done = await hearken(['jobs', 'show', '1a'], { store: { showJob: async () => jobOf({ status: 'done' }) } });
  t.notRegex(done.out, /resume/);
  const json = JSON.parse((await hearken(['jobs', 'show', '1a', '--json'], { store })).out);
  t.deepEqual(json.options.numSpeakers, 2);
});

test('an id that is none', async (t) => {
  const missing = async () => {
    throw new HearkenError('ERR_CACHE_NOT_FOUND', "there is no job that begins with 'zz'");
  };
  const store = { showJob: missing, deleteJob: missing, cancelJob: missing };
  for (const command of ['show', 'resume', 'cancel', 'delete']) {
    const { code, out, err } = await hearken(['jobs', command, 'zz'], { store });
    t.is(code, 1);
    t.is(out, '');
    t.is(err, "hearken: there is no job that begins with 'zz' [ERR_CACHE_NOT_FOUND]\n");
  }
});

interface Resumed {
  id: string;
  options: ResumeOptions;
}

/** A store with one job, which gives this when it is resumed. */
function resumable(job: JobInfo, resume: StoreLibrary['resumeJob']): Setting & { resumed: Resumed[] } {
  const resumed: Resumed[] = [];
  const resumeJob: StoreLibrary['resumeJob'] = (id, options) => {
    resumed.push({ id, options });
    return resume(id, options);
  };
  return { resumed, store: { showJob: async () => job, resumeJob } };
}

test('resume: a transcript as transcribe would give it', async (t) => {
  const root = folder(t);
  const setting = resumable(jobOf(), async () => resultOf('the whole text'));
  const { code, out, err, listeners } = await hearken(['jobs', 'resume', '1a2b', '--data-dir', '/d'], setting);
  t.is(code, 0, err);
  t.is(out, 'the whole text\n');
  t.is(err, '');
  t.is(listeners, 0);
  const [{ id, options } = { id: '', options: {} }] = setting.resumed;
  t.is(id, '1a2b3c4d', 'the whole id');
  t.deepEqual(Object.keys(options).sort(), ['dataDir', 'onProgress', 'signal']);
  t.is(options.dataDir, '/d');

  const path = join(root, 'a.srt');
  t.is((await hearken(['jobs', 'resume', '1a2b', '-o', path], setting)).code, 0);
  t.true(readFileSync(path, 'utf8').startsWith('1\n00:00:00,000'));
  t.is((await hearken(['jobs', 'resume', '1a2b', '-o', `${root}/`, '-f', 'json'], setting)).code, 0);
  t.is(JSON.parse(readFileSync(join(root, 'a.json'), 'utf8')).text, 'the whole text');
  const limited = await hearken(['jobs', 'resume', '1a2b', '--memory-limit', '256'], setting);
  t.deepEqual(limited.limits, [256]);
  const receipt = await hearken(['jobs', 'resume', '1a2b', '-f', 'json', '--receipt'], setting);
  t.true('receipt' in JSON.parse(receipt.out));
});

test('resume: what to know of the result is told, unless quiet', async (t) => {
  const coverage = [
    { start: 0, end: 10, status: 'decoded' as const },
    { start: 10, end: 20, status: 'failed' as const },
  ];
  const setting = resumable(jobOf(), async () => resultOf('some', coverage));
  t.regex((await hearken(['jobs', 'resume', '1a'], setting)).err, /warning: 10\.0 s without text/);
  t.is((await hearken(['jobs', 'resume', '1a', '-q'], setting)).err, '');
});

test('resume: a diarization as diarize would give it', async (t) => {
  const setting = resumable(jobOf({ kind: 'diarize' }), async () => speakerOf('Ada'));
  const { out } = await hearken(['jobs', 'resume', '1a2b'], setting);
  t.is(out, 'SPEAKER a 1 0.500 1.500 <NA> <NA> Ada <NA> <NA>\n');
  t.is(JSON.parse((await hearken(['jobs', 'resume', '1a2b', '-f', 'json'], setting)).out).turns.length, 1);
  for (const flags of [
    ['-f', 'srt'],
    ['-o', 'x.srt'],
  ]) {
    const { code, err } = await hearken(['jobs', 'resume', '1a2b', ...flags], setting);
    t.is(code, 2, err);
  }
  t.is(setting.resumed.length, 2, 'a wrong call begins nothing');
});

test('resume: interrupted, it keeps what is done', async (t) => {
  const signals = new EventEmitter();
  const path = join(folder(t), 'a.txt');
  const setting = resumable(
    jobOf(),
    (_id, { signal }) =>
      new Promise((_resolve, reject) => {
        const partial = resultOf('the first part');
        signal?.addEventListener('abort', () => {
          reject(Object.assign(new HearkenError('ERR_ABORTED', 'aborted'), { partial }));
        });
        setImmediate(() => signals.emit('SIGINT'));
      }),
  );
  const { code, err, listeners } = await hearken(['jobs', 'resume', '1a', '-o', path], { ...setting, signals });
  t.is(code, 130);
  t.is(err, `hearken: interrupted: partial result up to 0:10 kept in ${path}\n`);
  t.is(readFileSync(path, 'utf8'), 'the first part\n');
  t.is(listeners, 0);
});

test('resume: audio that was no file has to come again', async (t) => {
  const setting = resumable(jobOf({ source: undefined }), async () => resultOf('never'));
  const { code, err } = await hearken(['jobs', 'resume', '1a'], setting);
  t.is(code, 1);
  t.regex(err, /^hearken: the audio of job 1a2b3c4d was no file .*'hearken transcribe' again with the same audio/);
  t.deepEqual(setting.resumed, []);
});

test('resume: its failure is that of the file, and the output is not touched', async (t) => {
  const path = join(folder(t), 'a.txt');
  const setting = resumable(jobOf(), async () => {
    throw new HearkenError('ERR_AUDIO_NOT_FOUND', 'the file is gone');
  });
  const { code, err } = await hearken(['jobs', 'resume', '1a', '-o', path], setting);
  t.is(code, 1);
  t.is(err, 'hearken: /talks/a.mp3: the file is gone [ERR_AUDIO_NOT_FOUND]\n');
  t.false(existsSync(path));
  const over = await hearken(['jobs', 'resume', '1a', '-o', '/talks/a.mp3', '-f', 'txt'], setting);
  t.is(over.code, 2);
  t.regex(over.err, /would overwrite the input/);
});

test('cancel: what has become of the job is said', async (t) => {
  const { calls, call } = answering(jobOf({ status: 'running' }));
  const states = [jobOf({ status: 'running' }), jobOf({ status: 'cancelled' })];
  const store = { showJob: async () => states.shift() ?? jobOf({ status: 'failed' }), cancelJob: call };
  const { code, out } = await hearken(['jobs', 'cancel', '1a', '--data-dir', '/d'], { store });
  t.is(code, 0);
  t.is(out, 'cancelled 1a2b3c4d: /talks/a.mp3\n');
  t.deepEqual(calls, [['1a', { dataDir: '/d' }]]);
  t.deepEqual(states, []);
  const over = { cancelJob: async () => jobOf({ status: 'done' }) };
  const { out: late } = await hearken(['jobs', 'cancel', '1a'], { store: over });
  t.is(late, 'not running, but done: 1a2b3c4d: /talks/a.mp3\n');
});

test('delete: one that runs is told, the others go', async (t) => {
  const deleted: string[] = [];
  const deleteJob: StoreLibrary['deleteJob'] = async (id) => {
    if (id === 'run') throw new HearkenError('ERR_CACHE_RUNNING', 'the job run is running: cancel it first');
    deleted.push(id);
    return { jobs: [jobOf({ id })], entries: 3, freedBytes: 4500 };
  };
  const { code, out, err } = await hearken(['jobs', 'delete', 'a', 'run', 'b', 'a'], { store: { deleteJob } });
  t.is(code, 1);
  t.deepEqual(deleted, ['a', 'b'], 'each once');
  t.is(out, 'deleted a: /talks/a.mp3, 4.5 kB freed\ndeleted b: /talks/a.mp3, 4.5 kB freed\n');
  t.is(err, 'hearken: the job run is running: cancel it first [ERR_CACHE_RUNNING]\n');
});

test('wrong usage ends with 2, and asks nothing of the library', async (t) => {
  for (const argv of [
    [],
    ['list', 'x'],
    ['list', '--status', 'lost'],
    ['list', '--data-dir', ''],
    ['show'],
    ['show', 'a', 'b'],
    ['resume'],
    ['resume', 'a', 'b'],
    ['resume', 'a', '-f', 'pdf'],
    ['resume', 'a', '--model', 'base'],
    ['cancel'],
    ['delete'],
    ['frobnicate'],
  ]) {
    const { code, out, err } = await hearken(['jobs', ...argv]);
    t.is(code, 2, argv.join(' '));
    t.is(out, '');
    t.true(err.includes('--help') || err.includes('Usage:'), err);
  }
});

test('a reader that goes away is no error; a full disk is', async (t) => {
  const broken = (code: string) =>
    new Writable({ write: (_chunk, _encoding, callback) => callback(Object.assign(new Error(code), { code })) });
  const gone = await hearken(['jobs', 'list'], { ...listing(jobOf()), stdout: broken('EPIPE') });
  t.deepEqual([gone.code, gone.err], [0, '']);
  const deleteJob = async () => ({ jobs: [jobOf()], entries: 0, freedBytes: 0 });
  for (const [argv, store] of [
    [['jobs', 'list'], listing(jobOf()).store],
    [['jobs', 'delete', 'a', 'b'], { deleteJob }],
  ] as const) {
    const full = await hearken([...argv], { ...(store ? { store } : {}), stdout: broken('ENOSPC') });
    t.is(full.code, 1);
    t.is(full.err, 'hearken: cannot write to stdout: ENOSPC [ERR_OUTPUT]\n');
  }
});
