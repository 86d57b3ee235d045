import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { idle } from '../../lib/resources/idle.js';
import { Pool, type Pooled, type Recipe } from '../../lib/resources/pool.js';

// Serial: what is idle is one set for the whole thread.

class Thing implements Pooled {
  static alive = 0;
  freed = false;
  pin: (() => () => void) | undefined;
  readonly byteSize: number;

  constructor(bytes = 10) {
    this.byteSize = bytes;
    Thing.alive++;
  }

  async free() {
    await sleep(2);
    if (this.freed) throw new Error('freed twice');
    this.freed = true;
    Thing.alive--;
  }
}

function make(idleTimeoutMs = 60_000) {
  const events: string[] = [];
  const keeper = { idleTimeoutMs };
  const pool = new Pool(keeper, {
    acquired: (what, leases) => events.push(`+${what}${leases}`),
    released: (what, leases) => events.push(`-${what}${leases}`),
    evicted: (what, bytes, reason) => events.push(`x${what} ${bytes} ${reason}`),
  });
  let loads = 0;
  const recipe = (key: string, bytes?: number): Recipe<Thing> => ({
    key,
    what: key,
    load: async (signal) => {
      loads++;
      await sleep(5);
      signal.throwIfAborted();
      return new Thing(bytes);
    },
  });
  return { pool, keeper, events, recipe, loads: () => loads };
}

test.afterEach.always((t) => t.is(Thing.alive, 0));

test.serial('the same key is one object, whoever asks and however many at once', async (t) => {
  const { pool, keeper, events, recipe, loads } = make();
  const leases = await Promise.all([1, 2, 3].map(() => pool.acquire(recipe('a'))));
  t.is(loads(), 1);
  t.is(new Set(leases.map(({ handle }) => handle)).size, 1);
  t.is(pool.leases, 3);
  await Promise.all(leases.map((lease) => lease.release()));
  t.is(pool.leases, 0);
  t.is(Thing.alive, 1);
  const again = await pool.acquire(recipe('a'));
  t.is(loads(), 1);
  again[Symbol.dispose]();
  t.deepEqual(await idle.cleanup([keeper]), { bytes: 10, count: 1 });
  t.is(events.join(' '), '+a3 +a3 +a3 -a2 -a1 -a0 +a1 -a0 xa 10 cleanup');
});

test.serial('a lease counts once, however often it is released', async (t) => {
  const { pool, keeper, recipe } = make();
  const [a, b] = await Promise.all([pool.acquire(recipe('a')), pool.acquire(recipe('a'))]);
  await a.release();
  await a.release();
  a[Symbol.dispose]();
  await a[Symbol.asyncDispose]();
  t.is(pool.leases, 1);
  t.true(a.released);
  t.throws(() => a.handle, { code: 'ERR_CLOSED' });
  t.false(b.handle.freed);
  await b.release();
  await idle.cleanup([keeper]);
});

test.serial('nothing is kept where the timeout is 0: release resolves when it is gone', async (t) => {
  const { pool, recipe } = make(0);
  const lease = await pool.acquire(recipe('a'));
  const { handle } = lease;
  await lease.release();
  t.true(handle.freed);
});

test.serial('what is idle goes after its time', async (t) => {
  const { pool, events, recipe } = make(30);
  await (await pool.acquire(recipe('a'))).release();
  t.is(Thing.alive, 1);
  await sleep(80);
  t.is(Thing.alive, 0);
  t.is(events.at(-1), 'xa 10 idle');
});

test.serial('what comes back before its time stays', async (t) => {
  const { pool, keeper, recipe, loads } = make(60);
  for (let i = 0; i < 5; i++) {
    const lease = await pool.acquire(recipe('a'));
    await sleep(20);
    await lease.release();
    await sleep(20);
  }
  t.is(loads(), 1);
  await idle.cleanup([keeper]);
});

test.serial('under pressure the least recently used go first, what is leased never', async (t) => {
  const { pool, keeper, events, recipe } = make();
  const held = await pool.acquire(recipe('held', 100));
  for (const key of ['a', 'b', 'c']) await (await pool.acquire(recipe(key))).release();
  await (await pool.acquire(recipe('a'))).release(); // used again: b is the oldest now
  t.is(idle.bytes, 30);
  t.deepEqual(await idle.evict(11), { bytes: 20, count: 2 });
  t.deepEqual(events.slice(-2), ['xb 10 pressure', 'xc 10 pressure']);
  t.deepEqual(await idle.evict(1000), { bytes: 10, count: 1 });
  t.false(held.handle.freed);
  await held.release();
  await idle.cleanup([keeper]);
});

test.serial('asked for while it is being freed: another one, once the old one is gone', async (t) => {
  const { pool, keeper, recipe, loads } = make();
  const first = await pool.acquire(recipe('a'));
  const { handle } = first;
  await first.release();
  const cleaning = idle.cleanup([keeper]);
  const second = await pool.acquire(recipe('a'));
  t.true(handle.freed);
  t.false(second.handle.freed);
  t.is(loads(), 2);
  await cleaning;
  await second.release();
  await idle.cleanup([keeper]);
});

test.serial('a cleanup outwaits what is already being freed', async (t) => {
  const { pool, keeper, recipe } = make();
  await (await pool.acquire(recipe('a'))).release();
  void idle.evict(1);
  await idle.cleanup([keeper]);
  t.is(Thing.alive, 0);
});

test.serial('a load that fails fails for all who wait, and the next one tries anew', async (t) => {
  const { pool, keeper, recipe } = make();
  let fail = true;
  const flaky = (): Recipe<Thing> => ({
    ...recipe('a'),
    load: async () => {
      await sleep(5);
      if (fail) throw new Error('broken');
      return new Thing();
    },
  });
  const outcomes = await Promise.allSettled([pool.acquire(flaky()), pool.acquire(flaky())]);
  t.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  fail = false;
  await (await pool.acquire(flaky())).release();
  await idle.cleanup([keeper]);
});

test.serial('one who gives up does not stop the load of the others; the last one does', async (t) => {
  const { pool, keeper, recipe, loads } = make();
  const [one, two] = [new AbortController(), new AbortController()];
  const first = pool.acquire(recipe('a'), one.signal);
  const second = pool.acquire(recipe('a'), two.signal);
  one.abort();
  await t.throwsAsync(first, { code: 'ERR_ABORTED' });
  await (await second).release();
  await idle.cleanup([keeper]);
  const third = pool.acquire(recipe('a'), two.signal);
  two.abort();
  await t.throwsAsync(third, { code: 'ERR_ABORTED' });
  t.is(loads(), 2);
  t.is(pool.leases, 0);
  await t.throwsAsync(pool.acquire(recipe('a'), two.signal), { code: 'ERR_ABORTED' });
  t.is(loads(), 2);
});

test.serial('random leases: counts are exact to the end', async (t) => {
  const { pool, keeper, recipe } = make(3);
  let seed = 3;
  const random = (n: number) => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return seed % n;
  };
  await Promise.all(
    Array.from({ length: 300 }, async () => {
      await sleep(random(100));
      const controller = new AbortController();
      if (random(4) === 0) setTimeout(() => controller.abort(), random(8));
      const lease = await pool.acquire(recipe(String(random(4))), controller.signal).catch(() => undefined);
      if (!lease) return;
      t.false(lease.handle.freed);
      await sleep(random(10));
      t.false(lease.handle.freed);
      await lease.release();
    }),
  );
  t.is(pool.leases, 0);
  await idle.cleanup([keeper]);
  t.is(idle.size, 0);
});
