// Builds upstream's own whisper-cli and whisper-quantize, unpatched and with upstream's default settings, from the npm
// package that hearken's vendored source comes from: the peer of the other benches. The build is kept in bench/.work.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT, stop, workFolder } from './lib/common.mjs';

const EXE = process.platform === 'win32' ? '.exe' : '';

function upstream() {
  const require = createRequire(join(ROOT, 'package.json'));
  try {
    const manifest = require.resolve('nodejs-whisper/package.json');
    return {
      folder: join(dirname(manifest), 'cpp', 'whisper.cpp'),
      version: JSON.parse(readFileSync(manifest, 'utf8')).version,
    };
  } catch {
    return stop("the dev dependency nodejs-whisper is not installed: run 'npm ci'.");
  }
}

function cmake(args) {
  const run = spawnSync('cmake', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (run.error || run.status !== 0)
    stop(`cmake ${args.join(' ')} failed${run.error ? `: ${run.error.message}` : '; see above'}.`);
}

/** Paths of the peer's binaries, built at the first call. `HEARKEN_BENCH_WHISPER_CLI` names a folder with ready ones instead. */
export function whisperCli() {
  const ready = process.env.HEARKEN_BENCH_WHISPER_CLI;
  const { folder, version } = upstream();
  const target = join(workFolder(), 'whisper.cpp');
  const bin = ready ?? join(target, 'build', 'bin');
  const found = { cli: join(bin, `whisper-cli${EXE}`), quantize: join(bin, `whisper-quantize${EXE}`) };
  const stamp = join(target, '.built');
  if (ready) {
    if (!existsSync(found.cli)) stop(`HEARKEN_BENCH_WHISPER_CLI: there is no whisper-cli in ${ready}.`);
    return found;
  }
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === version && existsSync(found.cli)) return found;

  console.error(`building upstream's whisper-cli from nodejs-whisper@${version} (once; some minutes) …`);
  rmSync(target, { recursive: true, force: true });
  const staging = `${target}.${process.pid}`;
  cpSync(folder, staging, { recursive: true });
  renameSync(staging, target);
  // Upstream's defaults, except that a build without a type would not be optimised. Upstream uses ccache by itself.
  cmake(['-S', target, '-B', join(target, 'build'), '-DCMAKE_BUILD_TYPE=Release', '--log-level=WARNING']);
  cmake([
    '--build',
    join(target, 'build'),
    '--config',
    'Release',
    '--target',
    'whisper-cli',
    'whisper-quantize',
    '--parallel',
    String(availableParallelism()),
  ]);
  writeFileSync(stamp, version);
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { cli, quantize } = whisperCli();
  console.log(`${cli}\n${quantize}`);
}
