import test, { type ExecutionContext } from 'ava';
import { assertEnded, childScript, type Ended, runNode } from '../helpers/child.js';
import { folder } from '../helpers/folder.js';
import { random, rounds } from '../helpers/speech.js';
import { STAGE_NAMES } from './children/stages.js';

// A process that ends in mid-job ends cleanly: with its own code, soon, without a signal, without noise.

const BOUND_MS = 5000;
const next = random(2026);
const MOMENTS = ['loading', 'planning', 'decoding', 'between'];

const job = (how: string, moment: string, delay: number, onGo?: (pid: number) => void): Promise<Ended> =>
  runNode([childScript('job'), how, moment, String(delay)], onGo ? { onGo } : {});

const quick = (ended: Ended) => ended.milliseconds < BOUND_MS;

for (const [how, code, stderr] of [
  ['exit', 7, /^$/],
  ['throw', 1, /^[\s\S]*uncaught on purpose\n[\s\S]*Node\.js v[\d.]+\n$/],
  ['reject', 1, /^[\s\S]*unhandled on purpose\n[\s\S]*Node\.js v[\d.]+\n$/],
] as const) {
  test.serial(`${how} in mid-job: exit code ${code}, soon, without a signal`, async (t) => {
    for (let round = 0; round < rounds(how === 'exit' ? 12 : 4, 40); round++) {
      const moment = MOMENTS[round % MOMENTS.length] as string;
      const delay = Math.round(next() * (moment === 'loading' ? 150 : 400));
      const ended = await job(how, moment, delay);
      assertEnded(t, ended, code, `${how} ${moment} +${delay} ms`, stderr);
      t.true(quick(ended), `${moment} +${delay} ms took ${ended.milliseconds} ms`);
      t.notRegex(ended.stderr, /terminate called|assert|Assertion|free\(\)|corrupt/i);
    }
  });
}

test.serial('SIGTERM kills at once; a handler that exits is obeyed', async (t) => {
  for (let round = 0; round < rounds(2, 20); round++) {
    const kill = (pid: number) => setTimeout(() => process.kill(pid, 'SIGTERM'), next() * 300);
    const plain = await job('sigterm', 'decoding', 0, kill);
    t.is(plain.signal, 'SIGTERM');
    t.is(plain.stderr, '');
    t.true(quick(plain));
    const handled = await job('sigterm-handled', 'decoding', 0, kill);
    assertEnded(t, handled, 143, 'handled SIGTERM');
    t.true(quick(handled));
  }
});

const THROWN = /^[\s\S]*(uncaught|unhandled) on purpose\n[\s\S]*Node\.js v[\d.]+\n$/;

/** How a process ends: what it is told to do, the signal that it is sent, and what it should end with. */
const ENDS: {
  how: string;
  kill?: NodeJS.Signals;
  code: number | null;
  signal: NodeJS.Signals | null;
  stderr?: RegExp;
}[] = [
  { how: 'exit', code: 7, signal: null },
  { how: 'signal', kill: 'SIGTERM', code: null, signal: 'SIGTERM' },
  { how: 'throw', code: 1, signal: null, stderr: THROWN },
  { how: 'signal', kill: 'SIGINT', code: null, signal: 'SIGINT' },
  { how: 'handler', kill: 'SIGTERM', code: 7, signal: null },
  { how: 'reject', code: 1, signal: null, stderr: THROWN },
  { how: 'handler', kill: 'SIGINT', code: 7, signal: null },
];

const stageProcess = (t: ExecutionContext, stage: string, how: string, delay = 0, onGo?: (pid: number) => void) => {
  const env = { HEARKEN_DATA_DIR: folder(t) };
  return runNode([childScript('stage-process'), stage, how, String(delay)], onGo ? { env, onGo } : { env });
};

test.serial('each stage of life, ended in each way', async (t) => {
  // 12 stages and 7 ways have no common divisor: many rounds see every pair.
  for (let round = 0; round < rounds(14, 84); round++) {
    const stage = STAGE_NAMES[round % STAGE_NAMES.length] as string;
    const end = ENDS[round % ENDS.length] as (typeof ENDS)[number];
    const delay = Math.round(next() ** 2 * 300);
    const what = `${stage}, ${end.how} ${end.kill ?? ''} +${delay} ms`;
    const kill = (pid: number) => end.kill && process.kill(pid, end.kill);
    const ended = await stageProcess(t, stage, end.how, delay, kill);
    const all = `${what}: ${JSON.stringify(ended)}`;
    t.regex(ended.stdout, /^go$/m, all);
    t.is(ended.signal, end.signal, all);
    t.is(ended.code, end.code, all);
    t.regex(ended.stderr, end.stderr ?? /^$/, all);
    t.true(quick(ended), `${what}: ${ended.milliseconds} ms`);
  }
});

test.serial('process.exit() inside of what the library calls', async (t) => {
  for (const callback of ['progress', 'segment', 'turn', 'done', 'abort', 'result']) {
    for (let round = 0; round < rounds(1, 4); round++) {
      const ended = await stageProcess(t, callback, 'callback');
      assertEnded(t, ended, 7, callback);
      t.true(quick(ended), `${callback}: ${ended.milliseconds} ms`);
    }
  }
});

test.serial('open handles do not keep the process alive', async (t) => {
  const ended = await stageProcess(t, '', 'natural');
  assertEnded(t, ended, 0, 'natural');
  t.true(ended.milliseconds < 2000, `${ended.milliseconds} ms to the end`);
});

test.serial('nothing keeps the process alive: it ends by itself soon after an abort', async (t) => {
  for (const moment of MOMENTS) {
    const ended = await job('abort', moment, Math.round(next() * 200));
    assertEnded(t, ended, 0, `abort ${moment}`);
    t.true(ended.milliseconds < 2000, `${moment}: ${ended.milliseconds} ms to the end`);
  }
});

test.serial('nothing keeps the process alive: it ends by itself soon after a finished job', async (t) => {
  // The idle threads of the pool live on for seconds; they must not hold up the exit.
  const ended = await runNode([
    '--input-type=module',
    '-e',
    `import { transcribe } from 'hearken';
     await transcribe('examples/jfk.wav', { endTime: 4 });
     console.log('go');`,
  ]);
  assertEnded(t, ended, 0, 'finished');
  t.true(ended.milliseconds < 1500, `${ended.milliseconds} ms to the end`);
});

test.serial('the main thread exits while a worker_thread decodes', async (t) => {
  for (let round = 0; round < rounds(4, 40); round++) {
    const delay = Math.round(next() * 500);
    const ended = await runNode([childScript('main-exits'), String(delay)]);
    assertEnded(t, ended, 9, `+${delay} ms`);
    t.true(quick(ended), `${ended.milliseconds} ms`);
  }
});
