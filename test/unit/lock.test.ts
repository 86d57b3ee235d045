import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { acquireLock } from '../../lib/lock.js';

const folder = mkdtempSync(join(tmpdir(), 'hearken-lock-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

/** A process id that is free: ids end far below this on every system. */
const DEAD = 2 ** 30;
const name = (pid: number, host = hostname()) => JSON.stringify({ pid, host, id: 'x' });

test('one at a time, in turn, and nothing is left behind', async (t) => {
  const path = join(folder, 'turns.lock');
  let inside = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 5 }, async () => {
      const lock = await acquireLock(path);
      most = Math.max(most, ++inside);
      await sleep(20);
      inside--;
      await lock.release();
    }),
  );
  t.is(most, 1);
  t.false(existsSync(path));
});

test('the lock of a dead process is taken over at once', async (t) => {
  const path = join(folder, 'dead.lock');
  writeFileSync(path, name(DEAD));
  const lock = await acquireLock(path, AbortSignal.timeout(2_000));
  t.is(JSON.parse(readFileSync(path, 'utf8')).pid, process.pid);
  await lock.release();
});

test('a living one is waited for; abort ends the wait', async (t) => {
  const path = join(folder, 'living.lock');
  for (const holder of [name(process.pid), name(DEAD, 'another-machine'), '']) {
    writeFileSync(path, holder);
    let waits = 0;
    const wait = acquireLock(path, AbortSignal.timeout(500), async () => {
      waits++;
    });
    t.is(await wait.catch((error: Error) => error.name), 'TimeoutError');
    t.true(waits > 0);
    t.is(readFileSync(path, 'utf8'), holder);
  }
});

test('one whose heart no longer beats is taken over, whatever it says', async (t) => {
  const path = join(folder, 'silent.lock');
  for (const holder of [name(process.pid), name(1, 'another-machine'), '']) {
    writeFileSync(path, holder);
    const past = new Date(Date.now() - 120_000);
    utimesSync(path, past, past);
    const lock = await acquireLock(path, AbortSignal.timeout(2_000));
    await lock.release();
    t.false(existsSync(path));
  }
});
