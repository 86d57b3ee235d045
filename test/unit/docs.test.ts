import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import test from 'ava';
import { findEntry, registry } from '../../lib/models/registry.js';
import { hearken } from '../helpers/cli-world.js';
import { anchors, blocks, documents, links, spans } from '../helpers/markdown.js';
import { REPO } from '../helpers/shared.js';

// What can be told of the documents without running what they show; test/integration/docs.test.ts runs it.

const read = (path: string) => readFileSync(join(REPO, path), 'utf8');

test('links lead to files and headings that are there', (t) => {
  const dead: string[] = [];
  for (const document of documents) {
    for (const link of links(document)) {
      const [file, anchor] = link.split('#') as [string, string?];
      const path = file === '' ? document.path : posix.join(dirname(document.path), file);
      const target = documents.find((other) => other.path === path);
      const there = anchor === undefined || (target && anchors(target).has(anchor));
      if (!existsSync(join(REPO, path)) || !there) dead.push(`${document.path}: ${link}`);
    }
  }
  t.deepEqual(dead, []);
  t.true(documents.flatMap(links).length > 100);
});

/** Folders of what is made, and so may be absent from a checkout. */
const MADE = /^(build|dist|prebuilds|node_modules|deps\/whisper\.cpp|bench\/\.work)(\/|$)/;
const TREE = /^(\.ci|\.github|lib|native|test|docs|scripts|deps|models|examples|tools|bench|bin)\/[\w.\-/]+$/;

test('files of the repository that are named in the text are there', (t) => {
  // The changelog speaks of what was.
  const named = documents
    .filter(({ path }) => path !== 'CHANGELOG.md')
    .flatMap((document) => spans(document).map((span) => ({ path: document.path, span })))
    .filter(({ span }) => TREE.test(span) && !MADE.test(span));
  t.deepEqual(
    named.filter(({ path, span }) => !existsSync(join(REPO, span)) && !existsSync(join(REPO, dirname(path), span))),
    [],
  );
  t.true(named.length > 30);
});

test('scripts of npm that are named are there', (t) => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = documents
    .filter(({ path }) => path !== 'CHANGELOG.md')
    .flatMap(({ path, text }) => [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => ({ path, name })));
  t.deepEqual(
    named.filter(({ name }) => !scripts[name as string]),
    [],
  );
  t.true(named.length > 20);
});

/** js, cjs and sh are run. The rest can't hold what should be, below. */
const LANGUAGES = ['js', 'cjs', 'sh', 'console', 'text', 'json', 'yaml', 'dockerfile', 'diff'];

/** Commands that install something, or need a network: the only ones that may be shown without being run. */
const UNRUN = /^(build|models pull \S+|--version)/;

test('a command that is shown is run, or can only be run by an installation', (t) => {
  for (const document of documents) {
    for (const { line, language, code } of blocks(document)) {
      const where = `${document.path}:${line}`;
      if (document.path.startsWith('docs/api/')) {
        t.is(language, 'ts', where);
        continue;
      }
      t.true(LANGUAGES.includes(language), `${where}: a block of ${language || 'no language'}`);
      if (language === 'js') t.regex(code, /from 'hearken'/, where);
      if (!['js', 'cjs', 'sh', 'text'].includes(language)) {
        for (const [, command] of code.matchAll(/(?:^|npx |\$ |&& |; |"|\[)hearken +(.*)$/gm)) {
          t.regex(command as string, UNRUN, `${where}: in a block of ${language} nobody runs it`);
        }
      }
    }
  }
});

test('models that are pulled in the text are in the table', (t) => {
  const names = documents.flatMap(({ text }) =>
    [...text.matchAll(/hearken models pull ([\w.-]+)/g)].map(([, name]) => name as string),
  );
  t.true(names.length > 0);
  t.deepEqual(
    names.filter((name) => !findEntry(name, registry())),
    [],
  );
});

const helps = new Map<string, Promise<string>>();

/** What --help says of a command, such as "jobs list"; each is asked once. */
function help(command: string): Promise<string> {
  const known = helps.get(command) ?? hearken([...command.split(' '), '--help']).then(({ out }) => out);
  helps.set(command, known);
  return known;
}

test('commands and flags that are named in the text exist', async (t) => {
  const wrong: string[] = [];
  let named = 0;
  for (const document of documents) {
    if (document.path === 'CHANGELOG.md') continue;
    for (const span of spans(document)) {
      const [, args] = /^(?:npx )?hearken (.+)$/.exec(span) ?? [];
      if (args === undefined || /^[-<]/.test(args)) continue;
      named++;
      const [first = '', second = ''] = args.split(' ');
      const command =
        ['jobs', 'cache', 'models'].includes(first) && /^[a-z-]+$/.test(second) ? `${first} ${second}` : first;
      const text = await help(command);
      if (!text.includes(`hearken ${command} `)) wrong.push(`${document.path}: there is no command in “${span}”`);
      for (const [flag] of args.matchAll(/(?<= )--?[a-z][a-z-]*/g)) {
        if (!new RegExp(`(^|[ ,])${flag}\\b(?!-)`, 'm').test(text))
          wrong.push(`${document.path}: “${span}” has no ${flag}`);
      }
    }
  }
  t.deepEqual(wrong, []);
  t.true(named > 20, `${named}`);
});

/** Flags of other programs that the guides name. */
const FOREIGN = ['--ignore-scripts', '--external:hearken'];

test("flags that the guides name alone are some command's", async (t) => {
  const commands = [
    'transcribe',
    'diarize',
    'jobs list',
    'jobs resume',
    'cache clean',
    'cache reset-db',
    'models pull',
  ];
  const all = (await Promise.all(commands.map(help))).join('\n');
  const named = documents
    .filter(({ path }) => path.startsWith('docs/guides/'))
    .flatMap(spans)
    .flatMap((span) => /^--[^\s]+/.exec(span)?.[0] ?? []);
  t.deepEqual(
    named.filter((flag) => !FOREIGN.includes(flag) && !new RegExp(`[ ,]${flag}\\b(?!-)`).test(all)),
    [],
  );
  t.true(named.length > 30, `${named.length}`);
});

/** Every code there is. */
const codes = [...read('lib/errors.ts').matchAll(/^ {2}\| '(ERR_[A-Z_]+)'/gm)].map(([, code]) => code as string);

test('every error code is listed where errors are explained, and none that there is not', (t) => {
  t.true(codes.length > 5);
  for (const path of ['README.md', 'docs/guides/troubleshooting.md']) {
    const listed = [...read(path).matchAll(/^\| `(ERR_[A-Z_]+)` \|/gm)].map(([, code]) => code as string);
    t.deepEqual([...new Set(listed)].sort(), [...codes].sort(), path);
  }
  for (const { path, text } of documents) {
    const unknown = [...text.matchAll(/\bERR_[A-Z_]+[A-Z]\b(?!_?\*)/g)]
      .map(([code]) => code)
      .filter((code) => !codes.includes(code));
    t.deepEqual(unknown, [], path);
  }
});

test('docs/README.md leads to every document', (t) => {
  const index = documents.find(({ path }) => path === 'docs/README.md');
  const linked = new Set(index ? links(index).map((link) => posix.join('docs', link)) : []);
  const all = documents.map(({ path }) => path).filter((path) => path.startsWith('docs/') && path !== 'docs/README.md');
  t.deepEqual(
    all.filter((path) => !linked.has(path) && !/^docs\/api\/(?!README)/.test(path)),
    [],
  );
});

test('nothing is left to be filled in', (t) => {
  t.deepEqual(
    documents.flatMap(({ path, text }) =>
      [...text.matchAll(/\[\[fill in[^\]]*\]\]/g)].map(([left]) => `${path}: ${left}`),
    ),
    [],
  );
});
