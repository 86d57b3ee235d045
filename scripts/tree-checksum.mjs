// The checksum of deps/whisper.cpp: what the build starts from, what the package carries, and what `hearken doctor` verifies.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** Left by the vendoring script: what the tree was made from. It is no part of the tree. */
export const STAMP = '.hearken-vendored';

export const sha256 = (data) => createHash('sha256').update(data).digest('hex');
export const posix = (path) => path.split(sep).join('/');

function* filesBelow(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else yield path;
  }
}

/** SHA-256 over the sorted list of "path\0sha256(content)\n" of the files in a folder. */
export function treeChecksum(folder) {
  const lines = [];
  for (const path of filesBelow(folder)) {
    const name = posix(relative(folder, path));
    if (name !== STAMP) lines.push(`${name}\0${sha256(readFileSync(path))}\n`);
  }
  return sha256(lines.sort().join(''));
}

/** What deps/whisper.cpp.sha256 expects: of upstream's files, and of the same with deps/patches applied. */
export function expectedChecksums(path) {
  const sums = {};
  for (const line of readFileSync(path, 'utf8').trim().split('\n')) {
    const [sum, of] = line.trim().split(/\s+/);
    sums[of] = sum;
  }
  return sums;
}
