// What a prebuilt binary needs of the system it runs on, read from the file: a release must not quietly need more.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../cmake.mjs';
import { engineDigest } from '../engine-digest.mjs';
import { needsOf, newer } from './binaries.mjs';

/**
 * The newest versions that may be needed, and the only libraries. Node's own builds need glibc 2.28, unofficial ones 2.17; Node 20 needs
 * macOS 11. The subsystem version of Windows binaries says little, their C library (ucrt, part of the system from Windows 10) more.
 */
const ALLOWED = {
  glibc: {
    versions: { GLIBC: '2.17' },
    libraries:
      /^(libc\.so\.6|libm\.so\.6|libpthread\.so\.0|libdl\.so\.2|librt\.so\.1|ld-linux-(x86-64|aarch64)\.so\.[12])$/,
  },
  musl: { versions: {}, libraries: /^(libc\.so|libc\.musl-(x86_64|aarch64)\.so\.1)$/ },
  darwin: { versions: { macOS: '11.0' }, libraries: /^\/usr\/lib\/libSystem\.B\.dylib$/ },
  win32: {
    versions: { Windows: '6.2' },
    libraries: /^(kernel32|ntdll|advapi32|psapi|api-ms-win-crt-[a-z]+-l1-1-0)\.dll$/i,
  },
};

/** What of a binary's needs its platform may not have. */
export function tooMuch(target, { libraries, versions, signed }) {
  const allowed = ALLOWED[target.libc ?? target.platform];
  const wrong = libraries.filter((library) => !allowed.libraries.test(library));
  for (const [family, version] of Object.entries(versions)) {
    const most = allowed.versions[family];
    if (!most || newer(version, most)) wrong.push(`${family} ${version}${most ? ` (at most ${most})` : ''}`);
  }
  // macOS kills what has no signature on arm64; the linker's own is enough.
  if (target.platform === 'darwin') {
    if (!versions.macOS) wrong.push('a version of macOS that it does not name');
    if (target.arch === 'arm64' && !signed) wrong.push('a code signature, which it does not have');
  }
  return wrong;
}

/** Throws where the binaries of a target need more than they may; prints what they need, and their sizes. */
export function checkBinaries(target, levels) {
  const folder = join(ROOT, 'prebuilds', `${target.platform}-${target.arch}`);
  const name = target.libc ? `hearken.${target.libc}` : 'hearken';
  const files = [`${name}.node`, ...levels.map((level) => join(name, `${level}.node`))];
  const there = readdirSync(join(folder, name));
  const strange = there.filter((file) => !levels.includes(file.replace('.node', '')));
  if (strange.length > 0) throw new Error(`${join(folder, name)} has what it should not have: ${strange.join(', ')}`);
  console.log(`${target.id}: ${there.length} engines in prebuilds/${target.platform}-${target.arch}/${name}`);
  for (const file of files) {
    const size = `${(statSync(join(folder, file)).size / 1e6).toFixed(2)} MB`;
    const needs = needsOf(join(folder, file));
    const versions = Object.entries(needs.versions).map(([family, version]) => `${family} ${version}`);
    console.log(`  ${file}  ${size}  ${[...versions, ...needs.libraries].join(', ')}`);
    const wrong = tooMuch(target, needs);
    if (readFileSync(join(folder, file)).includes(ROOT)) wrong.push(`${ROOT}, a path of this machine that it holds,`);
    if (file !== `${name}.node` && !readFileSync(join(folder, file)).includes(engineDigest())) {
      throw new Error(`${file} was not built from the source that is here: run 'npm run prebuild' again`);
    }
    if (wrong.length > 0) throw new Error(`${file} needs ${wrong.join(', ')} of the system that it runs on`);
  }
}
