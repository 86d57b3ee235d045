// The compiler of prebuilt binaries: zig's clang, from the PyPI package ziglang, for every platform from any. It has the symbols of old
// C libraries, links its own C++ library statically, and so sets what the binaries need of a system.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../cmake.mjs';

const VERSION = '0.17.1';
const FOLDER = join(ROOT, 'build', 'zig', VERSION);

/** The path of zig: HEARKEN_ZIG, or what pip installs into build/zig once. */
export function findZig() {
  if (process.env.HEARKEN_ZIG) return process.env.HEARKEN_ZIG;
  const zig = join(FOLDER, 'ziglang', process.platform === 'win32' ? 'zig.exe' : 'zig');
  if (existsSync(zig)) return zig;
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--target', FOLDER];
  const run = spawnSync('python3', [...pip, `ziglang==${VERSION}`], { stdio: ['ignore', 'inherit', 'inherit'] });
  if (run.error || run.status !== 0 || !existsSync(zig)) {
    throw new Error(
      `zig ${VERSION} could not be installed with 'python3 -m pip install ziglang==${VERSION}': give its path in HEARKEN_ZIG.`,
    );
  }
  return zig;
}

/** For the names of build folders: cmake would not see that the compiler of an old one has changed. */
export const compilerName = (target) => `${target.zig}-zig${VERSION}`;

/** What cmake needs for one target: compilers as single commands, and the environment that cmake/zig.cmake reads. */
export function zigToolchain(target, folder) {
  const zig = findZig();
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  const script = (name, args) => {
    writeFileSync(join(bin, `zig-${name}`), `#!/bin/sh\nexec '${zig}' ${args} "$@"\n`, { mode: 0o755 });
  };
  // Without -g0 and -s its libraries bring ten times their size in debug information; it is clang's own sanitizer that -O3 leaves on.
  for (const compiler of ['cc', 'c++'])
    script(compiler, `${compiler} -target ${target.zig} -g0 -fno-sanitize=undefined`);
  for (const tool of ['ar', 'ranlib', 'rc', 'objcopy']) script(tool, tool);
  return {
    options: [`-DCMAKE_TOOLCHAIN_FILE=${join(ROOT, 'cmake', 'zig.cmake')}`, '-DHEARKEN_STRIP=ON'],
    env: {
      ...process.env,
      HEARKEN_ZIG_BIN: bin,
      HEARKEN_ZIG_SYSTEM: target.system,
      HEARKEN_ZIG_PROCESSOR: target.processor,
    },
  };
}
