import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { limits } from '../../lib/cache/database.js';
import { cacheInfo, cleanCache, listJobs, Store } from '../../lib/cache/index.js';
import {
  besides,
  child,
  databaseOf,
  entry,
  finishJob,
  openStore,
  planRow,
  refused,
  start,
  text,
  warnings,
  withSql,
} from '../helpers/cache.js';
import { folder } from '../helpers/folder.js';

// On real file systems: what can become of a database that other programs, disks and people have to do with.

const isRoot = process.getuid?.() === 0;

/** A file system of its own; undefined, and said so, where this user may not mount one. */
function mounted(t: ExecutionContext, kilobytes: number): string | undefined {
  const path = folder(t);
  const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k,mode=0700`, 'hearken-test', path]);
  if (mount.status !== 0) {
    t.log(`skipped: mounting a tmpfs needs root (${String(mount.stderr ?? mount.error).trim()})`);
    t.pass();
    return undefined;
  }
  // libsql keeps a closed file open until its statements are collected, so the file system goes when this process does.
  t.teardown(() => spawnSync('umount', ['-l', path]));
  return path;
}

test.serial('a full disk: a typed error, and all goes on when there is room again', async (t) => {
  const root = mounted(t, 1_024);
  if (!root) return;
  const filler = join(root, 'filler');
  writeFileSync(filler, Buffer.alloc(400 * 1024));
  const store = await openStore(t, root);
  const run = await store.begin(start('r', { content: 'c' }));
  await store.put([entry('first')], run);
  let kept = 0;
  const fill = async () => {
    for (; kept < 200; kept++) await store.put([entry(`${kept}`, 'x'.repeat(20_000))], run);
  };
  await refused(t, fill(), 'ERR_CACHE_FULL', /hearken\.db: no space left.*make room/);
  t.true(kept > 0);
  t.is(text((await store.find(['first'])).get('first')), 'text of first');
  t.is(
    (await store.find(Array.from({ length: kept + 1 }, (_, index) => `${index}`))).size,
    kept,
    'all or nothing of each',
  );
  rmSync(filler);
  await store.put([entry('last', 'x'.repeat(100_000))], run);
  t.is((await store.find(['last'])).size, 1);
  await run.end('done');
  t.truthy(await store.finished('r', 'c'));
  await store.close();
});

test.serial('a disk that is full from the beginning', async (t) => {
  const root = mounted(t, 64);
  if (!root) return;
  const filler = join(root, 'filler');
  try {
    writeFileSync(filler, Buffer.alloc(128 * 1024));
  } catch {}
  await refused(t, Store.open(root, 'write'), 'ERR_CACHE_FULL', /no space left/);
});

for (const log of [false, true]) {
  test.serial(`a file system that is read-only, ${log ? 'with a log that was left' : 'without a log'}`, async (t) => {
    const root = mounted(t, 8_192);
    if (!root) return;
    if (log) {
      const victim = child(t, ['hold', root, 'a']);
      await victim.said('go');
      victim.process.kill('SIGKILL');
      await victim.ended;
      t.true(statSync(`${databaseOf(root)}-wal`).size > 0);
    } else {
      const writer = child(t, ['put', root, 'before a']);
      t.is(await writer.ended, 0);
    }
    t.is(spawnSync('mount', ['-o', 'remount,ro', root]).status, 0);
    await refused(
      t,
      Store.open(root, 'write'),
      'ERR_CACHE_ACCESS',
      /cannot use .*hearken\.db.*(read-only|READONLY|EROFS)/is,
    );
    await refused(t, cleanCache({ dataDir: root, keep: 0 }), 'ERR_CACHE_ACCESS', /cannot use/);
    const store = (await Store.open(root, 'readonly')) as Store;
    t.is((await store.find(['before a'])).size, 1);
    await store.close();
    t.is((await listJobs({ dataDir: root })).length, 1);
    t.is((await cacheInfo({ dataDir: root })).entries.chunk.count, 1);
  });
}

test.serial('a folder without the right to write, or to read', async (t) => {
  if (process.platform === 'win32') return t.pass();
  const root = folder(t);
  const store = await openStore(t, root);
  await finishJob(store, 'r', ['a']);
  await store.close();
  chmodSync(root, 0o755);
  if (isRoot) {
    const other = child(t, ['nobody', root, '65534']);
    t.is(await other.ended, 0);
    for (const [index, what] of ['open', 'list'].entries()) {
      t.regex(other.lines[index] ?? '', new RegExp(`^${what} HearkenError ERR_CACHE_ACCESS cannot use .*EACCES`));
    }
    const empty = folder(t);
    chmodSync(empty, 0o755);
    const first = child(t, ['nobody', empty, '65534']);
    t.is(await first.ended, 0);
    t.regex(first.lines[0] ?? '', /^open HearkenError ERR_CACHE_ACCESS cannot use .*EACCES/);
    t.is(first.lines[1], 'list went well');
  } else {
    chmodSync(join(root, 'cache'), 0o000);
    await refused(t, Store.open(root, 'write'), 'ERR_CACHE_ACCESS', /EACCES/);
    await refused(t, listJobs({ dataDir: root }), 'ERR_CACHE_ACCESS', /EACCES/);
    chmodSync(join(root, 'cache'), 0o700);
  }
});

test.serial('a file where a folder should be, and a folder where the database should be', async (t) => {
  const root = folder(t);
  writeFileSync(join(root, 'file'), '');
  await refused(t, Store.open(join(root, 'file'), 'write'), 'ERR_CACHE_ACCESS', /ENOTDIR|EEXIST/);
  await refused(t, Store.open(join(root, 'file', 'below'), 'write'), 'ERR_CACHE_ACCESS', /ENOTDIR|EEXIST/);
  mkdirSync(databaseOf(root), { recursive: true });
  await refused(t, Store.open(root, 'write'), 'ERR_CACHE_ACCESS', /cannot use/);
  await refused(t, listJobs({ dataDir: root }), 'ERR_CACHE_ACCESS', /cannot use/);
});

test.serial('a database that another process has locked: waited for, with the event loop free', async (t) => {
  const root = folder(t);
  const store = await openStore(t, root);
  const run = await store.begin(start('r'));
  const other = child(t, ['lock', root, '1000']);
  await other.said('go');
  let ticks = 0;
  const timer = setInterval(() => ticks++, 10);
  const began = performance.now();
  await store.put([entry('a')], run);
  clearInterval(timer);
  t.true(performance.now() - began > 500, 'it was locked');
  t.true(ticks > 20, `${ticks}`);
  t.is((await store.find(['a'])).size, 1);
  await other.ended;
  await run.end('done');
});

test.serial('one that is locked for ever', async (t) => {
  const root = folder(t);
  const store = await openStore(t, root);
  const run = await store.begin(start('r'));
  await store.put([entry('a')], run);
  const other = child(t, ['lock', root, '60000']);
  await other.said('go');
  const usual = limits.busyMs;
  limits.busyMs = 300;
  try {
    await refused(
      t,
      store.put([entry('b')], run),
      'ERR_CACHE_LOCKED',
      /hearken\.db.*another process.*locked for 0\.[3-9] s/,
    );
    await refused(t, store.claim(['b'], run), 'ERR_CACHE_LOCKED', /end that process/);
    t.is((await store.find(['a'])).size, 1, 'it can be read');
    t.is((await listJobs({ dataDir: root })).length, 1);
    await refused(t, run.end('done'), 'ERR_CACHE_LOCKED', /locked/);
  } finally {
    limits.busyMs = usual;
  }
  other.process.kill('SIGKILL');
  await other.ended;
  const again = await store.begin(start('r', { content: 'c' }));
  await store.put([entry('b')], again);
  await again.end('done');
  t.truthy(await store.finished('r', 'c'));
});

/** What can be done to a database while nobody has it open, and the reason for which it is moved aside. */
const DAMAGE: Record<string, [why: string, act: (path: string) => void]> = {
  'overwritten by garbage': ['corrupt', (path) => writeFileSync(path, Buffer.alloc(9_000, 'garbage'))],
  'a line of text': ['corrupt', (path) => writeFileSync(path, 'not a database\n')],
  'cut off': ['corrupt', (path) => truncateSync(path, 5_000)],
  'cut off in a page': ['corrupt', (path) => truncateSync(path, 20_001)],
  'without a table': ['corrupt', (path) => withSql(join(path, '..', '..'), (sql) => sql.exec('DROP TABLE plans'))],
  'of another program': [
    'corrupt',
    (path) => {
      rmSync(path);
      withSql(join(path, '..', '..'), (sql) => sql.exec('CREATE TABLE theirs (a)'));
    },
  ],
  'of a newer version': [
    'newer',
    (path) => withSql(join(path, '..', '..'), (sql) => sql.exec('PRAGMA user_version = 99')),
  ],
};

for (const [what, [why, act]] of Object.entries(DAMAGE)) {
  test.serial(`a database that is ${what} is moved aside, and said so`, async (t) => {
    const root = folder(t);
    const first = await openStore(t, root);
    await finishJob(first, 'r', ['a', 'b', 'c'], 5_000);
    await first.close();
    for (const suffix of ['-wal', '-shm']) rmSync(databaseOf(root) + suffix, { force: true });
    act(databaseOf(root));
    const damaged = readFileSync(databaseOf(root));
    const said = warnings(t);

    t.deepEqual(await listJobs({ dataDir: root }), []);
    t.is(await Store.open(root, 'readonly'), undefined);
    t.deepEqual(besides(root), [], 'a reader moves nothing');

    const store = await openStore(t, root);
    t.is((await store.find(['a'])).size, 0);
    await finishJob(store, 'again', ['a']);
    t.is((await store.find(['a'])).size, 1);
    const [backup, ...more] = besides(root);
    t.regex(backup ?? '', new RegExp(`^hearken\\.db\\.${why}-\\d{8}T\\d{9}Z$`));
    t.deepEqual(more, []);
    t.deepEqual(readFileSync(join(root, 'cache', backup as string)), damaged, 'nothing of it is lost');
    await new Promise(setImmediate);
    const moved = said.filter((message) => message.includes(backup as string));
    t.is(moved.length, 1, said.join('\n'));
    t.regex(moved[0] as string, why === 'newer' ? /newer version/ : /damaged/);
    const path = join(root, 'cache', backup as string);
    t.deepEqual((await cacheInfo({ dataDir: root })).backups, [{ path, bytes: damaged.length + walBytes(path) }]);
  });
}

const walBytes = (path: string) => (existsSync(`${path}-wal`) ? statSync(`${path}-wal`).size : 0);

test.serial('an empty file is a new database', async (t) => {
  const root = folder(t);
  mkdirSync(join(root, 'cache'));
  writeFileSync(databaseOf(root), '');
  const said = warnings(t);
  t.deepEqual(await listJobs({ dataDir: root }), []);
  await finishJob(await openStore(t, root), 'r', ['a']);
  t.deepEqual(besides(root), []);
  await new Promise(setImmediate);
  t.deepEqual(said, []);
});

test.serial('damage under a job that runs: it goes on in a new database, and its result is right', async (t) => {
  const root = folder(t);
  const store = await openStore(t, root);
  const run = await store.begin(start('r', { content: 'c' }));
  const keys = Array.from({ length: 40 }, (_, index) => `key ${index}`);
  await run.plan(keys.map((key, index) => planRow(index, key)));
  await store.put(
    keys.map((key) => entry(key, 'x'.repeat(50_000))),
    run,
  );
  withSql(root, (sql) => sql.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get());
  const said = warnings(t);
  const size = statSync(databaseOf(root)).size;
  const other = child(t, ['overwrite', root, String(size)]);
  t.is(await other.ended, 0);
  const found = await store.find(keys);
  for (const [key, value] of found) t.is(text(value), 'x'.repeat(50_000), key);
  t.true(found.size < keys.length);
  const { ours } = await store.claim(keys, run);
  await store.put(
    [...ours].map((key) => entry(key, 'x'.repeat(50_000))),
    run,
  );
  await run.end('done');
  t.is((await store.find(keys)).size, 40);
  await new Promise(setImmediate);
  t.true(
    said.some((message) => message.includes('.corrupt-')),
    said.join(),
  );
  t.is(await store.finished('r', 'c'), undefined, 'half of its plan is in the old one');
  const [job] = await listJobs({ dataDir: root });
  t.like(job, { id: run.job, status: 'done' });
});

test.serial('the folder is removed under a job that runs', async (t) => {
  const root = folder(t);
  const store = await openStore(t, root);
  const run = await store.begin(start('r', { content: 'c' }));
  await store.put([entry('a')], run);
  rmSync(join(root, 'cache'), { recursive: true });
  t.is((await store.find(['a'])).size, 0);
  await store.put([entry('b')], run);
  await run.end('done');
  t.is((await store.find(['b'])).size, 1);
  t.is((await listJobs({ dataDir: root })).length, 1);
});

test.serial('four processes at once with a damaged database: one backup, one new database', async (t) => {
  for (let round = 0; round < 3; round++) {
    const root = folder(t);
    mkdirSync(join(root, 'cache'));
    writeFileSync(databaseOf(root), Buffer.alloc(20_000, 'garbage'));
    const children = ['a', 'b', 'c', 'd'].map((key) => child(t, ['put', root, key]));
    t.deepEqual(await Promise.all(children.map(({ ended }) => ended)), [0, 0, 0, 0]);
    t.is(besides(root).length, 1, besides(root).join());
    t.is(children.flatMap(({ lines }) => lines).filter((line) => line === 'warning HEARKEN_CACHE').length, 1);
    const store = await openStore(t, root);
    t.is((await store.find(['a', 'b', 'c', 'd'])).size, 4);
  }
});

test.serial('four processes at once without a database make one', async (t) => {
  const root = join(folder(t), 'new');
  const children = ['a', 'b', 'c', 'd'].map((key) => child(t, ['put', root, key]));
  t.deepEqual(await Promise.all(children.map(({ ended }) => ended)), [0, 0, 0, 0]);
  t.deepEqual(
    children.flatMap(({ lines }) => lines),
    ['done', 'done', 'done', 'done'],
  );
  t.deepEqual(besides(root), []);
  t.is((await (await openStore(t, root)).find(['a', 'b', 'c', 'd'])).size, 4);
  const vacuum = withSql(root, (sql) => sql.prepare('PRAGMA auto_vacuum').get() as { auto_vacuum: number });
  t.is(vacuum.auto_vacuum, 2);
});

test.serial('where it cannot be moved aside', async (t) => {
  const root = folder(t);
  const path = databaseOf(root);
  mkdirSync(join(root, 'cache'));
  writeFileSync(path, Buffer.alloc(20_000, 'garbage'));
  // What is mounted can be written to, and not be renamed.
  const mount = spawnSync('mount', ['--bind', path, path]);
  if (mount.status !== 0) {
    t.log(`skipped: a bind mount needs root (${String(mount.stderr ?? mount.error).trim()})`);
    return t.pass();
  }
  t.teardown(() => spawnSync('umount', ['-l', path]));
  await refused(t, Store.open(root, 'write'), 'ERR_CACHE_CORRUPT', /damaged.*cannot be moved aside.*EBUSY/s);
  t.deepEqual(await listJobs({ dataDir: root }), []);
  t.is(readFileSync(path, 'utf8').slice(0, 7), 'garbage');
});

test.serial('without libsql', async (t) => {
  const root = folder(t);
  const hook = `export async function resolve(name, context, next) {
    if (name === 'libsql' && context.parentURL.includes('/lib/')) throw Object.assign(new Error('none'), { code: 'ERR_MODULE_NOT_FOUND' });
    return next(name, context);
  }`;
  const register = `import { register } from 'node:module'; register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hook)}`)});`;
  const other = child(t, ['open', root], ['--import', `data:text/javascript,${encodeURIComponent(register)}`]);
  t.is(await other.ended, 0);
  t.regex(other.lines.join(), /^HearkenError ERR_CACHE_UNAVAILABLE the cache needs the package libsql/);
});

test.serial('odd names of folders', async (t) => {
  const root = join(folder(t), "a b%20?#'é&mode=memory;");
  const store = await openStore(t, root);
  await finishJob(store, 'r', ['a']);
  t.is((await listJobs({ dataDir: root })).length, 1);
  await store.close();
  t.is((await listJobs({ dataDir: root })).length, 1);
  t.true(existsSync(databaseOf(root)));
  cpSync(root, `${root}2`, { recursive: true });
  t.is((await listJobs({ dataDir: `${root}2` })).length, 1);
});
