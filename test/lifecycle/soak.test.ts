import test from 'ava';
import { runNode } from '../helpers/child.js';

// The soak itself takes a quarter of an hour (npm run soak). Here: it runs, and it can fail.

test('the soak fails when something stays', async (t) => {
  const args = ['--expose-gc', 'bench/soak.mjs', '--jobs', '0', '--cycles', '8', '--seconds', '1'];
  const leaking = await runNode([...args, '--leak', String(20 * 2 ** 20)]);
  t.is(leaking.code, 1, leaking.stderr);
  t.regex(leaking.stdout, /✘ RSS grows by \d{8} ± /);
  t.regex(leaking.stdout, /✔ nothing native was left/);
});
