import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { REPO } from './shared.js';

/**
 * hearken in a node_modules of its own, as npm unpacks it: what package.json names, and what it depends on, linked to this checkout's.
 * Without a binary. Returns the folder of the package.
 */
export function installWithoutBinary(user: string): string {
  const modules = join(user, 'node_modules');
  const folder = join(modules, 'hearken');
  const manifest = JSON.parse(readFileSync(join(REPO, 'package.json'), 'utf8')) as {
    files: string[];
    dependencies: Record<string, string>;
    optionalDependencies: Record<string, string>;
  };
  for (const item of ['package.json', ...manifest.files]) {
    if (item === 'prebuilds' || !existsSync(join(REPO, item))) continue;
    cpSync(join(REPO, item), join(folder, item), { recursive: true });
  }
  for (const name of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(REPO, 'node_modules', name), join(modules, name), 'junction');
  }
  return folder;
}
