// npm run test:cpu: the prebuilt engines on CPUs that lack what this one has, and their speed beside builds for this very CPU.
// Needs `npm run prebuild` before. --only words|speed; --rounds N of the speed comparison.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from './cmake.mjs';
import { compareSpeed } from './cpu/speed.mjs';
import { compareWords } from './cpu/words.mjs';
import { hereTarget } from './prebuild/targets.mjs';

const { values } = parseArgs({
  options: { only: { type: 'string' }, rounds: { type: 'string', default: '7' } },
});
const target = hereTarget();
const name = target?.libc ? `hearken.${target.libc}` : 'hearken';
const prebuilds = join(ROOT, 'prebuilds', `${target?.platform}-${target?.arch}`);
if (!existsSync(join(prebuilds, `${name}.node`))) {
  console.error("test:cpu: there are no prebuilt binaries for this machine: run 'npm run prebuild' first.");
  process.exit(1);
}
let passed = 0;
const failures = [];
const check = (what, ok) => {
  console.log(`${ok ? '✔' : '✘'} ${what}`);
  if (ok) passed++;
  else failures.push(what);
};
if (values.only !== 'speed') compareWords({ target, prebuilds, name, check });
if (values.only !== 'words') compareSpeed({ prebuilds, name, rounds: Number(values.rounds), check });
console.log(`cpu: ${passed} passed, ${failures.length} failed`);
if (failures.length > 0) process.exitCode = 1;
