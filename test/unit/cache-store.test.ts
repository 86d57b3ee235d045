import { readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { Store } from '../../lib/cache/index.js';
import { databaseOf, entry, finishJob, openStore, planRow, refused, start, text, withSql } from '../helpers/cache.js';
import { folder } from '../helpers/folder.js';

const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

test('what was put is found, under its key alone', async (t) => {
  const store = await openStore(t, folder(t));
  const run = await store.begin(start('r'));
  const all = Buffer.from(Uint8Array.from({ length: 256 }, (_, byte) => byte));
  await store.put([{ key: 'a', kind: 'chunk', value: all }, entry('b', '', 'window')], run);
  await store.put([entry("it's; -- “odd”")], run);
  const found = await store.find(['a', 'b', 'c', "it's; -- “odd”"]);
  t.deepEqual([...found.keys()].sort(), ['a', 'b', "it's; -- “odd”"]);
  t.deepEqual(found.get('a'), all);
  t.is(found.get('b')?.length, 0);
  await store.put([entry('a', 'other')], run);
  t.is(text((await store.find(['a'])).get('a')), 'other');
  t.is((await store.find([])).size, 0);
});

test('thousands of keys at once', async (t) => {
  const store = await openStore(t, folder(t));
  const run = await store.begin(start('r'));
  const keys = Array.from({ length: 2_000 }, (_, index) => `key ${index}`);
  await store.put(
    keys.map((key) => entry(key)),
    run,
  );
  const found = await store.find([...keys, 'none']);
  t.is(found.size, 2_000);
  t.is(text(found.get('key 1999')), 'text of key 1999');
});

test('a claim: found, ours, theirs; put and unclaim give it up', async (t) => {
  const store = await openStore(t, folder(t));
  const one = await store.begin(start('one'));
  const two = await store.begin(start('two'));
  await store.put([entry('there')], one);
  const first = await store.claim(['there', 'a', 'b'], one);
  t.deepEqual([[...first.found.keys()], [...first.ours], [...first.theirs]], [['there'], ['a', 'b'], []]);
  t.deepEqual([...(await store.claim(['a'], one)).ours], ['a'], 'twice is once');
  const second = await store.claim(['there', 'a', 'b', 'c'], two);
  t.deepEqual([[...second.found.keys()], [...second.ours], [...second.theirs]], [['there'], ['c'], ['a', 'b']]);
  await store.put([entry('a')], one);
  await store.unclaim(['b', 'c'], one);
  const third = await store.claim(['a', 'b', 'c'], two);
  t.deepEqual([[...third.found.keys()], [...third.ours], [...third.theirs]], [['a'], ['b', 'c'], []]);
  t.deepEqual([...(await store.claim(['c'], one)).theirs], ['c'], "one run does not give up another's claim");
  await two.end('cancelled');
  t.deepEqual([...(await store.claim(['b', 'c'], one)).ours], ['b', 'c']);
});

test('force: what there is does not count', async (t) => {
  const store = await openStore(t, folder(t));
  const one = await store.begin(start('one'));
  const two = await store.begin(start('two'));
  await store.put([entry('a'), entry('b')], one);
  await store.claim(['b'], two, true);
  const forced = await store.claim(['a', 'b'], one, true);
  t.deepEqual([[...forced.found.keys()], [...forced.ours], [...forced.theirs]], [[], ['a'], ['b']]);
});

test('a row that was altered by hand is neither given nor kept', async (t) => {
  const root = folder(t);
  const store = await openStore(t, root);
  const run = await store.begin(start('r'));
  const keys = ['value', 'kind', 'key', 'sum', 'type', 'good'];
  await store.put(
    keys.map((key) => entry(key)),
    run,
  );
  withSql(root, (sql) => {
    sql.exec("UPDATE entries SET value = CAST('another text' AS BLOB) WHERE key = 'value'");
    sql.exec("UPDATE entries SET kind = 'window' WHERE key = 'kind'");
    sql.exec("UPDATE entries SET key = 'new key' WHERE key = 'key'");
    sql.exec("UPDATE entries SET checksum = zeroblob(16) WHERE key = 'sum'");
    sql.exec("UPDATE entries SET value = 'text of type', checksum = 5 WHERE key = 'type'");
  });
  t.deepEqual([...(await store.find([...keys.slice(0, 3), 'new key', 'good'])).keys()], ['good']);
  t.is(
    withSql(root, (sql) => (sql.prepare('SELECT count(*) AS n FROM entries').get() as { n: number }).n),
    3,
  );
  const claimed = await store.claim(keys, run);
  t.deepEqual([[...claimed.found.keys()], claimed.ours.size], [['good'], 5]);
  await store.put([entry('value', 'right again')], run);
  t.is(text((await store.find(['value'])).get('value')), 'right again');
});

test('a finished job is known by its request and content, with its plan and outcome', async (t) => {
  const store = await openStore(t, folder(t));
  const run = await store.begin(start('r', { fingerprint: 'f' }));
  t.regex(run.job, /^[0-9a-z]{8}$/);
  await run.plan([planRow(0, 'a'), planRow(1, 'old')]);
  await run.plan([planRow(1, 'b'), planRow(2, 'c')]);
  t.false(await store.likely('r', 'f'));
  await run.end('done', { outcome: { language: 'en' }, content: 'c' });
  await run.end('failed');
  t.true(await store.likely('r', 'f'));
  t.false(await store.likely('other', 'f'));
  t.false(await store.likely('r', 'other'));
  t.deepEqual(await store.finished('r', 'c'), {
    id: run.job,
    outcome: { language: 'en' },
    plan: [planRow(0, 'a'), planRow(1, 'b'), planRow(2, 'c')],
  });
  t.is(await store.finished('r', 'other'), undefined);
  t.is(await store.finished('other', 'c'), undefined);
});

test('a finished job whose rows were altered by hand is not answered', async (t) => {
  const alterations = [
    "UPDATE plans SET key = 'b' WHERE number = 0",
    'UPDATE plans SET owned_end = owned_end - 1 WHERE number = 1',
    'DELETE FROM plans WHERE number = 1',
    "UPDATE jobs SET outcome = '{}'",
    "UPDATE jobs SET request = 'other'",
    "UPDATE jobs SET content = 'other'",
    'UPDATE jobs SET seal = zeroblob(16)',
  ];
  for (const alteration of alterations) {
    const root = folder(t);
    const store = await openStore(t, root);
    await finishJob(store, 'r', ['a', 'b']);
    t.truthy(await store.finished('r', 'content of r'));
    withSql(root, (sql) => sql.exec(alteration));
    for (const request of ['r', 'other']) {
      for (const content of ['content of r', 'other']) {
        t.is(await store.finished(request, content), undefined, alteration);
      }
    }
  }
});

test('a plan that became shorter, and one with a gap', async (t) => {
  const store = await openStore(t, folder(t));
  await finishJob(store, 'r', ['a', 'b', 'c']);
  await finishJob(store, 'r', ['a', 'b']);
  t.deepEqual(
    (await store.finished('r', 'content of r'))?.plan.map(({ key }) => key),
    ['a', 'b'],
  );
  const run = await store.begin(start('gap', { content: 'c' }));
  await run.plan([planRow(0, 'a'), planRow(2, 'c')]);
  await run.end('done');
  t.is(await store.finished('gap', 'c'), undefined);
});

test('the same request over the same audio is the same job', async (t) => {
  const store = await openStore(t, folder(t));
  const begin = async (more: object, request = 'r') => {
    const run = await store.begin(start(request, more));
    await run.end('failed', { error: { code: 'ERR_DECODE', message: 'no' } });
    return run.job;
  };
  const job = await begin({ fingerprint: 'f' });
  t.is(await begin({ fingerprint: 'f' }), job);
  t.is(await begin({ fingerprint: 'f', content: 'c' }), job);
  t.is(await begin({ fingerprint: 'moved', content: 'c' }), job);
  t.is(await begin({ fingerprint: 'moved' }), job);
  const others = [
    await begin({ fingerprint: 'moved', content: 'changed' }),
    await begin({ content: 'c', kind: 'diarize' }),
    await begin({ content: 'c' }, 'another'),
    await begin({}),
    await begin({}),
  ];
  t.is(new Set([job, ...others]).size, 6);
});

test('two runs of one job: done wins, and only the last failure counts', async (t) => {
  const root = folder(t);
  const store = await openStore(t, root);
  const status = (job: string) =>
    withSql(
      root,
      (sql) => (sql.prepare('SELECT status FROM jobs WHERE id = ?').get([job]) as { status: string }).status,
    );
  const [one, two, three] = await Promise.all([1, 2, 3].map(() => store.begin(start('r', { content: 'c' }))));
  if (!one || !two || !three) return t.fail();
  t.is(one.job, two.job);
  await one.end('failed');
  t.is(status(one.job), 'running');
  await two.end('done');
  t.is(status(one.job), 'done');
  await three.end('cancelled');
  t.is(status(one.job), 'done');
  const [four, five] = [
    await store.begin(start('r', { content: 'c' })),
    await store.begin(start('r', { content: 'c' })),
  ];
  t.is(status(one.job), 'running');
  await four.end('cancelled');
  await five.end('failed');
  t.is(status(one.job), 'failed');
});

test('a model is read once, unless it has changed or is too young to tell', async (t) => {
  const root = folder(t);
  const store = await openStore(t, root);
  const path = join(root, 'model.bin');
  let computed = 0;
  const digest = () => store.modelDigest(path, async () => `digest ${++computed}`);
  writeFileSync(path, 'one');
  t.is(await digest(), 'digest 1');
  t.is(await digest(), 'digest 2', 'young');
  // Its times of change cannot be set, so this waits for them.
  await new Promise((resolve) => setTimeout(resolve, 2_100));
  t.is(await digest(), 'digest 3');
  t.is(await digest(), 'digest 3');
  const old = new Date(0);
  writeFileSync(path, 'two');
  utimesSync(path, old, old);
  t.is(await digest(), 'digest 4', 'changed, with old times of its own');
  await new Promise((resolve) => setTimeout(resolve, 2_100));
  t.is(await digest(), 'digest 5');
  t.is(await digest(), 'digest 5');
  withSql(root, (sql) => sql.exec("UPDATE files SET digest = 'of another'"));
  t.is(await digest(), 'digest 6', 'altered by hand');
  const changing = await store.modelDigest(path, async () => {
    writeFileSync(path, 'three');
    return 'of two';
  });
  t.is(changing, 'digest 6');
});

test('folder and files are for this user alone', async (t) => {
  if (process.platform === 'win32') return t.pass();
  const root = join(folder(t), 'new', 'data');
  const store = await openStore(t, root);
  await finishJob(store, 'r', ['a']);
  t.is(mode(root), '700');
  t.is(mode(join(root, 'cache')), '700');
  for (const name of readdirSync(join(root, 'cache'))) t.is(mode(join(root, 'cache', name)), '600', name);
});

test('readonly: no store is made; one that is there is read and left as it is', async (t) => {
  const root = folder(t);
  t.is(await Store.open(root, 'readonly'), undefined);
  t.deepEqual(readdirSync(root), []);
  const writer = await openStore(t, root);
  await finishJob(writer, 'r', ['a']);
  // With a log (somebody works) and without (all have gone).
  for (const open of [true, false]) {
    if (!open) await writer.close();
    const look = () =>
      readdirSync(join(root, 'cache'))
        .filter((name) => !name.endsWith('-shm'))
        .map(
          (name) =>
            `${name} ${statSync(join(root, 'cache', name)).size} ${statSync(join(root, 'cache', name)).mtimeMs}`,
        );
    const before = look();
    const reader = (await Store.open(root, 'readonly')) as Store;
    t.is((await reader.find(['a', 'b'])).size, 1);
    t.truthy(await reader.finished('r', 'content of r'));
    const run = await reader.begin(start('r'));
    await run.plan([planRow(0, 'a')]);
    await run.progress(1, 2);
    const claim = await reader.claim(['a', 'b'], run);
    t.deepEqual([[...claim.found.keys()], [...claim.ours]], [['a'], ['b']]);
    t.is((await reader.claim(['a'], run, true)).found.size, 0);
    await reader.put([entry('b')], run);
    await reader.used('x');
    await run.end('done');
    t.is((await reader.find(['b'])).size, 0);
    await reader.close();
    t.deepEqual(look(), before);
  }
});

test('readonly: sees what others write meanwhile, and a database that was made anew', async (t) => {
  const root = folder(t);
  const one = await openStore(t, root);
  await finishJob(one, 'r', ['a']);
  await one.close();
  const reader = (await Store.open(root, 'readonly')) as Store;
  t.is((await reader.find(['a', 'b'])).size, 1);
  const two = await openStore(t, root);
  await finishJob(two, 'r2', ['b']);
  t.is((await reader.find(['a', 'b'])).size, 2);
  await two.close();
  t.is((await reader.find(['a', 'b'])).size, 2);
  await reader.close();
});

test('a store that was closed says so; the folder is shared until the last close', async (t) => {
  const root = folder(t);
  const [one, two] = [await openStore(t, root), await openStore(t, root)];
  t.is(one.database, two.database);
  const run = await one.begin(start('r'));
  await one.close();
  await one.close();
  await refused(t, one.find(['a']), 'ERR_CLOSED', /closed/);
  await refused(t, one.begin(start('r')), 'ERR_CLOSED', /closed/);
  await t.notThrowsAsync(run.end('done'));
  await refused(t, run.plan([planRow(0, 'a')]), 'ERR_CLOSED', /ended/);
  t.is((await two.find(['a'])).size, 0);
  const left = withSql(root, (sql) => sql.prepare('SELECT status FROM jobs').all()) as { status: string }[];
  t.deepEqual(
    left.map(({ status }) => status),
    ['interrupted'],
  );
  await two.close();
  t.is(statSync(`${databaseOf(root)}-wal`, { throwIfNoEntry: false })?.size ?? 0, 0);
});

test('a job that ends without knowing what it read does not answer for what an earlier run of it read', async (t) => {
  const store = await openStore(t, folder(t));
  const file = start('request', { fingerprint: 'size and ends' });
  for (const [key, more] of [
    ['a', { content: 'bytes' }],
    ['b', {}],
  ] as const) {
    const run = await store.begin(file);
    await run.plan([planRow(0, key)]);
    await store.put([entry(key)], run);
    await run.end('done', { outcome: {}, ...more });
    const found = await store.finished('request', 'bytes');
    t.deepEqual(
      found?.plan.map((row) => row.key),
      key === 'a' ? ['a'] : undefined,
    );
    t.is(await store.likely('request', 'size and ends'), key === 'a');
  }
});
