import { existsSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import test from 'ava';
import { cancelJob, deleteJob, listJobs, showJob } from '../../lib/cache/index.js';
import { besides, child, DEAD, databaseOf, finishJob, openStore, start, text, withSql } from '../helpers/cache.js';
import { folder } from '../helpers/folder.js';

for (const count of [2, 4]) {
  test.serial(`${count} processes at once on the same work: each key is computed once`, async (t) => {
    const root = folder(t);
    const children = Array.from({ length: count }, () => child(t, ['work', root, '60', '10']));
    t.deepEqual(
      await Promise.all(children.map(({ ended }) => ended)),
      children.map(() => 0),
    );
    const computed = children.map(({ lines }) => lines.filter((line) => line.startsWith('computed ')));
    t.is(computed.flat().length, 60);
    t.is(new Set(computed.flat()).size, 60);
    t.true(computed.filter((lines) => lines.length > 0).length > 1, 'the work was shared');
    t.deepEqual(
      children.flatMap(({ lines }) => lines.filter((line) => line.startsWith('warning'))),
      [],
    );
    const store = await openStore(t, root);
    const keys = Array.from({ length: 60 }, (_, index) => `key ${index}`);
    const found = await store.find(keys);
    for (const key of keys) t.is(text(found.get(key)), `text of ${key}`);
    const jobs = await listJobs({ dataDir: root });
    t.deepEqual(
      jobs.map(({ status, chunks }) => [status, chunks]),
      [['done', { done: 60, planned: 60 }]],
    );
    t.is((await store.finished('work', 'same'))?.plan.length, 60);
    t.is(
      withSql(root, (sql) => (sql.prepare('SELECT count(*) AS n FROM claims').get() as { n: number }).n),
      0,
    );
  });
}

test('what a killed process had claimed is free at once, and what it had put is kept', async (t) => {
  const root = folder(t);
  const victim = child(t, ['hold', root, 'a']);
  await victim.said('go');
  const store = await openStore(t, root);
  const run = await store.begin(start('other'));
  t.deepEqual([...(await store.claim(['a'], run)).theirs], ['a']);
  t.is((await listJobs({ dataDir: root, status: 'running' })).length, 2);
  victim.process.kill('SIGKILL');
  t.is(await victim.ended, 'SIGKILL');
  t.is((await listJobs({ dataDir: root, status: 'interrupted' })).length, 1, 'before anybody has written so');
  const claim = await store.claim(['a'], run);
  t.deepEqual([[...claim.ours], [...(await store.find(['before a'])).keys()]], [['a'], ['before a']]);
  t.is(
    withSql(root, (sql) => (sql.prepare('SELECT count(*) AS n FROM runs').get() as { n: number }).n),
    1,
  );
  const [left] = await listJobs({ dataDir: root, status: 'interrupted' });
  t.is((await cancelJob(left?.id as string, { dataDir: root })).status, 'cancelled');
  t.is((await deleteJob(left?.id as string, { dataDir: root })).entries, 1);
});

test('a job of another process is cancelled', async (t) => {
  const root = folder(t);
  const other = child(t, ['hold', root, 'a']);
  await other.said('go');
  const [job] = await listJobs({ dataDir: root });
  await cancelJob(job?.id as string, { dataDir: root });
  t.is(await other.ended, 7);
  t.is((await showJob(job?.id as string, { dataDir: root })).status, 'cancelled');
});

test('a run is dead without a heartbeat, or without its process on this machine', async (t) => {
  const root = folder(t);
  const store = await openStore(t, root);
  const run = await store.begin(start('r'));
  const now = Date.now();
  const others: [id: string, host: string, pid: number, born: number, beat: number, live: boolean][] = [
    ['gone', hostname(), DEAD, 0, now, false],
    ['there', hostname(), process.ppid, 0, now, true],
    ['silent', hostname(), process.ppid, 0, now - 61_000, false],
    ['same number, begun earlier', hostname(), process.pid, now - 1e6, now, false],
    ['elsewhere', 'another-machine', DEAD, 0, now - 30_000, true],
    ['elsewhere, silent', 'another-machine', process.pid, 0, now - 61_000, false],
  ];
  withSql(root, (sql) => {
    for (const [id, host, pid, born, beat] of others) {
      sql
        .prepare('INSERT INTO runs (id, job, host, pid, born, beat) VALUES (?, ?, ?, ?, ?, ?)')
        .run([id, id, host, pid, born, beat]);
      sql.prepare('INSERT INTO claims VALUES (?, ?)').run([id, id]);
    }
  });
  const { ours, theirs } = await store.claim(
    others.map(([id]) => id),
    run,
  );
  t.deepEqual(
    [...theirs],
    others.filter(([, , , , , live]) => live).map(([id]) => id),
  );
  t.is(ours.size + theirs.size, others.length);
  await run.end('done');
});

test('a run that was taken for dead is back with its next step', async (t) => {
  const root = folder(t);
  const store = await openStore(t, root);
  const run = await store.begin(start('r'));
  withSql(root, (sql) => sql.exec("DELETE FROM runs; UPDATE jobs SET status = 'interrupted'"));
  t.deepEqual([...(await store.claim(['a'], run)).ours], ['a']);
  t.is((await showJob(run.job, { dataDir: root })).status, 'running');
  await run.end('done');
});

test('an open store and a run that was never ended let the process end; so the job was interrupted', async (t) => {
  const root = folder(t);
  const idle = child(t, ['idle', root]);
  t.is(await idle.ended, 0);
  t.deepEqual(
    (await listJobs({ dataDir: root })).map(({ status }) => status),
    ['interrupted'],
  );
});

test('what dead processes have left beside the database is removed', async (t) => {
  const root = folder(t);
  await (await openStore(t, root)).close();
  const lock = `${databaseOf(root)}.lock`;
  const holder = (pid: number) => JSON.stringify({ pid, host: hostname(), id: 'x' });
  writeFileSync(lock, holder(DEAD));
  writeFileSync(`${lock}.${DEAD}.0a-b`, 'dead');
  writeFileSync(`${lock}.${process.pid}.0a-b`, 'living');
  writeFileSync(join(root, 'cache', 'notes'), 'mine');
  await (await openStore(t, root)).close();
  t.deepEqual(besides(root), [`hearken.db.lock.${process.pid}.0a-b`, 'notes']);
  writeFileSync(lock, holder(process.ppid));
  await (await openStore(t, root)).close();
  t.true(existsSync(lock), 'of a living one');
});

test('a database that another process has reset under an open store: it goes on in the new one', async (t) => {
  const root = folder(t);
  const store = await openStore(t, root);
  await finishJob(store, 'before', ['a']);
  const other = child(t, ['reset', root]);
  t.is(await other.ended, 0);
  t.is((await store.find(['a'])).size, 0);
  await finishJob(store, 'after', ['b']);
  t.deepEqual(besides(root), [basename(other.lines.join())]);
  const third = child(t, ['put', root, 'c']);
  t.is(await third.ended, 0);
  t.is((await store.find(['a', 'b', 'c'])).size, 2);
  t.is((await listJobs({ dataDir: root })).length, 2);
});
