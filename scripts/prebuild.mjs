// npm run prebuild: the binaries that the package carries, below prebuilds/, made by prebuildify with zig's clang for every platform.
// --target linux-x64-glibc,… or --target all (default: the one of this machine); --cpu avx2,… for some engines only; --list;
// --check: builds nothing, and checks what is there.

import { mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { ROOT } from './cmake.mjs';
import { checkBinaries } from './prebuild/check.mjs';
import { hereTarget, TARGETS } from './prebuild/targets.mjs';
import { vendorWhisper } from './vendor-whisper.mjs';

const prebuildify = promisify(createRequire(import.meta.url)('prebuildify'));

async function prebuild(target, levels) {
  const work = join(ROOT, 'build', 'prebuild', target.id);
  const artifacts = join(work, 'artifacts');
  rmSync(artifacts, { recursive: true, force: true });
  mkdirSync(artifacts, { recursive: true });
  // Nothing of an earlier build stays beside what is built now.
  const engines = target.libc ? `hearken.${target.libc}` : 'hearken';
  rmSync(join(ROOT, 'prebuilds', `${target.platform}-${target.arch}`, engines), { recursive: true, force: true });
  // prebuildify builds in this folder, by calling the shim for node-gyp; it takes the loader from build/Release, names it, and copies
  // the engines as artifacts.
  process.env.HEARKEN_PREBUILD_TARGET = target.id;
  process.env.HEARKEN_PREBUILD_LEVELS = levels.join(',');
  await prebuildify({
    cwd: work,
    out: ROOT,
    name: 'hearken',
    napi: true,
    targets: [{ runtime: 'node', target: process.versions.node }],
    platform: target.platform,
    arch: target.arch,
    libc: target.libc,
    tagLibc: target.libc ?? false,
    artifacts,
    strip: false, // the linker did, for platforms whose files this machine's strip does not know
    nodeGyp: fileURLToPath(new URL('./prebuild/node-gyp.mjs', import.meta.url)),
  });
  checkBinaries(target, levels);
}

const { values } = parseArgs({
  options: {
    target: { type: 'string' },
    cpu: { type: 'string' },
    list: { type: 'boolean' },
    check: { type: 'boolean' },
  },
});
if (values.list) {
  for (const { id, zig, levels } of TARGETS) console.log(`${id.padEnd(18)} ${zig.padEnd(24)} ${levels.join(', ')}`);
} else {
  const ids = values.target?.split(',') ?? [hereTarget()?.id];
  const wanted = values.target === 'all' ? TARGETS : ids.map((id) => TARGETS.find((one) => one.id === id));
  if (wanted.includes(undefined)) throw new Error(`--target: one of ${TARGETS.map(({ id }) => id).join(', ')}, or all`);
  if (!values.check) vendorWhisper({ log: console.log });
  for (const target of wanted) {
    const levels = values.cpu?.split(',') ?? target.levels;
    const unknown = levels.find((level) => !target.levels.includes(level));
    if (unknown) throw new Error(`--cpu: ${target.id} has ${target.levels.join(', ')}, no '${unknown}'`);
    if (values.check) checkBinaries(target, levels);
    else await prebuild(target, levels);
  }
}
