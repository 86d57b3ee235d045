import { PassThrough } from 'node:stream';
import test from 'ava';
import type { StoreLibrary } from '../../lib/cli/io.js';
import { HearkenError } from '../../lib/errors.js';
import { hearken, optionsOf } from '../helpers/cli-world.js';
import { answering, infoOf, jobOf } from '../helpers/kept.js';

test('flags of transcribe and diarize reach the library', async (t) => {
  for (const command of ['transcribe', 'diarize']) {
    const options = async (...flags: string[]) => {
      const world = await hearken([command, 'a.mp3', ...flags]);
      t.is(world.code, 0, world.err);
      const { words: _words, skipSilence: _skip, ...rest } = optionsOf(world);
      return rest;
    };
    t.deepEqual(await options(), {}, "the library's defaults");
    t.deepEqual(await options('--no-cache'), { cache: false });
    t.deepEqual(await options('--cache', '--force'), { cache: true, force: true });
    t.deepEqual(await options('--cache-readonly'), { cache: 'readonly' });
    t.deepEqual(await options('--force'), { force: true });
    t.deepEqual(await options('--data-dir', '/d', '--cache-limit', '500'), { dataDir: '/d', cacheLimitMB: 500 });
    t.deepEqual(await options('--cache-limit', '0'), { cacheLimitMB: 0 });
    t.deepEqual(await options('--cache-readonly', '--data-dir', 'd'), { cache: 'readonly', dataDir: 'd' });
  }
});

test('flags that cannot both be meant are refused', async (t) => {
  const wrong = [
    ['--no-cache', '--force'],
    ['--no-cache', '--cache-readonly'],
    ['--cache-readonly', '--no-cache'],
    ['--no-cache', '--data-dir', 'd'],
    ['--no-cache', '--cache-limit', '5'],
    ['--cache-readonly', '--cache'],
    ['--cache-readonly', '--force'],
    ['--cache-readonly', '--cache-limit', '5'],
    ['--cache-limit', '-1'],
    ['--cache-limit', 'much'],
    ['--data-dir', ''],
  ];
  for (const command of ['transcribe', 'diarize']) {
    for (const flags of wrong) {
      const { code, err, calls } = await hearken([command, 'a.mp3', ...flags]);
      t.is(code, 2, flags.join(' '));
      t.true(
        flags.some((flag) => flag.startsWith('--') && err.includes(flag)),
        err,
      );
      t.is(calls.length, 0);
    }
  }
});

test('info', async (t) => {
  const backups = [{ path: '/data/hearken/cache/old\u001b.db', bytes: 4096 }];
  const { calls, call } = answering(infoOf({ backups }));
  const store = { cacheInfo: call };
  const { code, out } = await hearken(['cache', 'info', '--data-dir', '/data/hearken'], { store });
  t.is(code, 0);
  t.deepEqual(calls, [[{ dataDir: '/data/hearken' }]]);
  t.deepEqual(out.split('\n'), [
    'data folder  /data/hearken',
    'database     2.5 MB: /data/hearken/cache/hearken.db',
    'jobs         5: 2 interrupted, 3 done',
    'chunks       120, 1.2 MB',
    'languages    none',
    'windows      7, 812 B',
    'speakers     none',
    'moved aside  4.1 kB: /data/hearken/cache/old\uFFFD.db',
    '',
  ]);
  const json = await hearken(['cache', 'info', '--json'], { store });
  t.deepEqual(JSON.parse(json.out), infoOf({ backups }));
  const empty = { running: 0, interrupted: 0, done: 0, failed: 0, cancelled: 0 };
  const none = await hearken(['cache', 'info'], {
    store: { cacheInfo: async () => infoOf({ bytes: 0, jobs: empty }) },
  });
  t.regex(none.out, /^database +none yet: \/data/m);
  t.regex(none.out, /^jobs +none$/m);
});

test('clean: what was asked reaches the library', async (t) => {
  const options = async (...flags: string[]) => {
    let asked: unknown;
    const cleanCache: StoreLibrary['cleanCache'] = async (given) => {
      asked = given;
      return { jobs: [], entries: 0, freedBytes: 0 };
    };
    const { code, err } = await hearken(['cache', 'clean', ...flags], { store: { cleanCache } });
    t.is(code, 0, err);
    return asked;
  };
  t.deepEqual(await options(), {}, "the library's defaults");
  t.deepEqual(await options('--keep', '0'), { keep: 0 });
  t.deepEqual(await options('--max-size', '0.5', '--data-dir', '/d'), { maxSizeMB: 0.5, dataDir: '/d' });
  t.deepEqual(await options('--older-than', '30d'), { olderThanSeconds: 30 * 86_400 });
  t.deepEqual(await options('--older-than', '12h'), { olderThanSeconds: 12 * 3600 });
  t.deepEqual(await options('--older-than', '45m'), { olderThanSeconds: 45 * 60 });
  t.deepEqual(await options('--older-than', '2w', '--keep', '3'), { olderThanSeconds: 14 * 86_400, keep: 3 });
  t.deepEqual(await options('--older-than', '9s', '--dry-run'), { olderThanSeconds: 9, dryRun: true });
});

test('clean: what went, and what the disk has back', async (t) => {
  const cleanCache = async () => ({ jobs: [jobOf()], entries: 12, freedBytes: 3_400_000 });
  const { out } = await hearken(['cache', 'clean'], { store: { cleanCache } });
  t.regex(out, /^ID +STATUS/);
  t.regex(out, /^1a2b3c4d .* \/talks\/a\.mp3\n\ndeleted 1 job and 12 entries, 3\.4 MB freed\n$/m);
  const dry = await hearken(['cache', 'clean', '--dry-run'], { store: { cleanCache } });
  t.regex(dry.out, /\n\nwould delete 1 job and 12 entries, and free about 3\.4 MB\n$/);
  const json = JSON.parse((await hearken(['cache', 'clean', '--dry-run', '--json'], { store: { cleanCache } })).out);
  t.like(json, { dryRun: true, entries: 12, freedBytes: 3_400_000 });
  t.is(json.jobs[0].id, '1a2b3c4d');
  const nothing = async () => ({ jobs: [], entries: 0, freedBytes: 0 });
  const none = await hearken(['cache', 'clean'], { store: { cleanCache: nothing } });
  t.is(none.out, 'deleted 0 jobs and 0 entries, 0 B freed\n');
});

const reset = (backup = '/data/old\u001b.db') => {
  const { calls, call } = answering({ backup });
  return { calls, store: { resetCache: call } };
};

test('reset-db: --yes does not ask, and the backup is named', async (t) => {
  const { calls, store } = reset();
  const { code, out, err } = await hearken(['cache', 'reset-db', '--yes', '--data-dir', '/d'], { store });
  t.is(code, 0);
  t.is(out, 'the old database is now /data/old\uFFFD.db\n');
  t.is(err, '');
  t.deepEqual(calls, [[{ dataDir: '/d' }]]);
  const none = { resetCache: async () => ({ backup: undefined }) };
  t.is((await hearken(['cache', 'reset-db', '-y'], { store: none })).out, 'there is no database yet\n');
});

test('reset-db: without a terminal it needs --yes', async (t) => {
  const { calls, store } = reset();
  for (const setting of [{}, { tty: true }, { stdin: { isTTY: true } }]) {
    const { code, err } = await hearken(['cache', 'reset-db'], { store, ...setting });
    t.is(code, 2);
    t.regex(err, /^hearken: there is no terminal to ask on: give --yes/);
  }
  t.deepEqual(calls, []);
});

test('reset-db: asks on a terminal, and only yes is yes', async (t) => {
  for (const [typed, expected, times] of [
    ['y\n', 0, 1],
    ['YES\n', 0, 1],
    ['\n', 1, 0],
    ['n\n', 1, 0],
    ['yesterday\n', 1, 0],
    ['', 1, 0],
    ['\u0003', 130, 0],
  ] as const) {
    const { calls, store } = reset();
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    const world = hearken(['cache', 'reset-db'], { store, tty: true, terminal: stdin });
    stdin.end(typed);
    const { code, err, out } = await world;
    t.is(code, expected, JSON.stringify(typed));
    t.is(calls.length, times);
    t.true(err.includes('[y/N]'));
    t.is(out === '', times === 0);
  }
});

test('a store that cannot be used is told, with its code', async (t) => {
  const fail = async () => {
    throw new HearkenError('ERR_CACHE_ACCESS', '/d/hearken.db cannot be written: \u001b');
  };
  const store = { cacheInfo: fail, cleanCache: fail, resetCache: fail, listJobs: fail };
  for (const argv of [
    ['cache', 'info'],
    ['cache', 'clean'],
    ['cache', 'reset-db', '--yes'],
    ['jobs', 'list'],
  ]) {
    const { code, out, err } = await hearken(argv, { store });
    t.is(code, 1);
    t.is(out, '');
    t.is(err, 'hearken: /d/hearken.db cannot be written: \uFFFD [ERR_CACHE_ACCESS]\n');
  }
});

test('wrong usage ends with 2', async (t) => {
  for (const argv of [
    [],
    ['info', 'x'],
    ['clean', '--keep', '-1'],
    ['clean', '--keep', '1.5'],
    ['clean', '--max-size', 'big'],
    ['clean', '--max-size', '0'],
    ['clean', '--older-than', '30'],
    ['clean', '--older-than', '0d'],
    ['clean', '--older-than', '1.5d'],
    ['clean', '--older-than', '30y'],
    ['clean', '--older-than', '99999999999999999d'],
    ['reset'],
    ['frobnicate'],
  ]) {
    const { code, out, err } = await hearken(['cache', ...argv]);
    t.is(code, 2, argv.join(' '));
    t.is(out, '');
    t.true(err.includes('--help') || err.includes('Usage:'), err);
  }
});
