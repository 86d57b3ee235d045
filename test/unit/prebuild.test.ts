import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
// @ts-expect-error: a script of the build, which is JavaScript
import { needsOf } from '../../../scripts/prebuild/binaries.mjs';
// @ts-expect-error: a script of the build, which is JavaScript
import { tooMuch } from '../../../scripts/prebuild/check.mjs';
// @ts-expect-error: a script of the build, which is JavaScript
import { TARGETS } from '../../../scripts/prebuild/targets.mjs';
import { folder } from '../helpers/folder.js';
import { REPO } from '../helpers/shared.js';

// What a release refuses: binaries that need libraries or systems that a user may not have.

/** Words of 32 bits, and after them a text. */
const words = (...values: number[]) => {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => {
    bytes.writeUInt32LE(value, 4 * i);
  });
  return bytes;
};

/** A Mach-O file with these libraries, for this version of macOS at least. */
function mach(libraries: string[], [major, minor]: [number, number], signed: boolean): Buffer {
  const commands = libraries.map((name) => {
    const text = Buffer.alloc(Math.ceil((name.length + 1) / 8) * 8);
    text.write(name);
    return Buffer.concat([words(0xc, 24 + text.length, 24, 0, 0, 0), text]);
  });
  commands.push(words(0x32, 24, 1, (major << 16) | (minor << 8), 0, 0));
  if (signed) commands.push(words(0x1d, 16, 0, 0));
  return Buffer.concat([words(0xfeedfacf, 0, 0, 8, commands.length, 0, 0, 0), ...commands]);
}

/** A PE file of one section, at address 0x1000, which holds the table of imports and the names. */
function pe(libraries: string[]): Buffer {
  const bytes = Buffer.alloc(0x400);
  bytes.write('MZ');
  bytes.writeUInt32LE(0x40, 0x3c);
  bytes.write('PE', 0x40);
  bytes.writeUInt16LE(1, 0x46); // sections
  bytes.writeUInt16LE(240, 0x54); // size of the optional header, which begins at 0x58
  bytes.writeUInt16LE(0x20b, 0x58);
  bytes.writeUInt16LE(6, 0x58 + 48);
  bytes.writeUInt32LE(0x1000, 0x58 + 112 + 8);
  const section = 0x58 + 240;
  words(0x200, 0x1000, 0x200, 0x200).copy(bytes, section + 8);
  let name = 0x300;
  libraries.forEach((library, i) => {
    bytes.writeUInt32LE(0x1000 + name - 0x200, 0x200 + 20 * i + 12);
    bytes.write(library, name);
    name += library.length + 1;
  });
  return bytes;
}

function wrong(t: ExecutionContext, id: string, file: Buffer): string[] {
  const path = join(folder(t), 'file.node');
  writeFileSync(path, file);
  return tooMuch(
    TARGETS.find((target: { id: string }) => target.id === id),
    needsOf(path),
  );
}

test('macOS: only the system library, macOS 11, and on arm64 a signature', (t) => {
  const system = '/usr/lib/libSystem.B.dylib';
  t.deepEqual(wrong(t, 'darwin-arm64', mach([system], [11, 0], true)), []);
  t.deepEqual(wrong(t, 'darwin-x64', mach([system], [10, 15], false)), []);
  t.deepEqual(wrong(t, 'darwin-x64', mach([system, '/usr/lib/libc++.1.dylib'], [13, 0], false)), [
    '/usr/lib/libc++.1.dylib',
    'macOS 13.0 (at most 11.0)',
  ]);
  t.is(wrong(t, 'darwin-arm64', mach([system], [11, 0], false)).length, 1);
});

test('Windows: only system libraries, and no program by its name', (t) => {
  t.deepEqual(wrong(t, 'win32-x64', pe(['KERNEL32.dll', 'api-ms-win-crt-heap-l1-1-0.dll'])), []);
  t.deepEqual(wrong(t, 'win32-x64', pe(['node.exe', 'KERNEL32.dll', 'libwinpthread-1.dll'])), [
    'node.exe',
    'libwinpthread-1.dll',
  ]);
});

test('Linux: an old C library, and no C++ library', (t) => {
  const target = TARGETS.find(({ id }: { id: string }) => id === 'linux-x64-glibc');
  t.deepEqual(tooMuch(target, { libraries: ['libc.so.6', 'libm.so.6'], versions: { GLIBC: '2.17' } }), []);
  t.deepEqual(tooMuch(target, { libraries: ['libstdc++.so.6'], versions: { GLIBC: '2.29', GLIBCXX: '3.4' } }), [
    'libstdc++.so.6',
    'GLIBC 2.29 (at most 2.17)',
    'GLIBCXX 3.4',
  ]);
});

test('the workflow builds and tests every target', (t) => {
  const workflow = readFileSync(join(REPO, '.github', 'workflows', 'prebuild.yml'), 'utf8');
  const ids: string[] = TARGETS.map(({ id }: { id: string }) => id).sort();
  const built = [...workflow.matchAll(/^ {10}- ((?:linux|darwin|win32)-\S+)$/gm)].map((match) => match[1]);
  const tested = [...workflow.matchAll(/- \{ target: (\S+),/g)].map((match) => match[1]);
  t.deepEqual(built.sort(), ids);
  t.deepEqual(tested.sort(), ids);
});
