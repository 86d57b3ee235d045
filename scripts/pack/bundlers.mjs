// A user's program through bundlers, each as docs/bundlers.md says: hearken stays outside of the bundle, in node_modules.
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { toolFolder } from './tools.mjs';

const PACKAGES = ['esbuild@0', 'rollup@4', 'webpack@5', '@vercel/ncc@0', '@vercel/nft@1'];

/** Loads one of the bundlers, which are fetched once and lie in a folder of their own. */
export function bundlerLoader() {
  return createRequire(join(toolFolder('bundlers', PACKAGES), 'package.json'));
}

async function esbuild(load, entry, out, format) {
  const file = join(out, format === 'esm' ? 'app.mjs' : 'app.cjs');
  await load('esbuild').build({
    entryPoints: [entry],
    outfile: file,
    bundle: true,
    platform: 'node',
    format,
    external: ['hearken'],
    logLevel: 'silent',
  });
  return file;
}

/** What a user has who forgot to leave hearken outside. */
export async function bundleWhole(load, entry, out) {
  const file = join(out, 'app.mjs');
  await load('esbuild').build({
    entryPoints: [entry],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
  });
  return file;
}

async function rollup(load, entry, out, format) {
  const file = join(out, format === 'esm' ? 'app.mjs' : 'app.cjs');
  const bundle = await load('rollup').rollup({ input: entry, external: ['hearken', /^node:/] });
  await bundle.write({ file, format });
  await bundle.close();
  return file;
}

function webpack(load, entry, out, format) {
  const esm = format === 'esm';
  const filename = esm ? 'app.mjs' : 'app.cjs';
  const config = {
    mode: 'production',
    target: 'node20',
    entry,
    output: { path: out, filename, ...(esm ? { module: true, library: { type: 'module' } } : {}) },
    experiments: esm ? { outputModule: true } : {},
    externals: { hearken: esm ? 'module hearken' : 'commonjs hearken' },
  };
  return new Promise((resolve, reject) => {
    load('webpack')(config, (error, stats) => {
      if (error || stats.hasErrors()) reject(error ?? new Error(stats.toString('errors-only')));
      else resolve(join(out, filename));
    });
  });
}

async function ncc(load, entry, out) {
  const { code } = await load('@vercel/ncc')(entry, { externals: ['hearken'], cache: false, quiet: true });
  const file = join(out, 'app.mjs');
  writeFileSync(file, code);
  return file;
}

/** Packages whose files are found at run time, by platform and by model: a tracer that reads code does not see them. */
const WHOLE = ['hearken', 'hearken-models'];

/** Traces the program and copies what it needs, and nothing else, to another folder. */
async function nft(load, entry, out) {
  const base = dirname(entry);
  const { fileList } = await load('@vercel/nft').nodeFileTrace([entry], { base });
  for (const name of WHOLE)
    cpSync(join(base, 'node_modules', name), join(out, 'node_modules', name), { recursive: true });
  for (const file of fileList) {
    if (existsSync(join(out, file))) continue;
    mkdirSync(dirname(join(out, file)), { recursive: true });
    cpSync(join(base, file), join(out, file), { recursive: true });
  }
  return join(out, basename(entry));
}

/** `bundle` makes a program of `entry` in the folder `out` and resolves with its path. */
export const BUNDLERS = [
  { name: 'esbuild', format: 'esm', bundle: esbuild },
  { name: 'esbuild', format: 'cjs', bundle: esbuild },
  { name: 'rollup', format: 'esm', bundle: rollup },
  { name: 'rollup', format: 'cjs', bundle: rollup },
  { name: 'webpack', format: 'esm', bundle: webpack },
  { name: 'webpack', format: 'cjs', bundle: webpack },
  { name: '@vercel/ncc', format: 'esm', bundle: ncc },
  { name: '@vercel/nft', format: 'traced', bundle: nft },
];
