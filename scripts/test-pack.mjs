// npm run test:pack: what would be published, packed, and used as somebody does who has just installed it: without install scripts, in
// an empty folder, with no compiler, cmake, git, Python or ffmpeg on PATH, under each runtime that npm carries.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prebuildPlatforms, problemsOfHearken, problemsOfModels } from './pack/contents.mjs';
import { install, pack } from './pack/installed.mjs';
import { barePath, cleanEnvironment, reaches } from './pack/process.mjs';
import { Report } from './pack/report.mjs';
import { runtimes } from './pack/runtimes.mjs';
import { typeCheck } from './pack/types.mjs';
import { commandLine, program } from './pack/ways.mjs';

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
try {
  const bare = barePath(join(folder, 'path'));
  report.check('PATH has no tool that builds software', () => none(BUILD_TOOLS.filter((tool) => reaches(bare, tool))));

  const tarballs = pack(join(folder, 'tarballs'));
  const [hearken, models] = tarballs;
  for (const { name, size, unpackedSize, paths } of tarballs)
    console.log(`  ${name}: ${megabytes(size)} packed, ${megabytes(unpackedSize)} unpacked, ${paths.length} files`);

  const user = join(folder, 'user');
  report.check('npm install --ignore-scripts', () => install(user, tarballs, bare));
  const packageFolder = (name) => join(user, 'node_modules', name);
  report.check('hearken holds what it should', () => {
    none(problemsOfHearken(packageFolder('hearken'), hearken.paths));
    return `binaries for ${prebuildPlatforms(hearken.paths).join(', ')}`;
  });
  report.check('hearken-models holds what it should', () =>
    none(problemsOfModels(packageFolder('hearken-models'), models.paths)),
  );

  cpSync(CONSUMERS, user, { recursive: true });
  for (const kind of ['mts', 'cts']) report.check(`TypeScript, ${kind}`, () => typeCheck(user, `types.${kind}`));

  const { found, absent } = runtimes();
  for (const reason of absent) console.log(`  not tried: ${reason}`);
  for (const runtime of found) {
    const path = barePath(join(folder, 'path', runtime.folder), runtime.path);
    // A home for each way, so that each begins without anything kept.
    const world = (way) => ({ cwd: user, env: cleanEnvironment(path, join(folder, 'homes', runtime.folder, way)) });
    report.check(`${runtime.name}, import`, () => program(runtime, 'esm.mjs', world('esm')));
    report.check(`${runtime.name}, require()`, () => program(runtime, 'commonjs.cjs', world('commonjs')));
    report.check(`${runtime.name}, worker thread`, () => program(runtime, 'worker.mjs', world('worker')));
    report.check(`${runtime.name}, command line`, () => commandLine(runtime, world('cli')));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`pack: ${report.passed} passed, ${report.failed} failed`);
if (report.failed > 0) process.exitCode = 1;
