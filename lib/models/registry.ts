import { embeddedModels } from './embedded.js';

/** What a model does. */
export type ModelKind =
  /** Speech to text. */
  | 'whisper'
  /** Finds speech. */
  | 'vad'
  /** Finds where speakers change. */
  | 'segmentation'
  /** Tells voices apart. */
  | 'embedding';

/** A model file that hearken knows by name. */
export interface ModelEntry {
  name: string;
  /** Further names that mean the same file. */
  aliases?: readonly string[];
  file: string;
  kind: ModelKind;
  multilingual: boolean;
  /** Type of the large matrices. */
  quantization: string;
  bytes: number;
  /** As upstream states it; without it a file is checked by size and structure only. */
  sha1?: string;
  sha256?: string;
  licence: string;
  /** Where it is fetched from, if not from {@link DEFAULT_BASE_URL}. */
  baseUrl?: string;
  /** The file's absolute path, of a model that came with hearken. */
  embeddedPath?: string;
}

export const DEFAULT_BASE_URL = 'https://huggingface.co/ggerganov/whisper.cpp/resolve/main';
const TINYDIARIZE_BASE_URL = 'https://huggingface.co/akashmjn/tinydiarize-whisper.cpp/resolve/main';

// Name, bytes, SHA-1. The sums without a quantisation suffix and of large-*-q5_0 stand in whisper.cpp's models/README.md
// (v1.9.1; a test compares them); those of the other quantised files on the model card of the repository that they are
// fetched from. The sizes are exact; a test checks them against the architecture's arithmetic.
const UPSTREAM: readonly (readonly [name: string, bytes: number, sha1: string])[] = [
  ['tiny', 77_691_713, 'bd577a113a864445d4c299885e0cb97d4ba92b5f'],
  ['tiny-q5_1', 32_152_673, '2827a03e495b1ed3048ef28a6a4620537db4ee51'],
  ['tiny-q8_0', 43_537_433, '19e8118f6652a650569f5a949d962154e01571d9'],
  ['tiny.en', 77_704_715, 'c78c86eb1a8faa21b369bcd33207cc90d64ae9df'],
  ['tiny.en-q5_1', 32_166_155, '3fb92ec865cbbc769f08137f22470d6b66e071b6'],
  ['base', 147_951_465, '465707469ff3a37a2b9b8d8f89f2f99de7299dac'],
  ['base-q5_1', 59_707_625, 'a3733eda680ef76256db5fc5dd9de8629e62c5e7'],
  ['base-q8_0', 81_768_585, '7bb89bb49ed6955013b166f1b6a6c04584a20fbe'],
  ['base.en', 147_964_211, '137c40403d78fd54d454da0f9bd998f78703390c'],
  ['base.en-q5_1', 59_721_011, 'd26d7ce5a1b6e57bea5d0431b9c20ae49423c94a'],
  ['base.en-q8_0', 81_781_811, 'bb1574182e9b924452bf0cd1510ac034d323e948'],
  ['small', 487_601_967, '55356645c2b361a969dfd0ef2c5a50d530afd8d5'],
  ['small-q5_1', 190_085_487, '6fe57ddcfdd1c6b07cdcc73aaf620810ce5fc771'],
  ['small-q8_0', 264_464_607, 'bcad8a2083f4e53d648d586b7dbc0cd673d8afad'],
  ['small.en', 487_614_201, 'db8a495a91d927739e50b3fc1cc4c6b8f6c2d022'],
  ['small.en-q5_1', 190_098_681, '20f54878d608f94e4a8ee3ae56016571d47cba34'],
  ['small.en-q8_0', 264_477_561, '9d75ff4ccfa0a8217870d7405cf8cef0a5579852'],
  ['small.en-tdrz', 487_614_184, 'b6c6e7e89af1a35c08e6de56b66ca6a02a2fdfa1'],
  ['medium', 1_533_763_059, 'fd9727b6e1217c2f614f9b698455c4ffd82463b4'],
  ['medium-q5_0', 539_212_467, '7718d4c1ec62ca96998f058114db98236937490e'],
  ['medium-q8_0', 823_369_779, 'e66645948aff4bebbec71b3485c576f3d63af5d6'],
  ['medium.en', 1_533_774_781, '8c30f0e44ce9560643ebd10bbe50cd20eafd3723'],
  ['medium.en-q5_0', 539_225_533, 'bb3b5281bddd61605d6fc76bc5b92d8f20284c3b'],
  ['medium.en-q8_0', 823_382_461, 'b1cf48c12c807e14881f634fb7b6c6ca867f6b38'],
  ['large-v1', 3_094_623_691, 'b1caaf735c4cc1429223d5a74f0f4d0b9b59a299'],
  ['large-v2', 3_094_623_691, '0f4c8e34f21cf1a914c59d8b3ce882345ad349d6'],
  ['large-v2-q5_0', 1_080_732_091, '00e39f2196344e901b3a2bd5814807a769bd1630'],
  ['large-v2-q8_0', 1_656_129_691, 'da97d6ca8f8ffbeeb5fd147f79010eeea194ba38'],
  ['large-v3', 3_095_033_483, 'ad82bf6a9043ceed055076d0fd39f5f186ff8062'],
  ['large-v3-q5_0', 1_081_140_203, 'e6e2ed78495d403bef4b7cff42ef4aaadcfea8de'],
  ['large-v3-turbo', 1_624_555_275, '4af2b29d7ec73d781377bfd1758ca957a807e941'],
  ['large-v3-turbo-q5_0', 574_041_195, 'e050f7970618a659205450ad97eb95a18d69c9ee'],
  ['large-v3-turbo-q8_0', 874_188_075, '01bf15bedffe9f39d65c1b6ff9b687ea91f59e0e'],
];

function upstreamEntry([name, bytes, sha1]: (typeof UPSTREAM)[number]): ModelEntry {
  return {
    // `tiny.en` means the embedded q8_0 file on every machine, so upstream's f16 file has a name of its own.
    name: name === 'tiny.en' ? 'tiny.en-f16' : name,
    file: `ggml-${name}.bin`,
    kind: 'whisper',
    multilingual: !name.includes('.en'),
    quantization: /-(q\d_\d)$/.exec(name)?.[1] ?? 'f16',
    bytes,
    sha1,
    licence: 'MIT',
    ...(name.endsWith('-tdrz') ? { baseUrl: TINYDIARIZE_BASE_URL } : {}),
  };
}

/** Everything that can be named: first what came with hearken, then upstream's table. */
export function registry(): readonly ModelEntry[] {
  return [...embeddedModels(), ...UPSTREAM.map(upstreamEntry)];
}

/** The entry of a name or alias. Names are compared whole, so nothing that looks like a path can be one. */
export function findEntry(name: string, entries: readonly ModelEntry[] = registry()): ModelEntry | undefined {
  return entries.find((entry) => entry.name === name) ?? entries.find((entry) => entry.aliases?.includes(name));
}

/** Up to three of the candidates that resemble what was typed, best first. */
export function nearNames(typed: string, candidates: Iterable<string>): string[] {
  const wanted = typed.toLowerCase().slice(0, 200);
  return [...new Set(candidates)]
    .map((name) => ({ name, distance: editDistance(wanted, name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= Math.max(2, Math.floor(Math.max(wanted.length, name.length) / 3)))
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
    .map(({ name }) => name);
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
