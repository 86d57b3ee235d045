// Packs both packages and installs the tarballs as somebody would who has Node and nothing to build with.
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { must, npm } from './process.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** [{ name, file, size, unpackedSize, paths }] of hearken and hearken-models, packed as for publishing: dist is compiled anew. */
export function pack(folder) {
  mkdirSync(folder, { recursive: true });
  const { out } = npm(['pack', '.', './models', '--json', '--foreground-scripts=false', '--pack-destination', folder], {
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

/** What npm does with install scripts, where they are allowed: with a binary in the package there is nothing to do, and no tool needed. */
export function runInstallScripts(folder, path) {
  npm(['rebuild', 'hearken'], { cwd: folder, env: { ...process.env, PATH: path } });
  if (existsSync(join(folder, 'node_modules', 'hearken', 'build')))
    throw new Error('the install step has built something');
}

/** `npx hearken build` in a copy of the installed packages that has no binary. Returns the copy, and how long it took. */
export function buildFromSource(user, folder) {
  cpSync(user, folder, { recursive: true });
  const hearken = join(folder, 'node_modules', 'hearken');
  rmSync(join(hearken, 'prebuilds'), { recursive: true });
  const env = { ...process.env, CCACHE_DISABLE: '1' };
  const { seconds } = must(process.execPath, [join(hearken, 'bin', 'hearken.js'), 'build'], {
    cwd: folder,
    env,
    limit: 1800,
  });
  return { folder, seconds };
}
