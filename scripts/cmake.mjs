// Runs cmake on our CMakeLists.txt.
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { works } from './build-tools.mjs';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

function cmake(args, env) {
  const run = spawnSync('cmake', args, { cwd: ROOT, env, stdio: ['ignore', 'inherit', 'inherit'] });
  if (run.error) throw run.error;
  if (run.status !== 0) throw new Error('the native build failed; the messages above say why.');
}

/** Configures (`options`: -D and others) in `folder` and builds the targets. */
export function cmakeBuild(folder, targets, options = [], env = process.env) {
  // cmake's own default is make.
  const generator = process.platform !== 'win32' && !works('make') ? ['-G', 'Ninja'] : [];
  cmake(
    [
      '-S',
      ROOT,
      '-B',
      folder,
      '-DCMAKE_BUILD_TYPE=Release',
      '--log-level=WARNING',
      `-DHEARKEN_NODE=${process.execPath}`,
      ...generator,
      ...options,
    ],
    env,
  );
  const parallel = ['--parallel', String(availableParallelism())];
  cmake(['--build', folder, '--config', 'Release', '--target', ...targets, ...parallel], env);
}
