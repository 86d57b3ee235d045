import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { backupsOf, identityOf, moveAside } from '../../lib/cache/aside.js';
import { collectGarbage } from '../../lib/cache/garbage.js';
import { Sql } from '../../lib/cache/sql.js';
import { folder } from '../helpers/folder.js';

test('of two that find the same database damaged, one moves it, and nobody moves the new one', async (t) => {
  const path = join(folder(t), 'hearken.db');
  writeFileSync(path, 'damaged');
  writeFileSync(`${path}-wal`, 'its log');
  const identity = (await identityOf(path)) as string;
  const moved = await Promise.all([1, 2, 3].map(() => moveAside(path, identity, 'corrupt')));
  const [backup, ...more] = moved.filter((each) => each !== undefined);
  t.deepEqual(more, []);
  t.is(readFileSync(backup as string, 'utf8'), 'damaged');
  t.is(readFileSync(`${backup}-wal`, 'utf8'), 'its log');
  writeFileSync(path, 'new');
  t.is(await moveAside(path, identity, 'corrupt'), undefined);
  t.is(readFileSync(path, 'utf8'), 'new');
  t.false(existsSync(`${path}.lock`));
});

test('backups have names of their own, and are told oldest first', async (t) => {
  const root = folder(t);
  const path = join(root, 'hearken.db');
  const moved: (string | undefined)[] = [];
  for (const why of ['newer', 'corrupt', 'reset', 'corrupt'] as const) {
    writeFileSync(path, why);
    moved.push(await moveAside(path, (await identityOf(path)) as string, why));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  t.is(new Set(moved).size, 4);
  t.is(readdirSync(root).length, 4);
  t.deepEqual(
    (await backupsOf(path)).map((backup) => backup.path),
    moved as string[],
  );
});

// Windows renames no open file; whether one is open can be seen on Linux.
(process.platform === 'linux' ? test : test.skip)('a closed database is let go of', async (t) => {
  const path = join(folder(t), 'a.db');
  const isOpen = () =>
    readdirSync('/proc/self/fd').some((name) => {
      try {
        return readlinkSync(`/proc/self/fd/${name}`) === path;
      } catch {
        return false;
      }
    });
  const use = async () => {
    const sql = await Sql.open(path);
    sql.exec('CREATE TABLE a (b)');
    t.is(sql.all('SELECT b FROM a').length, 0);
    t.true(isOpen());
    sql.close();
  };
  await use();
  await collectGarbage();
  t.false(isOpen());
});
