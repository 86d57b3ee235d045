import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { HearkenError } from '../errors.js';
import type { EXIT } from './io.js';

const SCRIPT = fileURLToPath(new URL('../../../scripts/build-native.mjs', import.meta.url));

/** `hearken build`: the native addon from the source in the package, for platforms without a prebuilt one. */
export function buildCommand(done: (code: (typeof EXIT)[keyof typeof EXIT]) => void): Command {
  return new Command('build')
    .description(
      'build the native addon from the source in this package: needs cmake and a C++17 compiler, downloads nothing',
    )
    .option(
      '--cpu <levels>',
      'what its engines may use of the CPU: avx2,baseline or all (default: what this one has, but not AVX-512)',
    )
    .action(async ({ cpu }: { cpu?: string }) => {
      if (!existsSync(SCRIPT)) {
        throw new HearkenError('ERR_BINDING', `${SCRIPT} is missing: reinstall hearken, whole and not bundled`);
      }
      const args = cpu === undefined ? [SCRIPT] : [SCRIPT, '--cpu', cpu];
      const child = spawn(process.execPath, args, { stdio: 'inherit' });
      const code = await new Promise<number | null>((resolve, reject) => {
        child.once('error', reject);
        child.once('exit', resolve);
      });
      if (code !== 0) done(1);
    });
}
