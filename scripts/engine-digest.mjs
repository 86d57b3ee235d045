// A digest of the sources that decide what the engine finds: results that were kept are found again only by an engine that
// would find the same. CMakeLists.txt runs this in each build of the addon, with the header to write.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const FOLDERS = { native: /\.(c|cc|h|inc)$/, cmake: /\.cmake$/, 'deps/patches': /\.patch$/ };
const FILES = ['CMakeLists.txt', 'deps/whisper.cpp.sha256'];

/** Hex. Equal for equal sources, wherever they lie and however their lines end. */
export function engineDigest(root = ROOT) {
  const paths = [...FILES];
  for (const [folder, pattern] of Object.entries(FOLDERS)) {
    for (const path of readdirSync(join(root, folder), { recursive: true })) {
      if (pattern.test(path)) paths.push(`${folder}/${path.split(sep).join('/')}`);
    }
  }
  const hash = createHash('sha256');
  for (const path of paths.sort()) {
    const text = readFileSync(join(root, path), 'utf8').replaceAll('\r\n', '\n');
    hash.update(`${path}\0${Buffer.byteLength(text)}\0${text}`);
  }
  return hash.digest('hex');
}

/** Left alone where it says the same already, so that nothing is compiled again. */
function writeHeader(path) {
  const text = `#define HEARKEN_ENGINE "${engineDigest()}"\n`;
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeHeader(process.argv[2]);
