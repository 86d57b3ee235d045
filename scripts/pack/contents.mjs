// What the two packages may hold and what they must: a list of what is allowed, so that whatever else gets in is noticed. Each function
// here gets the folder of an installed package and the paths in it, and returns sentences, one for each thing that is wrong.
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { symbols } from 'node-api-headers';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const PREBUILD = /^prebuilds\/((?:linux|darwin|win32)-(?:x64|arm64))\/hearken(\.(glibc|musl))?(\.node|\/\w+\.node)$/;

/** What an addon gives to Node. */
const OWN_SYMBOLS = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];

const HEARKEN_ALLOWED = [
  /^(package\.json|README\.md|CHANGELOG\.md|SECURITY\.md|LICENSE|THIRD-PARTY-NOTICES\.md|CMakeLists\.txt|binding\.gyp)$/,
  /^bin\/hearken\.js$/,
  /^dist\/lib\/([\w-]+\/)*[\w-]+\.(js|js\.map|d\.ts)$/,
  PREBUILD,
  // The source for a build on the user's machine, and the scripts that this runs: none that only a checkout needs.
  /^cmake\/(addon|levels|zig)\.cmake$/,
  /^native\/(core|audio|chunk|asr|diarization|addon|loader)\/\w+\.(cc|c|h|inc|map)$/,
  /^deps\/(whisper\.cpp\.sha256|patches\/\d{4}-[\w-]+\.patch|node-gyp\/include\/node\/[\w.]+)$/,
  /^deps\/whisper\.cpp\/(LICENSE|CMakeLists\.txt|\.hearken-vendored|examples\/(miniaudio\.h|stb_vorbis\.c))$/,
  /^deps\/whisper\.cpp\/(cmake|include|src|ggml)\/([\w+-][\w.+-]*\/)*[\w+-][\w.+-]*$/,
  /^scripts\/(build-native|build-tools|cmake|engine-digest|install|tree-checksum|vendor-whisper)\.mjs$/,
];

const HEARKEN_REQUIRED = [
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
  'THIRD-PARTY-NOTICES.md',
  'CMakeLists.txt',
  'binding.gyp',
  'bin/hearken.js',
  'dist/lib/index.js',
  'dist/lib/index.d.ts',
  'dist/lib/cli/main.js',
  'native/core/ledger.h',
  'native/addon/engine.cc',
  'deps/whisper.cpp.sha256',
  'deps/whisper.cpp/LICENSE',
  'deps/whisper.cpp/.hearken-vendored',
  'deps/whisper.cpp/src/whisper.cpp',
  'deps/whisper.cpp/ggml/src/ggml.c',
  'deps/whisper.cpp/ggml/src/ggml-cpu/ggml-cpu.c',
  'deps/whisper.cpp/examples/miniaudio.h',
  'deps/whisper.cpp/examples/stb_vorbis.c',
  'deps/patches/0001-logits-only-where-read.patch',
  'scripts/build-native.mjs',
];

const MODELS_ALLOWED = [
  /^(package\.json|README\.md|models\.json)$/,
  /^MODEL_CARD_[\w.-]+\.md$/,
  /^LICENSES\/[\w.-]+\.txt$/,
  /^[\w.-]+\.(bin|gguf)$/,
];

const text = (folder, path) => readFileSync(join(folder, path), 'utf8');

function strangers(paths, allowed) {
  return paths
    .filter((path) => !allowed.some((rule) => rule.test(path)))
    .map((path) => `${path} should not be in the package`);
}

function missing(paths, required) {
  return required.filter((path) => !paths.includes(path)).map((path) => `${path} is missing`);
}

/** Of this checkout or this user; or, in a binary, a source's whole path as __FILE__ leaves it there. */
function machinePaths(folder, paths) {
  const own = [ROOT, homedir()].filter((path) => path.length > 1).map((path) => `${path}/`);
  return paths.flatMap((path) => {
    const bytes = readFileSync(join(folder, path)).toString('latin1');
    const found =
      own.find((start) => bytes.includes(start)) ??
      /\0((?:\/|[A-Z]:[\\/])[^\0\s]{4,300}\.(?:c|cc|cpp|cxx|h|hpp|inc))\0/.exec(bytes)?.[1];
    return found === undefined ? [] : [`${path} tells of the machine that made it: ${found}`];
  });
}

/** Every module has its types, its source in this checkout (tsc leaves old output where it is), and all that it imports. */
function modules(folder, paths) {
  const there = new Set(paths);
  const problems = [];
  for (const path of paths.filter((path) => /\.m?js$/.test(path))) {
    for (const [, to] of text(folder, path).matchAll(/(?:from|import\(|import)\s*'(\.[^']+)'/g)) {
      const target = posix.join(posix.dirname(path), to);
      if (!there.has(target)) problems.push(`${path} imports ${target}, which is missing`);
    }
    if (!path.startsWith('dist/')) continue;
    if (!there.has(path.replace(/js$/, 'd.ts'))) problems.push(`${path} has no types`);
    if (!existsSync(join(ROOT, path.replace(/^dist\//, '').replace(/js$/, 'ts'))))
      problems.push(`${path} has no source here: delete dist and build again`);
  }
  // Bundlers warn of a map that names a source which is neither there nor in the map.
  for (const path of paths.filter((path) => path.endsWith('.js.map')))
    if (!JSON.parse(text(folder, path)).sourcesContent)
      problems.push(`${path} names sources that are not in the package`);
  return problems;
}

/**
 * A binary is to serve every version of Node, and Electron: it takes nothing from the program that loads it but functions of Node-API 8,
 * and on Windows does not look for them in a program of one name.
 */
function foreignSymbols(folder, paths) {
  const { js_native_api_symbols, node_api_symbols } = symbols.v8;
  const allowed = new Set([...js_native_api_symbols, ...node_api_symbols, ...OWN_SYMBOLS]);
  return paths
    .filter((path) => PREBUILD.test(path))
    .flatMap((path) => {
      const bytes = readFileSync(join(folder, path)).toString('latin1');
      const names = bytes.match(/(?<=\0_?)(napi_\w+|node_api_\w+|uv_\w+|_ZN?K?(2v8|4node)\w+)(?=\0)/g) ?? [];
      const foreign = names.filter((name) => !allowed.has(name));
      if (path.includes('win32') && /node\.exe/i.test(bytes)) foreign.push('node.exe');
      return foreign.map((name) => `${path} needs ${name}, which is not of Node-API 8`);
    });
}

/** The platforms that the package has binaries for. */
export function prebuildPlatforms(paths) {
  const found = paths.flatMap((path) => {
    const [, platform, , libc] = PREBUILD.exec(path) ?? [];
    return platform ? [libc ? `${platform} ${libc}` : platform] : [];
  });
  return [...new Set(found)].sort();
}

export function problemsOfHearken(folder, paths) {
  const platform = `${process.platform}-${process.arch}`;
  const fits = prebuildPlatforms(paths).some((name) => name.split(' ')[0] === platform);
  return [
    ...(fits ? [] : [`there is no binary for ${platform} in prebuilds: run 'npm run prebuild' first`]),
    ...strangers(paths, HEARKEN_ALLOWED),
    ...missing(paths, HEARKEN_REQUIRED),
    ...modules(folder, paths),
    ...machinePaths(folder, paths),
    ...foreignSymbols(folder, paths),
  ];
}

export function problemsOfModels(folder, paths) {
  const { models } = JSON.parse(text(folder, 'models.json'));
  const cards = paths.filter((path) => path.startsWith('MODEL_CARD_'));
  const weights = paths.filter((path) => /\.(bin|gguf)$/.test(path));
  return [
    ...strangers(paths, MODELS_ALLOWED),
    ...missing(paths, ['README.md', ...models.flatMap(({ file, licenceFile }) => [file, licenceFile])]),
    ...(cards.length < models.length ? [`${models.length} models have ${cards.length} cards`] : []),
    ...weights
      .filter((path) => !models.some(({ file }) => file === path))
      .map((path) => `${path} is not in models.json`),
    ...machinePaths(folder, paths),
  ];
}
