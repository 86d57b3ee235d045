import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { REPO } from './shared.js';

// What the documents of this repository say, for tests that hold them to it.

export interface Document {
  /** From the root of the repository, with forward slashes. */
  path: string;
  text: string;
  /** The text without its fenced blocks. */
  prose: string;
}

export interface Block {
  /** Where it begins, from 1. */
  line: number;
  language: string;
  code: string;
}

function below(folder: string): string[] {
  return readdirSync(join(REPO, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => `${folder}/${path.split(sep).join('/')}`)
    .filter((path) => path.endsWith('.md'))
    .sort();
}

const FENCED = /^( *)```([\w-]*)[^\n]*\n([\s\S]*?)^\1```$/gm;

function open(path: string): Document {
  const text = readFileSync(join(REPO, path), 'utf8');
  return { path, text, prose: text.replace(FENCED, '') };
}

/** All that is written for readers. */
export const documents: readonly Document[] = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'examples/README.md',
  'models/README.md',
  ...below('docs'),
].map(open);

export function blocks({ text }: Pick<Document, 'text'>): Block[] {
  return [...text.matchAll(FENCED)].map(({ index, 2: language, 3: code }) => ({
    line: text.slice(0, index).split('\n').length,
    language: language as string,
    code: code as string,
  }));
}

/** Code within a line of prose. */
export function spans({ prose }: Document): string[] {
  return [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code as string);
}

/** Where its links lead that are not addresses. */
export function links({ prose }: Document): string[] {
  return [...prose.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, target]) => target as string);
}

/** What may stand behind the # of a link: headings as GitHub names them, and anchors. */
export function anchors({ prose }: Document): Set<string> {
  const found = new Set([...prose.matchAll(/<a id="([^"]+)">/g)].map(([, id]) => id as string));
  const seen = new Map<string, number>();
  for (const [, heading] of prose.matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = (heading as string)
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-');
    const before = seen.get(slug) ?? 0;
    seen.set(slug, before + 1);
    found.add(before === 0 ? slug : `${slug}-${before}`);
  }
  return found;
}
