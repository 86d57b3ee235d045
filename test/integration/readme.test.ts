import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { REPO } from '../helpers/shared.js';
import { wordErrorRate } from '../helpers/wer.js';

// The tour in the README runs: every ```js block is a module of its own, with the checkout as its working directory. Only the
// package's name is changed, to the build under test.

const run = promisify(execFile);
const readme = readFileSync(join(REPO, 'README.md'), 'utf8');

interface Block {
  line: number;
  code: string;
}

function blocks(markdown: string, language: string): Block[] {
  return [...markdown.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter((match) => match[1] === language)
    .map((match) => ({ line: markdown.slice(0, match.index).split('\n').length, code: match[2] as string }));
}

const tour = blocks(readme, 'js');

test('the README has a tour', (t) => {
  t.true(tour.length >= 4, `${tour.length} blocks`);
  for (const { line, code } of tour) t.regex(code, /from 'hearken'/, `line ${line} does not import hearken`);
});

for (const { line, code } of tour) {
  test.serial(`README.md, line ${line}: the code runs`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'hearken-readme-'));
    try {
      const file = join(folder, 'block.mjs');
      const build = pathToFileURL(join(REPO, 'dist', 'lib', 'index.js')).href;
      writeFileSync(file, code.replaceAll("'hearken'", `'${build}'`));
      // What a block saves goes into the folder that is removed again.
      const env = { ...process.env, TMPDIR: folder, TMP: folder, TEMP: folder };
      const { stdout } = await run(process.execPath, [file], { cwd: REPO, env, timeout: 120_000 });
      for (const [, expected] of code.matchAll(/\/\/ → (.+)$/gm)) {
        t.true(stdout.includes((expected as string).trim()), `“${expected}” is not in the output:\n${stdout}`);
      }
      t.pass();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

test.serial("the first command's output is the one that the README shows", async (t) => {
  const [install, args] = blocks(readme, 'sh')[0]?.code.trim().split(' && npx hearken ') ?? [];
  t.is(install, 'npm ci');
  const command = [join(REPO, 'bin', 'hearken.js'), ...(args as string).split(' ')];
  const { stdout } = await run(process.execPath, command, { cwd: REPO, timeout: 120_000 });
  const shown = blocks(readme, 'text')[0]?.code as string;
  const speakers = (text: string) => [...text.matchAll(/^\w+(?=: )/gm)].map(String);
  t.deepEqual(speakers(stdout), speakers(shown));
  t.true(speakers(shown).length > 3);
  // Another CPU may round otherwise, and hear a word or two otherwise.
  t.true(wordErrorRate(shown, stdout) <= 0.05, stdout);
});

test('files that the README names are there', (t) => {
  const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map((match) => match[1] as string);
  t.deepEqual(
    links.filter((link) => !existsSync(join(REPO, link))),
    [],
  );
});

test('the README lists every error code', (t) => {
  const codes = [...readFileSync(join(REPO, 'lib', 'errors.ts'), 'utf8').matchAll(/^ {2}\| '(ERR_[A-Z_]+)'/gm)].map(
    (match) => match[1] as string,
  );
  t.true(codes.length > 5);
  t.deepEqual(
    codes.filter((code) => !readme.includes(`| \`${code}\` |`)),
    [],
  );
});
