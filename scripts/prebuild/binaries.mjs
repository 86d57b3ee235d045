// What executables of the three systems say that they need: { libraries, versions }, where `versions` has the newest version of each
// family of symbols (ELF) or the oldest system that they are for (Mach-O, PE), and `signed` (Mach-O).
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export const newer = (a, b) => a.localeCompare(b, 'en', { numeric: true }) > 0;

/** @returns {{ libraries: string[], versions: Record<string, string>, signed?: boolean }} */
export function needsOf(file) {
  const bytes = readFileSync(file);
  if (bytes.readUInt32BE(0) === 0x7f454c46) return elfNeeds(file);
  if (bytes.readUInt32LE(0) === 0xfeedfacf) return machoNeeds(bytes);
  if (bytes.toString('latin1', 0, 2) === 'MZ') return peNeeds(bytes);
  throw new Error(`${file} is no binary of Linux, macOS or Windows`);
}

function elfNeeds(file) {
  const given = ['--wide', '--dynamic', '--version-info', file];
  const run = spawnSync('readelf', given, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (run.error || run.status !== 0)
    throw new Error(`readelf (Debian/Ubuntu: apt-get install binutils) can't read ${file}`);
  const libraries = [...run.stdout.matchAll(/\(NEEDED\).*\[(.+?)\]/g)].map((match) => match[1]);
  const versions = {};
  for (const [, family, version] of run.stdout.matchAll(/Name: (GLIBC|GLIBCXX|CXXABI|GCC)_([\d.]+)/g)) {
    if (!versions[family] || newer(version, versions[family])) versions[family] = version;
  }
  return { libraries, versions };
}

const text = (bytes, at) => bytes.toString('latin1', at, bytes.indexOf(0, at));

// Apple, mach-o/loader.h
const LOAD_LIBRARY = [0xc, 0x80000018, 0x8000001f, 0x20, 0x80000023]; // plain, weak, re-exported, lazy, upward
const VERSION_MIN_MACOS = 0x24;
const BUILD_VERSION = 0x32;
const CODE_SIGNATURE = 0x1d;

function machoNeeds(bytes) {
  const libraries = [];
  const versions = {};
  let signed = false;
  let at = 32;
  for (let left = bytes.readUInt32LE(16); left > 0; left--) {
    const command = bytes.readUInt32LE(at);
    if (LOAD_LIBRARY.includes(command)) libraries.push(text(bytes, at + bytes.readUInt32LE(at + 8)));
    if (command === CODE_SIGNATURE) signed = true;
    if (command === BUILD_VERSION || command === VERSION_MIN_MACOS) {
      const version = bytes.readUInt32LE(at + (command === BUILD_VERSION ? 12 : 8));
      versions.macOS = `${version >>> 16}.${(version >>> 8) & 0xff}`;
    }
    at += bytes.readUInt32LE(at + 4);
  }
  return { libraries, versions, signed };
}

// Microsoft, PE Format. Tables of imported libraries: [number of the data directory, size of an entry, where its name is].
const IMPORTS = [
  [1, 20, 12],
  [13, 32, 4], // loaded at the first call
];

function peNeeds(bytes) {
  const header = bytes.readUInt32LE(0x3c) + 4;
  const optional = header + 20;
  if (bytes.readUInt16LE(optional) !== 0x20b) throw new Error('a Windows binary that is not for 64 bits');
  const sections = optional + bytes.readUInt16LE(header + 16);
  const offsetOf = (address) => {
    for (let i = 0; i < bytes.readUInt16LE(header + 2); i++) {
      const section = sections + 40 * i;
      const begin = bytes.readUInt32LE(section + 12);
      const size = bytes.readUInt32LE(section + 16);
      if (address >= begin && address < begin + size) return address - begin + bytes.readUInt32LE(section + 20);
    }
    throw new Error(`a Windows binary whose address ${address} is in no section`);
  };
  const libraries = [];
  for (const [directory, size, name] of IMPORTS) {
    const table = bytes.readUInt32LE(optional + 112 + 8 * directory);
    if (table === 0) continue;
    for (let entry = offsetOf(table); bytes.readUInt32LE(entry + name) !== 0; entry += size) {
      libraries.push(text(bytes, offsetOf(bytes.readUInt32LE(entry + name))));
    }
  }
  return {
    libraries,
    versions: { Windows: `${bytes.readUInt16LE(optional + 48)}.${bytes.readUInt16LE(optional + 50)}` },
  };
}
