import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import test from 'ava';
import { resolveKeeping } from '../../lib/pipeline/keep-options.js';

const mode = (cache: boolean | 'readonly' | undefined, value?: string) =>
  resolveKeeping(cache === undefined ? {} : { cache }, value === undefined ? {} : { HEARKEN_CACHE: value }).mode;

test('the option says, else the environment, else it is on', (t) => {
  t.is(mode(undefined), 'write');
  t.is(mode(undefined, ''), 'write');
  t.is(mode(undefined, 'off'), 'off');
  t.is(mode(undefined, 'readonly'), 'readonly');
  t.is(mode(true, 'off'), 'write');
  t.is(mode(false, 'on'), 'off');
  t.is(mode('readonly', 'off'), 'readonly');
  t.throws(() => mode(undefined, 'yes'), { code: 'ERR_INVALID_ARG', message: /HEARKEN_CACHE.*yes/ });
});

test('in a worker_thread it is off unless somebody says so', async (t) => {
  const url = new URL('../../lib/pipeline/keep-options.js', import.meta.url).href;
  const script = `
    import { parentPort } from 'node:worker_threads';
    const { resolveKeeping } = await import(${JSON.stringify(url)});
    parentPort.postMessage([resolveKeeping({}, {}), resolveKeeping({ cache: true }, {}), resolveKeeping({}, { HEARKEN_CACHE: 'on' })]);
  `;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`));
  const [modes] = (await once(worker, 'message')) as [{ mode: string }[]];
  t.deepEqual(
    modes.map((keeping) => keeping.mode),
    ['off', 'write', 'write'],
  );
});

test('the limit, in megabytes, of the option or the environment', (t) => {
  t.is(resolveKeeping({}, {}).limit, 0);
  t.is(resolveKeeping({}, { HEARKEN_CACHE_LIMIT: '1.5' }).limit, 1.5 * 2 ** 20);
  t.is(resolveKeeping({ cacheLimitMB: 2 }, { HEARKEN_CACHE_LIMIT: '1' }).limit, 2 ** 21);
  for (const value of ['-1', 'much', 'NaN']) {
    t.throws(() => resolveKeeping({}, { HEARKEN_CACHE_LIMIT: value }), { code: 'ERR_INVALID_ARG' });
  }
});

test('what contradicts itself is refused', (t) => {
  for (const cache of [false, 'readonly'] as const) {
    t.throws(() => resolveKeeping({ cache, force: true }, {}), { code: 'ERR_INVALID_ARG' });
  }
  t.true(resolveKeeping({ force: true }, {}).force);
});
