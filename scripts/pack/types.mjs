import { cpSync, existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { must } from './process.mjs';

const MODULES = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'node_modules');

const OPTIONS = {
  noEmit: true,
  strict: true,
  target: 'es2022',
  lib: ['es2022', 'esnext.disposable'],
  module: 'nodenext',
  types: ['node'],
  skipLibCheck: false, // the declarations of the package are to be read too
};

/** Compiles one program of a user's against the package installed in `folder`, with this repository's compiler and types of Node. */
export function typeCheck(folder, file) {
  for (const name of ['@types/node', 'undici-types']) {
    const copy = join(folder, 'node_modules', name);
    if (existsSync(join(MODULES, name)) && !existsSync(copy)) cpSync(join(MODULES, name), copy, { recursive: true });
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: OPTIONS, files: [file] }));
  must(process.execPath, [join(MODULES, 'typescript', 'bin', 'tsc'), '--project', folder], { cwd: folder });
}
