import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npm } from './process.mjs';

const BUILD = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'build');

/**
 * A folder below build/ that these npm packages were installed into: programs that tests run and that hearken does not depend on. What
 * is there is used as it is.
 */
export function toolFolder(name, specs) {
  const folder = join(BUILD, name);
  const done = join(folder, 'installed.json');
  if (existsSync(done)) return folder;
  mkdirSync(folder, { recursive: true });
  // Without a package.json of its own npm would install into this repository.
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  npm(['install', '--no-save', '--no-package-lock', '--ignore-scripts', '--prefer-offline', ...specs], { cwd: folder });
  writeFileSync(done, `${JSON.stringify(specs)}\n`);
  return folder;
}
