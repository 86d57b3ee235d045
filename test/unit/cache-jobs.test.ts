import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'ava';
import {
  cacheInfo,
  cancelJob,
  cleanCache,
  deleteJob,
  evict,
  listJobs,
  resetCache,
  type Store,
  showJob,
} from '../../lib/cache/index.js';
import {
  besides,
  databaseOf,
  entry,
  finishJob,
  openStore,
  planRow,
  refused,
  start,
  withSql,
} from '../helpers/cache.js';
import { folder } from '../helpers/folder.js';

const MB = 2 ** 20;
const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
const onDisk = (root: string) => sizeOf(databaseOf(root)) + sizeOf(`${databaseOf(root)}-wal`);

/** Says when a job was last used, in seconds before now. */
const age = (root: string, job: string, seconds: number) =>
  withSql(root, (sql) => sql.prepare('UPDATE jobs SET used = ? WHERE id = ?').run([Date.now() - seconds * 1000, job]));

/** Jobs of a megabyte each, the first the oldest. */
async function jobs(store: Store, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let number = 0; number < count; number++) {
    const keys = Array.from({ length: 16 }, (_, index) => `${number}/${index}`);
    ids.push(await finishJob(store, `request ${number}`, keys, MB / 16));
    age(store.folder, ids.at(-1) as string, 1_000 - number * 10);
  }
  return ids;
}

const ids = (list: readonly { id: string }[]) => list.map(({ id }) => id);

test('where there is no store there is nothing, and nothing is made', async (t) => {
  const dataDir = join(folder(t), 'none');
  t.deepEqual(await listJobs({ dataDir }), []);
  const info = await cacheInfo({ dataDir });
  t.is(info.folder, dataDir);
  t.is(info.path, databaseOf(dataDir));
  t.is(info.bytes, 0);
  t.deepEqual(info.jobs, { running: 0, interrupted: 0, done: 0, failed: 0, cancelled: 0 });
  t.deepEqual(info.entries.chunk, { count: 0, bytes: 0 });
  t.deepEqual(info.backups, []);
  t.deepEqual(await cleanCache({ dataDir }), { jobs: [], entries: 0, freedBytes: 0 });
  t.deepEqual(await resetCache({ dataDir }), { backup: undefined });
  await refused(t, showJob('a', { dataDir }), 'ERR_CACHE_NOT_FOUND', /no job a/);
  await refused(t, cancelJob('a', { dataDir }), 'ERR_CACHE_NOT_FOUND', /no job a/);
  await refused(t, deleteJob('a', { dataDir }), 'ERR_CACHE_NOT_FOUND', /no job a/);
  t.false(existsSync(dataDir));
});

test('a job as it is shown', async (t) => {
  const dataDir = folder(t);
  const store = await openStore(t, dataDir);
  const before = Date.now();
  const run = await store.begin(
    start('r', { source: '/a.wav', options: { language: 'en', words: true }, models: { whisper: 'w', vad: 'v' } }),
  );
  await run.plan([planRow(0, 'a'), planRow(1, 'b'), planRow(2, 'c')]);
  await store.put([entry('a', 'four'), entry('other', 'five!', 'window')], run);
  const running = await showJob(run.job, { dataDir });
  t.like(running, {
    id: run.job,
    kind: 'transcribe',
    status: 'running',
    source: '/a.wav',
    content: undefined,
    options: { language: 'en', words: true },
    models: { whisper: 'w', vad: 'v' },
    chunks: { done: 1, planned: 3 },
    ended: undefined,
    error: undefined,
    bytes: 1 + 4 + 5 + 5,
  });
  t.true(running.created.getTime() >= before && running.created.getTime() <= Date.now());
  await run.progress(12.5, 60);
  await run.end('failed', { error: { code: 'ERR_DECODE', message: 'why' } });
  const failed = await showJob(run.job.slice(0, 3).toUpperCase(), { dataDir });
  t.like(failed, { status: 'failed', processed: 12.5, total: 60, error: { code: 'ERR_DECODE', message: 'why' } });
  t.true((failed.ended?.getTime() ?? 0) >= before);
  await (await store.begin(start('r2', { content: 'x' }))).end('done', { processed: 5, content: 'x' });
  t.deepEqual(
    (await listJobs({ dataDir })).map(({ status, content, processed }) => [status, content, processed]),
    [
      ['done', 'x', 5],
      ['failed', undefined, 12.5],
    ],
  );
  t.deepEqual(ids(await listJobs({ dataDir, status: 'failed' })), [run.job]);
  t.deepEqual(await listJobs({ dataDir, status: 'running' }), []);
});

test('the heartbeat writes progress and hears that the job is to be cancelled', async (t) => {
  const dataDir = folder(t);
  const store = await openStore(t, dataDir);
  // The heartbeat alone keeps no process alive.
  const alive = setInterval(() => {}, 1_000);
  t.teardown(() => clearInterval(alive));
  const run = await store.begin(start('r'));
  await run.progress(3, 9);
  const cancelled = new Promise<void>((resolve) => run.onCancel(resolve));
  t.is((await cancelJob(run.job, { dataDir })).status, 'running');
  await cancelled;
  t.like(await showJob(run.job, { dataDir }), { processed: 3, total: 9, status: 'running' });
  let late = false;
  run.onCancel(() => {
    late = true;
  });
  t.true(late, 'who listens late hears it, too');
  await run.end('cancelled');
  t.is((await showJob(run.job, { dataDir })).status, 'cancelled');
  t.is((await cancelJob(run.job, { dataDir })).status, 'cancelled');
  const again = await store.begin(start('r', { fingerprint: 'f' }));
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  again.onCancel(() => t.fail('a later run is not meant'));
  await again.end('done');
  t.is((await cancelJob(again.job, { dataDir })).status, 'done');
});

test('an id: unknown, ambiguous, no string', async (t) => {
  const dataDir = folder(t);
  const store = await openStore(t, dataDir);
  await jobs(store, 3);
  withSql(dataDir, (sql) => {
    for (const [number, id] of ['abcd0000', 'abce0000', 'ab%_0000'].entries()) {
      sql.prepare('UPDATE jobs SET id = ? WHERE request = ?').run([id, `request ${number}`]);
    }
  });
  t.is((await showJob('abcd', { dataDir })).id, 'abcd0000');
  t.is((await showJob('ab%', { dataDir })).id, 'ab%_0000');
  await refused(t, showJob('abc', { dataDir }), 'ERR_INVALID_ARG', /abcd0000.*abce0000|abce0000.*abcd0000/);
  await refused(t, deleteJob('abc', { dataDir }), 'ERR_INVALID_ARG', /several/);
  await refused(t, showJob('zz', { dataDir }), 'ERR_CACHE_NOT_FOUND', /no job zz/);
  await refused(t, showJob('%', { dataDir }), 'ERR_CACHE_NOT_FOUND', /no job/);
  for (const id of ['', ' ', undefined, 5]) {
    await refused(t, showJob(id as string, { dataDir }), 'ERR_INVALID_ARG', /id must be a string/);
  }
});

test('deleting frees what only this job needs', async (t) => {
  const dataDir = folder(t);
  const store = await openStore(t, dataDir);
  const one = await finishJob(store, 'one', ['a', 'b', 'shared'], MB);
  await finishJob(store, 'two', ['c', 'shared'], MB);
  const before = onDisk(dataDir);
  const cleanup = await deleteJob(one, { dataDir });
  t.deepEqual([ids(cleanup.jobs), cleanup.entries], [[one], 2]);
  t.is(cleanup.freedBytes, before - onDisk(dataDir));
  t.true(cleanup.freedBytes >= 2 * MB, String(cleanup.freedBytes));
  t.deepEqual([...(await store.find(['a', 'b', 'c', 'shared'])).keys()].sort(), ['c', 'shared']);
  t.truthy(await store.finished('two', 'content of two'));
  t.is(await store.finished('one', 'content of one'), undefined);
  const run = await store.begin(start('three'));
  await refused(t, deleteJob(run.job, { dataDir }), 'ERR_CACHE_RUNNING', /is running: cancel it first/);
  await t.notThrowsAsync(store.put([entry('d')], run), 'a refusal leaves no transaction open');
});

test('cleaning keeps the five that were used last, or as many as are asked for', async (t) => {
  const dataDir = folder(t);
  const store = await openStore(t, dataDir);
  const all = await jobs(store, 8);
  await store.used(all[0] as string);
  t.deepEqual(ids((await cleanCache({ dataDir })).jobs).sort(), all.slice(1, 4).sort());
  t.deepEqual(ids((await cleanCache({ dataDir, keep: 6 })).jobs), []);
  t.deepEqual(ids((await cleanCache({ dataDir, keep: 2 })).jobs).sort(), all.slice(4, 7).sort());
  const last = await cleanCache({ dataDir, keep: 0 });
  t.deepEqual([last.jobs.length, last.entries], [2, 32]);
  t.true(onDisk(dataDir) < 0.2 * MB, String(onDisk(dataDir)));
});

test('cleaning by age and by size; a trial changes nothing', async (t) => {
  const dataDir = folder(t);
  const store = await openStore(t, dataDir);
  const all = await jobs(store, 8);
  const before = onDisk(dataDir);
  const trial = await cleanCache({ dataDir, olderThanSeconds: 955, dryRun: true });
  t.deepEqual(ids(trial.jobs).sort(), all.slice(0, 5).sort());
  t.is((await listJobs({ dataDir })).length, 8);
  t.is(onDisk(dataDir), before);
  t.deepEqual(ids((await cleanCache({ dataDir, olderThanSeconds: 955 })).jobs).sort(), all.slice(0, 5).sort());
  t.true(Math.abs(before - onDisk(dataDir) - trial.freedBytes) < 0.1 * MB, `${before - onDisk(dataDir)}`);
  const sized = await cleanCache({ dataDir, maxSizeMB: 2.5 });
  t.deepEqual(ids(sized.jobs), [all[5]]);
  t.true(onDisk(dataDir) <= 2.5 * MB, String(onDisk(dataDir)));
  const both = await cleanCache({ dataDir, keep: 1, maxSizeMB: 100 });
  t.deepEqual(ids(both.jobs), [all[6]]);
});

test('cleaning keeps what runs, and removes entries that no job has', async (t) => {
  const dataDir = folder(t);
  const store = await openStore(t, dataDir);
  const run = await store.begin(start('running'));
  await store.put([entry('kept'), entry('lost', 'x'.repeat(MB))], run);
  age(dataDir, run.job, 1e6);
  withSql(dataDir, (sql) => sql.exec("DELETE FROM uses WHERE key = 'lost'"));
  const cleanup = await cleanCache({ dataDir, keep: 0 });
  t.deepEqual([cleanup.jobs, cleanup.entries], [[], 1]);
  t.true(cleanup.freedBytes >= MB);
  t.deepEqual([...(await store.find(['kept', 'lost'])).keys()], ['kept']);
  await run.end('done');
});

test('a size limit removes the least recently used, and nothing below it', async (t) => {
  const dataDir = folder(t);
  const store = await openStore(t, dataDir);
  const all = await jobs(store, 5);
  const run = await store.begin(start('running'));
  age(dataDir, run.job, 1e6);
  t.deepEqual(await evict(store, 100 * MB), { jobs: [], entries: 0, freedBytes: 0 });
  const cleanup = await evict(store, 3.5 * MB);
  t.deepEqual(ids(cleanup.jobs), all.slice(0, 2));
  t.is(cleanup.entries, 32);
  t.true(onDisk(dataDir) <= 3.5 * MB);
  t.is((await evict(store, 1)).jobs.length, 3);
  t.deepEqual(ids(await listJobs({ dataDir })), [run.job]);
  await run.end('done');
});

test('info: bytes on disk, jobs by status, entries by kind', async (t) => {
  const dataDir = folder(t);
  const store = await openStore(t, dataDir);
  await finishJob(store, 'one', ['a', 'b'], 50);
  const run = await store.begin(start('two'));
  await store.put([entry('w', '123', 'window'), entry('l', 'en', 'language')], run);
  const info = await cacheInfo({ dataDir });
  t.is(info.bytes, onDisk(dataDir));
  t.true(info.bytes > 0);
  t.deepEqual(info.jobs, { running: 1, interrupted: 0, done: 1, failed: 0, cancelled: 0 });
  t.deepEqual(info.entries, {
    chunk: { count: 2, bytes: 102 },
    language: { count: 1, bytes: 3 },
    window: { count: 1, bytes: 4 },
    speakers: { count: 0, bytes: 0 },
  });
});

test('reset moves the database aside; who has it open goes on with a new one', async (t) => {
  const dataDir = folder(t);
  const store = await openStore(t, dataDir);
  const run = await store.begin(start('r'));
  await store.put([entry('a')], run);
  await refused(t, resetCache({ dataDir }), 'ERR_CACHE_RUNNING', new RegExp(run.job));
  await run.end('done');
  t.deepEqual(besides(dataDir), []);
  const { backup } = await resetCache({ dataDir });
  t.regex(backup ?? '', /hearken\.db\.reset-\d{8}T\d{9}Z$/);
  t.is((await store.find(['a'])).size, 0);
  await finishJob(store, 'after', ['b']);
  t.deepEqual((await listJobs({ dataDir })).length, 1);
  const kept = join(folder(t), 'cache', 'hearken.db');
  mkdirSync(dirname(kept));
  const { cpSync } = await import('node:fs');
  for (const suffix of ['', '-wal']) if (existsSync(backup + suffix)) cpSync(backup + suffix, kept + suffix);
  const old = await listJobs({ dataDir: dirname(dirname(kept)) });
  t.deepEqual(ids(old), [run.job], 'the backup is a whole database');
  const second = await resetCache({ dataDir });
  const info = await cacheInfo({ dataDir });
  t.deepEqual(
    info.backups.map(({ path }) => path),
    [backup, second.backup],
  );
  t.true(info.backups.every(({ bytes }) => bytes > 0));
  t.deepEqual(info.jobs.done, 0);
});

test('input is checked', async (t) => {
  const dataDir = folder(t);
  const wrong: [object, RegExp][] = [
    [{ keep: -1 }, /keep must be a whole number of at least 0, not -1/],
    [{ keep: 1.5 }, /keep/],
    [{ keep: '5' }, /keep.*"5"/],
    [{ maxSizeMB: 0 }, /maxSizeMB must be a number above 0, not 0/],
    [{ maxSizeMB: Number.NaN }, /maxSizeMB/],
    [{ olderThanSeconds: -5 }, /olderThanSeconds/],
    [{ dryRun: 'yes' }, /dryRun must be true or false/],
    [{ kep: 5 }, /unknown option kep/],
  ];
  for (const [options, message] of wrong)
    await refused(t, cleanCache({ dataDir, ...options }), 'ERR_INVALID_ARG', message);
  await refused(t, cleanCache(null as unknown as object), 'ERR_INVALID_ARG', /options must be an object/);
  await refused(t, listJobs({ dataDir, status: 'gone' as 'done' }), 'ERR_INVALID_ARG', /status must be one of/);
  await refused(t, cacheInfo({ dataDir: 5 as unknown as string }), 'ERR_INVALID_ARG', /dataDir/);
  await refused(t, resetCache({ dataDir: '' }), 'ERR_INVALID_ARG', /dataDir/);
  t.deepEqual(readdirSync(dataDir), []);
});

test('what is no backup is not shown as one', async (t) => {
  const dataDir = folder(t);
  await finishJob(await openStore(t, dataDir), 'r', ['a']);
  for (const name of ['hearken.db.corrupt-x', 'hearken.db.old', 'notes']) {
    writeFileSync(join(dataDir, 'cache', name), 'mine');
  }
  t.deepEqual((await cacheInfo({ dataDir })).backups, []);
});
