// Compiles the TypeScript after an install in a checkout. Skipped when `npx hearken` asks again for what is there.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
if (process.env.npm_command !== 'exec' || !existsSync(join(root, 'dist', 'lib', 'index.js'))) {
  let typescript;
  try {
    typescript = createRequire(join(root, 'package.json')).resolve('typescript/package.json');
  } catch {
    console.error("hearken: TypeScript is a dev dependency, and a checkout needs it: run 'npm ci' without --omit=dev.");
    process.exit(1);
  }
  const tsc = join(dirname(typescript), 'bin', 'tsc');
  const run = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.json'], { cwd: root, stdio: 'inherit' });
  process.exitCode = run.status ?? 1;
}
