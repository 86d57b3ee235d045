import test from 'ava';
import { assertEnded, childScript, runNode } from '../helpers/child.js';

// close() is how memory is freed. What is only dropped is freed by the garbage collector, and the user is told, once.

const WARNING = /^HEARKEN_NOT_CLOSED: .* was garbage collected without close\(\)/;

for (const [what, warned] of [
  ['model', [/a WhisperModel \(.*tiny\.en.*\)/]],
  ['diarizer', [/a Diarizer/]],
  ['used', [/a Diarizer/, /a WhisperModel/]],
  ['closed', []],
  ['job', []],
  ['native', []],
] as const) {
  test.serial(`dropped without close(): ${what}`, async (t) => {
    const ended = await runNode(['--expose-gc', '--no-warnings', childScript('forgotten'), what]);
    assertEnded(t, ended, 0, what);
    const { before, after, warnings } = JSON.parse(ended.stdout) as Record<string, string[]>;
    t.deepEqual(after, [], 'all is freed');
    t.is((before as string[]).length > 0, warned.length > 0 || what === 'native', `held before: ${before}`);
    const told = [...(warnings as string[])].sort();
    t.is(told.length, warned.length, told.join('\n'));
    for (const [at, name] of warned.entries()) {
      t.regex(told[at] as string, WARNING);
      t.regex(told[at] as string, name);
    }
  });
}
