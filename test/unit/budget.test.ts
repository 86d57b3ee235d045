import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { Budget, type Grant, type Need, type World } from '../../lib/resources/budget.js';

const MB = 2 ** 20;

/** A process of 50 MB before any job, 56 MB with what the first one adds. */
const BASE = 56;

class FakeWorld implements World {
  limitMb = 0;
  ownMb = 50;
  weightsMb = 0;
  idleMb: number[] = [];
  trims = 0;
  rss = () => (this.ownMb + this.weightsMb) * MB;
  native = () => this.weightsMb * MB;
  weights = () => this.weightsMb * MB;
  limit = () => this.limitMb * MB;
  trim = async () => void this.trims++;
  get idle() {
    const world = this;
    return {
      uncounted: this.idleMb.reduce((sum, mb) => sum + mb, 0) * MB,
      size: this.idleMb.length,
      async evict(bytes: number) {
        const freed = { bytes: 0, count: 0 };
        while (freed.bytes < bytes && world.idleMb.length > 0) {
          await sleep(1);
          freed.bytes += (world.idleMb.shift() as number) * MB;
          freed.count++;
        }
        return freed;
      },
    };
  }
}

const need = (fixed: number, each = 0, workers = 0): Need => ({
  what: 'the job',
  workers,
  bytes: (n) => (fixed + n * each) * MB,
});

const make = (limitMb: number) => {
  const world = new FakeWorld();
  world.limitMb = limitMb;
  return { world, budget: new Budget(world) };
};

const refused = async (t: ExecutionContext, admission: Promise<Grant>) => {
  const error = await t.throwsAsync(admission, { name: 'HearkenError', code: 'ERR_MEMORY_LIMIT' });
  return error as Error & { memory: Record<string, number> };
};

test('without a limit everything is granted', async (t) => {
  const { budget } = make(0);
  const grants = await Promise.all([1, 2, 3].map(() => budget.admit(() => need(10_000, 1000, 8))));
  t.deepEqual(
    grants.map(({ workers }) => workers),
    [8, 8, 8],
  );
});

test('as many workers as fit, and no job that does not fit with one', async (t) => {
  const { budget } = make(BASE + 40 + 3 * 60 + 59);
  const grant = await budget.admit(() => need(40, 60, 8));
  t.is(grant.workers, 3);
  grant.release();
  const error = await refused(
    t,
    budget.admit(() => need(300, 60, 8)),
  );
  t.deepEqual(error.memory, {
    neededBytes: 360 * MB,
    availableBytes: 279 * MB,
    limitBytes: (BASE + 279) * MB,
    fittingLimitBytes: (BASE + 360) * MB,
  });
  t.regex(error.message, new RegExp(`360 MB with one worker.* ${BASE + 279} MB .*279 MB.* of ${BASE + 360} MB`));
});

test('what a leaner job would need is said', async (t) => {
  const { budget } = make(BASE + 100);
  const leaner = { how: 'without speakers', bytes: 90 * MB };
  const error = await refused(
    t,
    budget.admit(() => ({ ...need(80, 60, 2), leaner })),
  );
  t.regex(error.message, /or the same without speakers/);
});

test('what is idle is freed first, no more of it than has to be', async (t) => {
  const { world, budget } = make(BASE + 200);
  world.idleMb = [50, 50, 50];
  const grant = await budget.admit(() => need(80, 30, 1));
  t.is(grant.evictions, 2);
  t.deepEqual(world.idleMb, [50]);
  t.is(grant.workers, 1);
});

test('idle memory goes before workers do', async (t) => {
  const { world, budget } = make(BASE + 200);
  world.idleMb = [100];
  t.is((await budget.admit(() => need(80, 30, 4))).workers, 4);
  t.deepEqual(world.idleMb, []);
});

test('those who wait are served in turn, a small one not before a large one', async (t) => {
  const { budget } = make(BASE + 100);
  const order: string[] = [];
  const first = await budget.admit(() => need(80));
  const wait = async (name: string, mb: number) => {
    const grant = await budget.admit(() => need(mb));
    order.push(name);
    await sleep(5);
    grant.release();
  };
  const all = [wait('large', 90), wait('small', 10), wait('middle', 50)];
  await sleep(20);
  t.deepEqual(order, []);
  t.true(budget.congested);
  first.release();
  await Promise.all(all);
  t.deepEqual(order, ['large', 'small', 'middle']);
  t.false(budget.congested);
});

test('a job that never fits is refused while others run, and does not wait for them', async (t) => {
  const { budget } = make(BASE + 100);
  await budget.admit(() => need(80));
  await refused(
    t,
    budget.admit(() => need(101)),
  );
});

test('waiting heeds the signal, and lets the next one in', async (t) => {
  const { budget } = make(BASE + 100);
  const first = await budget.admit(() => need(50));
  const controller = new AbortController();
  const large = budget.admit(() => need(90), controller.signal);
  const small = budget.admit(() => need(20));
  await sleep(10);
  const reason = new Error('enough');
  controller.abort(reason);
  const error = await t.throwsAsync(large, { code: 'ERR_ABORTED' });
  t.is(error?.cause, reason);
  (await small).release();
  first.release();
  await t.throwsAsync(
    budget.admit(() => need(1), AbortSignal.abort()),
    { code: 'ERR_ABORTED' },
  );
});

test('what others let go of without telling is noticed', async (t) => {
  const { world, budget } = make(BASE + 100);
  world.ownMb = 150;
  const running = await budget.admit(() => need(1));
  const waiting = budget.admit(() => need(60));
  await sleep(20);
  t.true(budget.congested);
  world.ownMb = 60;
  (await waiting).release();
  running.release();
});

test('a job that waits tells those that run, who may be waiting for its starter', async (t) => {
  const { budget } = make(BASE + 100);
  let told = 0;
  const stop = budget.onCongestion(() => told++);
  const first = await budget.admit(() => need(80));
  t.is(told, 0);
  const second = budget.admit(() => need(80));
  await sleep(5);
  t.true(told > 0);
  stop();
  first.release();
  (await second).release();
});

test('a lower limit takes workers from the largest job first, one stays; a higher one gives them back', async (t) => {
  const { world, budget } = make(0);
  const a = await budget.admit(() => need(10, 50, 4));
  const b = await budget.admit(() => need(10, 50, 2));
  let changes = 0;
  a.onChange = () => changes++;
  const told: number[] = [];
  const manager = { emit: (_: 'pressure', { workers }: { workers: number }) => told.push(workers) };
  budget.tell(manager);
  world.limitMb = BASE + 20 + 4 * 50;
  await budget.relieve();
  t.deepEqual([a.workers, b.workers], [2, 2]);
  t.is(changes, 2);
  t.deepEqual(told, [4]);
  world.limitMb = BASE;
  await budget.relieve();
  t.deepEqual([a.workers, b.workers], [1, 1]);
  world.limitMb = BASE + 20 + 5 * 50;
  budget.restore();
  t.deepEqual([a.workers, b.workers], [2, 2]);
  budget.restore();
  t.deepEqual([a.workers, b.workers], [3, 2]);
  world.limitMb = 0;
  budget.restore();
  t.deepEqual([a.workers, b.workers], [4, 2]);
});

test('random jobs under a limit: never more than it, all end', async (t) => {
  const { world, budget } = make(BASE + 500);
  let seed = 7;
  const random = (n: number) => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return seed % n;
  };
  let most = 0;
  world.idleMb = Array(50).fill(5);
  const job = async () => {
    await sleep(random(20));
    const wanted = need(random(200), 1 + random(60), 1 + random(4));
    const grant = await budget.admit(() => wanted);
    most = Math.max(most, budget.forecast());
    await sleep(random(10));
    grant.release();
  };
  await Promise.all(Array.from({ length: 200 }, job));
  t.true(most <= (BASE + 500) * MB, `${most / MB}`);
});
