// Packs both packages and installs the tarballs as somebody would who has Node and nothing to build with.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npm } from './process.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** [{ name, file, size, unpackedSize, paths }] of hearken and hearken-models. `prepare` has run: dist is there. */
export function pack(folder) {
  mkdirSync(folder, { recursive: true });
  const { out } = npm(['pack', '.', './models', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: ROOT,
  });
  return JSON.parse(out).map(({ name, filename, size, unpackedSize, files }) => ({
    name,
    file: join(folder, filename),
    size,
    unpackedSize,
    paths: files.map(({ path }) => path),
  }));
}

/** Into an empty folder, without install scripts. What they depend on comes from npm's cache where it is there. */
export function install(folder, tarballs, path) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const args = [
    'install',
    '--ignore-scripts',
    '--prefer-offline',
    '--no-package-lock',
    ...tarballs.map(({ file }) => file),
  ];
  npm(args, { cwd: folder, env: { ...process.env, PATH: path } });
}
