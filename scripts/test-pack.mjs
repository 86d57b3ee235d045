// npm run test:pack: what would be published, packed, and used as somebody does who has just installed it: without install scripts, in
// an empty folder, with no compiler, cmake, git, Python or ffmpeg on PATH, under each runtime that npm carries, and through bundlers.
// --build: also `npx hearken build` with this machine's compiler, which takes minutes.
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BUNDLERS, bundlerLoader, bundleWhole } from './pack/bundlers.mjs';
import { prebuildPlatforms, problemsOfHearken, problemsOfModels } from './pack/contents.mjs';
import { buildFromSource, install, pack, runInstallScripts } from './pack/installed.mjs';
import { barePath, cleanEnvironment, reaches } from './pack/process.mjs';
import { Report } from './pack/report.mjs';
import { ABSENT, fetchRuntime, RUNTIMES } from './pack/runtimes.mjs';
import { typeCheck } from './pack/types.mjs';
import { bundledProgram, commandLine, program } from './pack/ways.mjs';

const CONSUMERS = join(dirname(fileURLToPath(import.meta.url)), 'pack', 'consumers');
const BUILD_TOOLS = 'cc gcc g++ c++ clang clang++ cmake make ninja git python python3 ffmpeg node-gyp'.split(' ');
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

function none(problems) {
  if (problems.length === 0) return;
  const shown = problems.slice(0, 20).join('\n    ');
  throw new Error(`${problems.length} problems\n    ${shown}${problems.length > 20 ? '\n    …' : ''}`);
}

const report = new Report();
const folder = mkdtempSync(join(tmpdir(), 'hearken-pack-'));
const user = join(folder, 'user');

/** A working folder, a PATH with one runtime on it, and a home of its own for each way, so that each begins without anything kept. */
function world(runtime, way) {
  const path = barePath(join(folder, 'path', runtime.folder), runtime.path);
  return { cwd: user, env: cleanEnvironment(path, join(folder, 'homes', runtime.folder, way)) };
}

async function testPackages() {
  const bare = barePath(join(folder, 'bare'));
  await report.check('nothing on PATH builds software', () => none(BUILD_TOOLS.filter((tool) => reaches(bare, tool))));

  const tarballs = pack(join(folder, 'tarballs'));
  const [hearken, models] = tarballs;
  for (const { name, size, unpackedSize, paths } of tarballs)
    console.log(`  ${name}: ${megabytes(size)} packed, ${megabytes(unpackedSize)} unpacked, ${paths.length} files`);

  await report.check('npm install --ignore-scripts', () => install(user, tarballs, bare));
  await report.check('npm rebuild: the install step builds nothing', () => runInstallScripts(user, bare));
  const installed = (name) => join(user, 'node_modules', name);
  await report.check('hearken holds what it should', () => {
    none(problemsOfHearken(installed('hearken'), hearken.paths));
    return `binaries for ${prebuildPlatforms(hearken.paths).join(', ')}`;
  });
  await report.check('hearken-models holds what it should', () =>
    none(problemsOfModels(installed('hearken-models'), models.paths)),
  );
  cpSync(CONSUMERS, user, { recursive: true });
  for (const kind of ['mts', 'cts']) await report.check(`TypeScript, ${kind}`, () => typeCheck(user, `types.${kind}`));
}

async function testRuntime(runtime) {
  const file = (name) => join(user, name);
  await report.check(`${runtime.name}, import`, () => program(runtime, file('esm.mjs'), world(runtime, 'esm')));
  await report.check(`${runtime.name}, require()`, () => program(runtime, file('commonjs.cjs'), world(runtime, 'cjs')));
  await report.check(`${runtime.name}, worker thread`, () =>
    program(runtime, file('worker.mjs'), world(runtime, 'worker')),
  );
  await report.check(`${runtime.name}, command line`, () => commandLine(runtime, world(runtime, 'cli')));
}

async function testBundlers() {
  const load = bundlerLoader();
  const runtime = { kind: 'Node', folder: 'node-bundled', path: process.execPath };
  for (const { name, format, bundle } of BUNDLERS) {
    const way = `${basename(name)}-${format}`;
    // A traced program has its dependencies with it; a bundle finds them in the folder where it was made.
    const out = join(format === 'traced' ? folder : user, 'bundles', way);
    mkdirSync(out, { recursive: true });
    await report.check(`${name} ${load(`${name}/package.json`).version}, ${format}`, async () => {
      const file = await bundle(load, join(user, 'esm.mjs'), out, format);
      return program(runtime, file, { ...world(runtime, way), cwd: out });
    });
  }
  const out = join(user, 'bundles', 'whole');
  await report.check('hearken itself in a bundle', async () => {
    const file = await bundleWhole(load, join(user, 'esm.mjs'), out);
    return bundledProgram(runtime, file, world(runtime, 'whole'));
  });
}

async function testBuild() {
  const runtime = { kind: 'Node', folder: 'node-built', path: process.execPath };
  await report.check('npx hearken build, from the source in the package', () => {
    const { folder: built, seconds } = buildFromSource(user, join(folder, 'built'));
    const used = commandLine(runtime, { ...world(runtime, 'built'), cwd: built });
    return `built in ${seconds.toFixed(0)} s without ccache; ${used}`;
  });
}

try {
  await testPackages();
  for (const spec of ABSENT) console.log(`  not tried, as npm does not have it for this platform: ${spec}`);
  for (const wanted of RUNTIMES) {
    let runtime;
    try {
      runtime = fetchRuntime(wanted);
    } catch (error) {
      report.fail(`${wanted.spec} can be fetched`, error);
      continue;
    }
    await testRuntime(runtime);
  }
  await testBundlers();
  if (process.argv.includes('--build')) await testBuild();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`pack: ${report.passed} passed, ${report.failed} failed`);
if (report.failed > 0) process.exitCode = 1;
