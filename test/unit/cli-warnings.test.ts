import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import { runNode } from '../helpers/child.js';
import { REPO } from '../helpers/shared.js';

// Listeners of the whole process: each in one of its own.

const MODULE = pathToFileURL(join(REPO, 'dist', 'lib', 'cli', 'warnings.js')).href;
const warned = (flags: string[] = [], before = '') =>
  runNode([
    ...flags,
    '--input-type=module',
    '-e',
    `import { hushWarnings, tellWarnings } from '${MODULE}';
     tellWarnings();
     ${before}
     process.emitWarning('/data/\\u001b[2J was moved\\naside', { code: 'HEARKEN_CACHE' });
     process.emitWarning('of somebody else', { code: 'OTHER' });`,
  ]);

test("the library's warnings are a line of the command's, others are Node's", async (t) => {
  const { code, stderr, stdout } = await warned();
  t.is(code, 0);
  t.is(stdout, '');
  t.regex(stderr, /^hearken: warning: \/data\/\uFFFD\[2J was moved aside$/m);
  t.regex(stderr, /^\(node:\d+\) \[OTHER\] Warning: of somebody else$/m);
  t.is(stderr.match(/aside/g)?.length, 1, 'said once');
});

test('who wants no warnings gets none', async (t) => {
  const { stderr } = await warned(['--no-warnings']);
  t.is(stderr, '');
});

test('--quiet hushes those of the library', async (t) => {
  const { stderr } = await warned([], 'hushWarnings();');
  t.notRegex(stderr, /aside/);
  t.regex(stderr, /of somebody else/);
});
