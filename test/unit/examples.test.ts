import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { parseRttm } from '../helpers/rttm.js';
import { REPO } from '../helpers/shared.js';

const read = (path: string) => readFileSync(join(REPO, path), 'utf8');

test('the sample audio is the one whose origin is documented', (t) => {
  for (const name of ['jfk.wav', 'conversation.wav']) {
    const bytes = readFileSync(join(REPO, 'examples', name));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    t.true(read('examples/README.md').includes(sha256), name);
    t.true(read('tools/make_conversation.py').includes(sha256), name);
  }
});

test("the conversation's truth is whole: three voices in turns that lie inside the audio, each with its words", (t) => {
  const turns = parseRttm(read('examples/conversation.rttm'));
  const bytes = readFileSync(join(REPO, 'examples/conversation.wav')).length;
  let reached = 0;
  for (const { start, end } of turns) {
    t.true(start >= reached && end > start);
    reached = end;
  }
  t.true(reached <= (bytes - 44) / 32_000);
  const inTurn = (names: string[]) => names.filter((name, i) => name !== names[i - 1]);
  const spoken = read('examples/conversation.txt')
    .trimEnd()
    .split('\n\n')
    .map((line) => /^(\w+): \S.*[.,]$/.exec(line)?.[1] ?? line);
  t.deepEqual(inTurn(spoken), inTurn(turns.map(({ speaker }) => speaker)));
  t.is(new Set(spoken).size, 3);
});
