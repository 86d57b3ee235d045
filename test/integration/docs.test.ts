import { execFile } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { type Block, blocks, documents } from '../helpers/markdown.js';
import { REPO } from '../helpers/shared.js';
import { wordErrorRate } from '../helpers/wer.js';

// What the documents show runs: each js or cjs block is a program of its own, each sh block a script, in a folder of its own
// that has a copy of examples/. Only the package's name is changed, to the build under test. After "→" stands something that
// the output must have. Programs keep nothing unless they say so; scripts share a data folder, so that work which several of
// them show is done once.

const run = promisify(execFile);

interface Place {
  folder: string;
  env: NodeJS.ProcessEnv;
}

const root = mkdtempSync(join(tmpdir(), 'hearken-docs-'));
test.after.always(() => rmSync(root, { recursive: true, force: true }));

/** A folder with the samples, in which nothing of the user's is touched and nothing can be downloaded. */
async function inPlace<T>(work: (place: Place) => Promise<T>): Promise<T> {
  const folder = join(root, 'work'); // always the same, so that jobs find their audio
  const temporary = join(folder, '.tmp');
  mkdirSync(temporary, { recursive: true });
  cpSync(join(REPO, 'examples'), join(folder, 'examples'), { recursive: true });
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    TMPDIR: temporary,
    TMP: temporary,
    TEMP: temporary,
    HEARKEN_DATA_DIR: join(root, 'data'),
    HEARKEN_MODELS_DIR: join(root, 'models'),
    HEARKEN_OFFLINE: '1',
  };
  try {
    return await work({ folder, env });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runProgram({ language, code }: Block): Promise<string> {
  return inPlace(async ({ folder, env }) => {
    const file = join(folder, language === 'cjs' ? 'block.cjs' : 'block.mjs');
    const build = join(REPO, 'dist', 'lib', 'index.js');
    const name = language === 'cjs' ? JSON.stringify(build) : `'${pathToFileURL(build).href}'`;
    writeFileSync(file, code.replaceAll("'hearken'", name));
    const { stdout } = await run(process.execPath, [file], { cwd: folder, env, timeout: 120_000 });
    return stdout;
  });
}

/** `<id>` is the job that was used last. */
async function runScript({ code }: Pick<Block, 'code'>): Promise<string> {
  return inPlace(async ({ folder, env }) => {
    const bin = join(folder, '.bin');
    mkdirSync(bin);
    const node = `"${process.execPath}"`;
    const hearken = `${node} "${join(REPO, 'bin', 'hearken.js')}"`;
    const first = `JSON.parse(require('node:fs').readFileSync(0, 'utf8'))[0].id`;
    const commands = {
      hearken: `exec ${hearken} "$@"`,
      // Of npx only hearken, of npm only what has been done for these tests to run at all.
      npx: `[ "$1" = hearken ] || exit 97; shift; exec ${hearken} "$@"`,
      npm: '[ "$*" = ci ] || exit 97',
      'newest-job': `${hearken} jobs list --json | ${node} -p "${first}"`,
    };
    for (const [name, body] of Object.entries(commands)) {
      writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`);
      chmodSync(join(bin, name), 0o755);
    }
    const { HEARKEN_CACHE, ...rest } = env;
    const options = {
      cwd: folder,
      env: { ...rest, PATH: `${bin}${delimiter}${process.env.PATH}` },
      timeout: 120_000,
    };
    const script = code.replaceAll('<id>', '"$(newest-job)"');
    const { stdout, stderr } = await run('/bin/sh', ['-euc', script], options);
    return stdout + stderr;
  });
}

for (const document of documents) {
  for (const block of blocks(document)) {
    const { language, line, code } = block;
    if (!['js', 'cjs', 'sh'].includes(language)) continue;
    // Windows has no sh; what the commands do is tested there by the tests of the command line.
    const declare = language === 'sh' && process.platform === 'win32' ? test.serial.skip : test.serial;
    declare(`${document.path}, line ${line}: it runs`, async (t) => {
      const output = await (language === 'sh' ? runScript(block) : runProgram(block));
      for (const [, expected] of code.matchAll(/(?:\/\/|#) → (.+)$/gm)) {
        t.true(output.includes((expected as string).trim()), `“${expected}” is not in the output:\n${output}`);
      }
      t.pass();
    });
  }
}

test('there is something to run', (t) => {
  const count = (name: string, wanted: string) =>
    documents
      .filter(({ path }) => path.startsWith(name))
      .flatMap(blocks)
      .filter(({ language }) => language === wanted).length;
  t.true(count('README.md', 'js') >= 4);
  t.true(count('docs/guides/', 'js') >= 4);
  t.true(count('docs/guides/', 'sh') >= 4);
});

test.serial("the first command's output is the one that the README shows", async (t) => {
  const readme = documents.find(({ path }) => path === 'README.md');
  const all = readme ? blocks(readme) : [];
  const command =
    all
      .find(({ language }) => language === 'sh')
      ?.code.trim()
      .split('\n')
      .at(-1) ?? '';
  t.regex(command, /hearken transcribe examples\/conversation\.wav$/);
  const stdout = await runScript({ code: command });
  const shown = all.find(({ language }) => language === 'text')?.code as string;
  const speakers = (text: string) => [...text.matchAll(/^\w+(?=: )/gm)].map(String);
  t.deepEqual(speakers(stdout), speakers(shown));
  t.true(speakers(shown).length > 3);
  // Another CPU may round otherwise, and hear a word or two otherwise.
  t.true(wordErrorRate(shown, stdout) <= 0.05, stdout);
});
