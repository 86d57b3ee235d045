// npm run test:lifecycle: the tests of test/lifecycle in full, one file after the other. In `npm test` they take a few rounds each.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { status } = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules', 'ava', 'entrypoints', 'cli.mjs'),
    '--timeout=30m',
    '--concurrency=1',
    ...(process.argv.length > 2 ? process.argv.slice(2) : ['dist/test/lifecycle/*.test.js']),
  ],
  { cwd: root, stdio: 'inherit', env: { ...process.env, HEARKEN_LONG: '1' } },
);
process.exitCode = status ?? 1;
