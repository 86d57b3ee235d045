// Builds the addon from source: the loader and engines for one CPU level or several, into build/Release, where node-gyp-build looks
// first. `npx hearken build`, `npm run build:native` and the install step run it. Nothing is downloaded.
// --cpu avx2,baseline or --cpu all: engines of these levels (cmake/levels.cmake). Default: what this CPU has, at most avx2.
import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { installAdvice, missingTools } from './build-tools.mjs';
import { cmakeBuild, ROOT } from './cmake.mjs';
import { isVendored, vendorWhisper } from './vendor-whisper.mjs';

const LEVELS = { x64: ['baseline', 'sse42', 'avx2', 'avx512'], arm64: ['baseline', 'dotprod'] };

/** The levels that engines can be built for, on a CPU architecture as Node names it. */
export const levelsOf = (arch) => LEVELS[arch] ?? ['baseline'];

/** `--cpu`: levels, or undefined for this CPU's. */
function wantedLevels(cpu) {
  if (cpu === undefined) return [undefined];
  const known = levelsOf(process.arch);
  const wanted = cpu === 'all' ? known : cpu.split(',');
  const unknown = wanted.find((level) => !known.includes(level));
  if (unknown !== undefined) {
    throw new Error(
      `--cpu: there is no level '${unknown}' for ${process.arch}; there are ${known.join(', ')}, and all.`,
    );
  }
  return wanted;
}

/** Builds engines of these levels (undefined: this CPU's) below `work`, and puts them and the loader into `release`. */
export function buildEngines({ levels, work, release, options = [], env }) {
  const staged = join(work, 'release');
  rmSync(staged, { recursive: true, force: true });
  for (const level of levels) {
    const folder = join(work, level ?? 'here');
    const cpu = level === undefined ? [] : [`-DHEARKEN_CPU=${level}`];
    forgetElsewhere(folder);
    rmSync(join(folder, 'Release'), { recursive: true, force: true });
    cmakeBuild(folder, ['hearken_loader', 'hearken'], [...options, ...cpu], env);
    cpSync(join(folder, 'Release'), staged, { recursive: true, filter: (path) => !/\.(lib|exp|pdb|a)$/.test(path) });
  }
  // By renames: a process that has the old ones mapped keeps them.
  mkdirSync(join(release, 'hearken'), { recursive: true });
  const built = readdirSync(join(staged, 'hearken'));
  for (const name of built) renameSync(join(staged, 'hearken', name), join(release, 'hearken', name));
  renameSync(join(staged, 'hearken.node'), join(release, 'hearken.node'));
  for (const old of readdirSync(join(release, 'hearken'))) {
    if (!built.includes(old)) rmSync(join(release, 'hearken', old));
  }
}

/** A project that was moved has its old path in cmake's cache, which cmake takes for an error. */
function forgetElsewhere(folder) {
  const cache = join(folder, 'CMakeCache.txt');
  if (!existsSync(cache)) return;
  const home = /^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$/m.exec(readFileSync(cache, 'utf8'))?.[1];
  if (home !== ROOT.replaceAll('\\', '/')) rmSync(folder, { recursive: true });
}

/** The architecture of this Node, which need not be the machine's. */
function architecture() {
  const { platform, arch } = process;
  if (platform === 'darwin') return [`-DCMAKE_OSX_ARCHITECTURES=${arch === 'x64' ? 'x86_64' : arch}`];
  if (platform === 'win32') return ['-A', arch === 'arm64' ? 'ARM64' : 'x64'];
  return [];
}

/** For this machine. */
export function buildNative({ cpu } = {}) {
  const levels = wantedLevels(cpu);
  const missing = missingTools({ patching: !isVendored() });
  if (missing.length > 0) throw new Error(installAdvice(missing));
  try {
    accessSync(ROOT, constants.W_OK);
  } catch {
    throw new Error(`${ROOT} may not be written to by this user: build as the one who installed hearken.`);
  }
  vendorWhisper({ log: console.log });
  const work = join(ROOT, 'build', 'cmake');
  buildEngines({ levels, work, release: join(ROOT, 'build', 'Release'), options: architecture() });
  // Nobody builds an installed package a second time; a checkout is built again and again.
  if (!existsSync(join(ROOT, '.git'))) rmSync(work, { recursive: true });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    // node-gyp passes arguments of its own (binding.gyp).
    const { values } = parseArgs({ options: { cpu: { type: 'string' } }, strict: false });
    buildNative({ cpu: values.cpu });
    console.log('hearken: built into build/Release');
  } catch (error) {
    console.error(`hearken: ${error.message}`);
    process.exitCode = 1;
  }
}
