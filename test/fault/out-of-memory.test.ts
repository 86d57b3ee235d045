import { spawnSync } from 'node:child_process';
import test from 'ava';
import { childScript, runNode } from '../helpers/child.js';

// The system refuses memory in the middle of real jobs: each ends in a typed error or comes to its end, and the process
// goes on. Which allocation fails is up to the limit; test/native/alloc makes each of them fail.

const can = process.platform === 'linux' && spawnSync('prlimit', ['--version']).status === 0;
const long = process.env.HEARKEN_LONG === '1';
/** MB of address space more than the process has before the job. V8 lives at each of them. */
const ROOM = long ? Array.from({ length: 60 }, (_, i) => 12 * (i + 1)) : [16, 40, 100, 180, 300, 420, 600];

(can ? test.serial : test.serial.skip)(
  'out of address space is ERR_MEMORY_LIMIT, and the process goes on',
  async (t) => {
    const seen = new Set<string>();
    for (const speakers of ['', 'speakers']) {
      for (const room of ROOM) {
        const ended = await runNode([childScript('little-memory'), String(room), speakers], { limit: 120 });
        const what = `${room} MB ${speakers}: ${JSON.stringify(ended)}`;
        // V8 ends a process that has no memory for its own heap; that is not ours to catch.
        if (/JavaScript heap out of memory|Fatal process out of memory|# Fatal/.test(ended.stderr)) {
          t.log(`V8 itself was out of memory with ${room} MB`);
          continue;
        }
        t.is(ended.code, 0, what);
        const { limited, free, left } = JSON.parse(ended.stdout.trim().split('\n').at(-1) ?? '{}');
        t.regex(limited, /^(ERR_MEMORY_LIMIT|text of \d+ characters)$/, what);
        t.regex(free, /^text of \d+ characters$/, what);
        t.is(left, 0, what);
        seen.add(limited);
      }
    }
    t.true(seen.has('ERR_MEMORY_LIMIT') && seen.size > 1, `limits that are refused, and enough: ${[...seen]}`);
  },
);
