// Builds and runs the C++ test binary (no Node in it). Arguments: a part of a test's name; --sanitize=address|undefined|thread.
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './build-native.mjs';
import { vendorWhisper } from './vendor-whisper.mjs';

const sanitize = process.argv.find((a) => a.startsWith('--sanitize='))?.split('=')[1] ?? '';
const filter = process.argv.slice(2).filter((a) => !a.startsWith('--'));
const build = join(ROOT, 'build', `tests${sanitize ? `-${sanitize}` : ''}`);

function run(command, args) {
  const result = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit' });
  if (result.error) throw result.error;
  if (result.status !== 0) process.exit(result.status ?? 1);
}

vendorWhisper({ log: console.log });
run('cmake', [
  '-S',
  ROOT,
  '-B',
  build,
  '-DCMAKE_BUILD_TYPE=Release',
  '-DHEARKEN_ADDON=OFF',
  '-DHEARKEN_TESTS=ON',
  `-DHEARKEN_SANITIZE=${sanitize}`,
  '--log-level=WARNING',
]);
run('cmake', [
  '--build',
  build,
  '--config',
  'Release',
  '--target',
  'hearken_tests',
  '--parallel',
  String(availableParallelism()),
]);
run(join(build, 'hearken_tests'), filter);
