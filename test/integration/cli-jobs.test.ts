import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { type Run, Store } from '../../lib/cache/index.js';
import type { CacheInfo, JobInfo } from '../../lib/cache/types.js';
import { type Ended, hearken, start } from '../helpers/cli-process.js';
import { folder } from '../helpers/folder.js';

// The commands as processes of their own, over databases of their own.

const ESCAPE = '/talks/\u001b[2J\nodd.mp3';

async function storeOf(data: string): Promise<Store> {
  const store = await Store.open(data, 'write');
  if (!store) throw new Error('no store');
  return store;
}

/** A job with two chunks of some kilobytes, one of which all jobs share. */
async function begin(store: Store, source: string, kind: JobInfo['kind'] = 'transcribe'): Promise<Run> {
  const models = { whisper: 'ab'.repeat(32) };
  const run = await store.begin({ kind, source, request: source, options: { words: false }, models });
  const keys = ['shared', `own ${source}`];
  await run.plan(
    keys.map((key, index) => {
      const at = index * 480_000;
      const end = at + 480_000;
      return { index, key, begin: at, end, ownedBegin: at, ownedEnd: end, endsInSpeech: false };
    }),
  );
  await store.put(
    keys.map((key) => ({ key, kind: 'chunk' as const, value: Buffer.alloc(50_000, key) })),
    run,
  );
  await run.progress(60, 60);
  return run;
}

/** Two that are done, one that was interrupted; the last is the most recent. */
async function seed(data: string): Promise<void> {
  const store = await storeOf(data);
  for (const name of ['/talks/a.mp3', ESCAPE]) {
    const run = await begin(store, name);
    await run.end('done', { outcome: {}, content: 'c0'.repeat(32), processed: 60 });
  }
  await begin(store, '/talks/stopped.mp3');
  await store.close();
}

async function listed(data: string): Promise<JobInfo[]> {
  const { code, out, err } = await hearken('jobs', 'list', '--json', '--data-dir', data);
  if (code !== 0) throw new Error(err);
  return JSON.parse(out) as JobInfo[];
}

const idOf = (jobs: readonly JobInfo[], source: string) => jobs.find((job) => job.source === source)?.id ?? 'none';
const infoOf = async (data: string) =>
  JSON.parse((await hearken('cache', 'info', '--json', '--data-dir', data)).out) as CacheInfo;

const fine = (ended: Ended) => {
  if (ended.code !== 0 || ended.err !== '') throw new Error(JSON.stringify(ended));
  return ended.out;
};

test('nothing yet: said, and nothing is made', async (t) => {
  const data = join(folder(t), 'data');
  t.is((await hearken('jobs', 'list', '--data-dir', data)).err, 'hearken: no jobs yet\n');
  t.regex(fine(await hearken('cache', 'info', '--data-dir', data)), /^database +none yet/m);
  t.is(fine(await hearken('cache', 'clean', '--data-dir', data)), 'deleted 0 jobs and 0 entries, 0 B freed\n');
  t.is(fine(await hearken('cache', 'reset-db', '--yes', '--data-dir', data)), 'there is no database yet\n');
  const { code, err } = await hearken('jobs', 'show', 'abc', '--data-dir', data);
  t.is(code, 1);
  t.regex(err, /\[ERR_CACHE_NOT_FOUND\]\n$/);
});

test('list and show', async (t) => {
  const data = folder(t);
  await seed(data);
  const table = fine(await hearken('jobs', 'list', '--data-dir', data));
  t.notRegex(table, /[^\P{Cc}\n]/u);
  const [head, first, ...rest] = table.trimEnd().split('\n');
  t.regex(head ?? '', /^ID +STATUS +KIND +PROGRESS +USED +SIZE +FILE$/);
  t.regex(first ?? '', /^\w{8} +interrupted +transcribe .* \/talks\/stopped\.mp3$/);
  t.is(rest.length, 2);
  t.regex(rest[0] ?? '', / done .* \/talks\/\uFFFD\[2J odd\.mp3$/);

  const jobs = await listed(data);
  t.deepEqual(
    jobs.map(({ status }) => status),
    ['interrupted', 'done', 'done'],
  );
  t.is(jobs[1]?.source, ESCAPE, 'as it is, for programs');
  const shown = fine(await hearken('jobs', 'show', (jobs[0]?.id ?? '').slice(0, 7), '--data-dir', data));
  t.regex(shown, /^status +interrupted$/m);
  t.regex(shown, /^chunks +2\/2 chunks$/m);
  t.regex(shown, new RegExp(`'hearken jobs resume ${jobs[0]?.id}' goes on`));
  const some = fine(await hearken('jobs', 'list', '--status', 'done', '--data-dir', data));
  t.is(some.trimEnd().split('\n').length, 3);
});

test('the folder of HEARKEN_DATA_DIR', async (t) => {
  const data = folder(t);
  await seed(data);
  const before = process.env.HEARKEN_DATA_DIR;
  process.env.HEARKEN_DATA_DIR = data;
  const { child, ended } = start(['jobs', 'list', '--json']);
  if (before === undefined) delete process.env.HEARKEN_DATA_DIR;
  else process.env.HEARKEN_DATA_DIR = before;
  const { out } = await ended;
  child.stdin?.destroy();
  t.is((JSON.parse(out) as unknown[]).length, 3);
});

test('delete: what another job has stays', async (t) => {
  const data = folder(t);
  await seed(data);
  const jobs = await listed(data);
  const [a, odd] = [idOf(jobs, '/talks/a.mp3'), idOf(jobs, ESCAPE)];
  const { code, out, err } = await hearken('jobs', 'delete', a, 'zzzzzzzzz', odd, '--data-dir', data);
  t.is(code, 1);
  t.regex(err, /^hearken: .*zzzzzzzzz.* \[ERR_CACHE_NOT_FOUND\]\n$/);
  t.regex(out, new RegExp(`^deleted ${a}: /talks/a\\.mp3, .* freed\ndeleted ${odd}: .* freed\n$`));
  t.deepEqual(
    (await listed(data)).map(({ source }) => source),
    ['/talks/stopped.mp3'],
  );
  t.is((await infoOf(data)).entries.chunk.count, 2, 'its own, and the shared one');
});

test('a job that runs is not deleted, nor cleaned; cancel reaches its process', async (t) => {
  const data = folder(t);
  await seed(data);
  const store = await storeOf(data);
  try {
    const run = await begin(store, '/talks/now.mp3');
    const cancelled = new Promise<void>((resolve) => run.onCancel(resolve));
    const refused = await hearken('jobs', 'delete', run.job, '--data-dir', data);
    t.is(refused.code, 1);
    t.regex(refused.err, /\[ERR_CACHE_RUNNING\]\n$/);
    fine(await hearken('cache', 'clean', '--keep', '0', '--data-dir', data));
    const left = await listed(data);
    t.deepEqual(
      left.map(({ id, status }) => [id, status]),
      [[run.job, 'running']],
    );
    const told = hearken('jobs', 'cancel', run.job, '--data-dir', data);
    await cancelled;
    await run.end('cancelled');
    t.is(fine(await told), `cancelled ${run.job}: /talks/now.mp3\n`);
    t.is((await listed(data))[0]?.status, 'cancelled');
  } finally {
    await store.close();
  }
});

test('clean: what it says is what goes', async (t) => {
  const data = folder(t);
  await seed(data);
  const before = await infoOf(data);
  const args = ['cache', 'clean', '--keep', '1', '--data-dir', data];
  const dry = fine(await hearken(...args, '--dry-run'));
  t.regex(dry, /would delete 2 jobs and 2 entries, and free about [\d.]+ kB\n$/);
  t.is((await listed(data)).length, 3);
  const cleaned = fine(await hearken(...args, '--json'));
  const { dryRun, jobs, entries, freedBytes } = JSON.parse(cleaned);
  t.deepEqual([dryRun, jobs.length, entries], [false, 2, 2]);
  const after = await infoOf(data);
  t.is(before.bytes - after.bytes, freedBytes);
  t.true(freedBytes >= 90_000, `${freedBytes}`); // whole pages
  t.deepEqual(after.jobs, { running: 0, interrupted: 1, done: 0, failed: 0, cancelled: 0 });
  t.is((await hearken('cache', 'clean', '--older-than', '1d', '--data-dir', data)).code, 0);
  t.is((await listed(data)).length, 1, 'it is younger');
});

test('reset-db: only with a yes; the backup has everything', async (t) => {
  const data = folder(t);
  await seed(data);
  const refused = await hearken('cache', 'reset-db', '--data-dir', data);
  t.is(refused.code, 2);
  t.regex(refused.err, /--yes/);
  t.is((await listed(data)).length, 3);

  const said = fine(await hearken('cache', 'reset-db', '--yes', '--data-dir', data));
  const [, backup = ''] = /^the old database is now (.+)\n$/.exec(said) ?? [];
  t.deepEqual(await listed(data), []);
  const { backups } = await infoOf(data);
  t.deepEqual(
    backups.map(({ path }) => path),
    [backup],
  );
  const other = folder(t);
  mkdirSync(join(other, 'cache'));
  for (const suffix of ['', '-wal']) {
    if (existsSync(backup + suffix)) {
      writeFileSync(join(other, 'cache', `hearken.db${suffix}`), readFileSync(backup + suffix));
    }
  }
  t.is((await listed(other)).length, 3, 'put back, it is as it was');
});

test('a damaged database is moved aside, said once and plainly, and the command goes on', async (t) => {
  const data = folder(t);
  await seed(data);
  const path = join(data, 'cache', 'hearken.db');
  const garbage = Buffer.alloc(9000, 'no database');
  writeFileSync(path, garbage);
  const { code, out, err } = await hearken('cache', 'clean', '--data-dir', data);
  t.is(code, 0, err);
  t.regex(out, /^deleted 0 jobs/);
  t.regex(err, /^hearken: warning: .*hearken\.db is damaged .*: it is now .*hearken\.db\.corrupt-.*\n$/);
  const backup = readdirSync(join(data, 'cache')).find((name) => /\.corrupt-[^-]+$/.test(name)) ?? '';
  t.deepEqual(readFileSync(join(data, 'cache', backup)), garbage);
});

test('a data folder that cannot be is told, with its code', async (t) => {
  const file = join(folder(t), 'file');
  writeFileSync(file, '');
  for (const args of [
    ['cache', 'clean'],
    ['cache', 'info'],
    ['jobs', 'list'],
  ]) {
    const { code, out, err } = await hearken(...args, '--data-dir', join(file, 'below'));
    t.is(code, 1, args.join(' '));
    t.is(out, '');
    t.regex(err, /^hearken: .*below.* \[ERR_CACHE_ACCESS\]\n$/);
  }
});

test('a reader that goes away ends it quietly', async (t) => {
  const data = folder(t);
  await seed(data);
  const { child, ended } = start(['jobs', 'list', '--data-dir', data]);
  child.stdout?.destroy();
  const { code, err } = await ended;
  t.deepEqual([code, err], [0, '']);
});
