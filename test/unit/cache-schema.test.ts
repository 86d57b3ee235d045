import { join } from 'node:path';
import test from 'ava';
import { MIGRATIONS, migrate, missingTable, versionOf } from '../../lib/cache/schema.js';
import { Sql } from '../../lib/cache/sql.js';
import { folder } from '../helpers/folder.js';

const STEPS = [
  'CREATE TABLE one (a TEXT); INSERT INTO one VALUES (1)',
  "ALTER TABLE one ADD COLUMN b TEXT; UPDATE one SET b = a || '!'",
];

test('a database is brought from version to version, with what it holds', async (t) => {
  const sql = await Sql.open(join(folder(t), 'a.db'));
  t.is(versionOf(sql), 0);
  t.true(migrate(sql, STEPS.slice(0, 1)));
  t.is(versionOf(sql), 1);
  t.true(migrate(sql, STEPS));
  t.is(versionOf(sql), 2);
  t.like(sql.get('SELECT a, b FROM one'), { a: '1', b: '1!' });
  t.true(migrate(sql, STEPS));
  t.false(migrate(sql, STEPS.slice(0, 1)), 'it is newer');
  const fresh = await Sql.open(join(folder(t), 'b.db'));
  t.true(migrate(fresh, STEPS));
  t.like(fresh.get('SELECT a, b FROM one'), { a: '1', b: '1!' });
  sql.close();
  fresh.close();
});

test('a step that fails leaves all as it was', async (t) => {
  const sql = await Sql.open(join(folder(t), 'a.db'));
  migrate(sql, STEPS.slice(0, 1));
  t.throws(() => migrate(sql, [...STEPS, 'INSERT INTO none VALUES (1)']), { any: true, message: /no such table/ });
  t.is(versionOf(sql), 1);
  t.deepEqual(
    sql.all<{ name: string }>('PRAGMA table_info(one)').map(({ name }) => name),
    ['a'],
  );
  sql.close();
});

test('the list of tables is that of the last version', async (t) => {
  const sql = await Sql.open(join(folder(t), 'a.db'));
  t.truthy(missingTable(sql));
  migrate(sql);
  t.is(versionOf(sql), MIGRATIONS.length);
  t.is(missingTable(sql), undefined);
  for (const { name } of sql.all<{ name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table'")) {
    sql.exec(`ALTER TABLE ${name} RENAME TO other`);
    t.is(missingTable(sql), name);
    sql.exec(`ALTER TABLE other RENAME TO ${name}`);
  }
  sql.close();
});
