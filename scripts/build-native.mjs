// Builds the addon: vendors whisper.cpp, then lets cmake-js run CMakeLists.txt. No header is downloaded: with
// "binary.napi_versions" in package.json cmake-js takes them from the npm package node-api-headers.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { vendorWhisper } from './vendor-whisper.mjs';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

function works(command, args = ['--version']) {
  const run = spawnSync(command, args, { stdio: 'ignore', shell: false });
  return !run.error && run.status === 0;
}

/** One sentence for the first tool that a build needs and this machine lacks, or undefined. */
export function missingTool() {
  if (!works('cmake')) {
    return 'cmake (3.18 or newer) was not found: install it (Debian/Ubuntu: apt-get install cmake; macOS: brew install cmake; Windows: winget install Kitware.CMake) and run the command again.';
  }
  if (!works('git')) {
    return 'git was not found, which applies deps/patches to whisper.cpp: install it (Debian/Ubuntu: apt-get install git; macOS: xcode-select --install) and run the command again.';
  }
  if (process.platform === 'win32') return undefined; // Visual Studio is found by cmake itself.
  const compilers = process.env.CXX ? [process.env.CXX.trim().split(/\s+/)[0]] : ['c++', 'g++', 'clang++'];
  if (!compilers.some((c) => works(c))) {
    return 'a C++17 compiler was not found: install one (Debian/Ubuntu: apt-get install g++ make; macOS: xcode-select --install) and run the command again.';
  }
  if (!works('make') && !works('ninja')) {
    return 'neither make nor ninja was found: install one (Debian/Ubuntu: apt-get install make) and run the command again.';
  }
  return undefined;
}

export function buildNative() {
  const missing = missingTool();
  if (missing) throw new Error(missing);
  vendorWhisper({ log: console.log });

  const require = createRequire(join(ROOT, 'package.json'));
  const cmakeJs = join(dirname(require.resolve('cmake-js/package.json')), 'bin', 'cmake-js');
  const run = spawnSync(
    process.execPath,
    [cmakeJs, 'compile', '--out', 'build/cmake', '--parallel', String(availableParallelism())],
    { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] },
  );
  if (run.error) throw run.error;
  const built = join(ROOT, 'build', 'cmake', 'Release', 'hearken.node');
  if (run.status !== 0 || !existsSync(built)) throw new Error('the native build failed; the compiler says why above.');
  // A folder of its own, since node-gyp writes its Makefile into build/; the addon goes where node-gyp-build looks for it. By a
  // rename: a process that has the old one mapped keeps it.
  const release = join(ROOT, 'build', 'Release');
  mkdirSync(release, { recursive: true });
  copyFileSync(built, join(release, 'hearken.node.new'));
  renameSync(join(release, 'hearken.node.new'), join(release, 'hearken.node'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    buildNative();
  } catch (error) {
    console.error(`hearken: ${error.message}`);
    process.exitCode = 1;
  }
}
