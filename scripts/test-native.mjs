// Builds and runs the C++ test binaries (no Node in them). Arguments: a part of a test's name; --alloc: only the campaign of
// failing allocations, with every one of them.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { cmakeBuild, ROOT } from './cmake.mjs';
import { vendorWhisper } from './vendor-whisper.mjs';

const filter = process.argv.slice(2).filter((a) => !a.startsWith('--'));
const build = join(ROOT, 'build', 'tests');

const alloc = process.argv.includes('--alloc');
// The allocator is glibc's own there: see CMakeLists.txt.
const canFail = process.report.getReport().header.glibcVersionRuntime !== undefined;
if (alloc && !canFail) throw new Error('allocations can be made to fail with glibc only');
const binaries = [...(alloc ? [] : ['hearken_tests']), ...(canFail ? ['hearken_alloc_tests'] : [])];

function run(command, args, env = process.env) {
  const result = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit', env });
  if (result.error) throw result.error;
  if (result.status !== 0) process.exit(result.status ?? 1);
}

vendorWhisper({ log: console.log });
cmakeBuild(build, binaries, ['-DHEARKEN_ADDON=OFF', '-DHEARKEN_TESTS=ON']);
for (const binary of binaries) {
  // Visual Studio's projects put it into a folder of the configuration.
  const file = process.platform === 'win32' ? join(build, 'Release', `${binary}.exe`) : join(build, binary);
  run(file, filter, alloc ? { ...process.env, HEARKEN_LONG: '1' } : process.env);
}
