// What a prebuilt binary needs of the system it runs on, read from its symbols: a release must not quietly need more.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../cmake.mjs';

/** The newest versions of symbols that may be needed, and the only libraries. glibc 2.28 is what Node's own builds need. */
const ALLOWED = {
  glibc: {
    symbols: { GLIBC: '2.28' },
    libraries:
      /^(libc\.so\.6|libm\.so\.6|libpthread\.so\.0|libdl\.so\.2|librt\.so\.1|ld-linux-(x86-64|aarch64)\.so\.[12])$/,
  },
  musl: { symbols: {}, libraries: /^(libc\.so|libc\.musl-(x86_64|aarch64)\.so\.1)$/ },
};

const newer = (a, b) => a.localeCompare(b, 'en', { numeric: true }) > 0;

/** Libraries that an ELF file names, and the newest version that it needs of each family of symbols. */
export function elfNeeds(file) {
  const run = spawnSync('readelf', ['--wide', '--dynamic', '--version-info', file], { encoding: 'utf8' });
  if (run.error || run.status !== 0)
    throw new Error(`readelf (Debian/Ubuntu: apt-get install binutils) can't read ${file}`);
  const libraries = [...run.stdout.matchAll(/\(NEEDED\).*\[(.+?)\]/g)].map((match) => match[1]);
  const symbols = {};
  for (const [, family, version] of run.stdout.matchAll(/Name: (GLIBC|GLIBCXX|CXXABI|GCC)_([\d.]+)/g)) {
    if (!symbols[family] || newer(version, symbols[family])) symbols[family] = version;
  }
  return { libraries, symbols };
}

/** Throws where the binaries of a target need more than they may; prints what they need, and their sizes. */
export function checkBinaries(target, levels) {
  const folder = join(ROOT, 'prebuilds', `${target.platform}-${target.arch}`);
  const name = target.libc ? `hearken.${target.libc}` : 'hearken';
  const files = [`${name}.node`, ...levels.map((level) => join(name, `${level}.node`))];
  const there = readdirSync(join(folder, name));
  console.log(`${target.id}: ${there.length} engines in prebuilds/${target.platform}-${target.arch}/${name}`);
  for (const file of files) {
    const size = `${(statSync(join(folder, file)).size / 1e6).toFixed(2)} MB`;
    const allowed = ALLOWED[target.libc];
    if (!allowed) {
      console.log(`  ${file}  ${size}`);
      continue;
    }
    const { libraries, symbols } = elfNeeds(join(folder, file));
    const versions = Object.entries(symbols).map(([family, version]) => `${family} ${version}`);
    console.log(`  ${file}  ${size}  ${[...versions, ...libraries].join(', ')}`);
    const wrong = libraries.filter((library) => !allowed.libraries.test(library));
    for (const [family, version] of Object.entries(symbols)) {
      const most = allowed.symbols[family];
      if (!most || newer(version, most)) wrong.push(`${family} ${version}${most ? ` (at most ${most})` : ''}`);
    }
    if (wrong.length > 0) throw new Error(`${file} needs ${wrong.join(', ')} of the system that it runs on`);
  }
}
