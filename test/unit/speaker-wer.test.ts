import test from 'ava';
import { compareSpeakers, type SpokenText } from '../helpers/speaker-wer.js';
import { parseStm } from '../helpers/stm.js';
import { errors } from '../helpers/wer.js';

const said = (...lines: [string | undefined, string][]): SpokenText[] =>
  lines.map(([speaker, text]) => ({ speaker, text }));

const TRUTH = said(['A', 'alpha beta gamma delta'], ['B', 'one lovely morning'], ['A', 'kilo lima']);

test('labels do not matter, only who shares them', (t) => {
  const same = compareSpeakers(
    TRUTH,
    said(['y', 'Alpha, beta, gamma delta'], ['x', 'one lovely morning.'], ['y', 'Kilo lima']),
  );
  t.is(errors(same.words), 0);
  t.is(errors(same.bySpeaker), 0);
  t.is(same.bySpeaker.reference, 9);
  t.deepEqual([same.confused, same.paired], [0, 9]);
  t.deepEqual(Object.fromEntries(same.mapping), { x: 'B', y: 'A' });
});

test('a word at the wrong speaker costs two, and is one that is confused', (t) => {
  const result = compareSpeakers(
    TRUTH,
    said(['y', 'alpha beta gamma'], ['x', 'delta one lovely morning'], ['y', 'kilo lima']),
  );
  t.is(errors(result.words), 0);
  t.like(result.bySpeaker, { deletions: 1, insertions: 1, substitutions: 0 });
  t.deepEqual([result.confused, result.paired], [1, 9]);
});

test('one speaker for two: the words of the other are missing there and too many here', (t) => {
  const all = TRUTH.map(({ text }) => text).join(' ');
  const result = compareSpeakers(TRUTH, said(['x', all]));
  t.is(errors(result.words), 0);
  t.like(result.bySpeaker, { deletions: 3, insertions: 3, reference: 9 });
  t.deepEqual([result.confused, result.paired], [3, 9]);
});

test('two speakers for one: all words of the one left over are errors', (t) => {
  const result = compareSpeakers(said(['A', 'alpha beta gamma']), said(['x', 'alpha beta'], ['y', 'gamma']));
  t.like(result.bySpeaker, { deletions: 1, insertions: 1, reference: 3 });
  t.deepEqual([result.confused, result.paired], [1, 3]);
});

test('words without a speaker belong to nobody', (t) => {
  const result = compareSpeakers(said(['A', 'alpha beta']), said(['x', 'alpha'], [undefined, 'beta']));
  t.like(result.bySpeaker, { deletions: 1, insertions: 1 });
  t.is(result.confused, 1);
  const none = compareSpeakers(said(['A', 'alpha beta']), said([undefined, 'alpha beta']));
  t.is(none.mapping.size, 0);
  t.deepEqual([none.confused, none.paired], [2, 2]);
});

test('substituted words are paired, dropped ones are not', (t) => {
  const result = compareSpeakers(
    TRUTH,
    said(['x', 'alpha nothing gamma'], ['y', 'one lovely morning'], ['x', 'kilo lima']),
  );
  t.like(result.words, { substitutions: 1, deletions: 1, insertions: 0 });
  t.deepEqual([result.confused, result.paired], [0, 8]);
});

test('where a speaker’s words are cut does not matter, and numbers are spelt in one way', (t) => {
  const truth = said(['A', 'twenty one men'], ['B', 'yes']);
  const words = said(['x', '21'], ['x', 'men'], ['y', 'Yes']);
  t.is(errors(compareSpeakers(truth, words).bySpeaker), 0);
  const cut = said(['x', 'twenty'], ['x', 'one'], ['x', 'men'], ['y', 'yes']);
  t.is(errors(compareSpeakers(truth, cut).words), 0);
});

test('order between speakers matters to WER and not to cpWER', (t) => {
  const truth = said(['A', 'alpha beta'], ['B', 'gamma delta']);
  const result = compareSpeakers(truth, said(['y', 'gamma delta'], ['x', 'alpha beta']));
  t.is(errors(result.bySpeaker), 0);
  t.true(errors(result.words) > 0);
});

test('nothing said, nothing heard', (t) => {
  const empty = compareSpeakers([], []);
  t.is(errors(empty.bySpeaker) + empty.paired, 0);
  t.like(compareSpeakers([], said(['x', 'alpha'])).bySpeaker, { insertions: 1, reference: 0 });
  t.like(compareSpeakers(said(['A', 'alpha']), []).bySpeaker, { deletions: 1, reference: 1 });
});

test('STM is read by start, and a broken line is named', (t) => {
  const text = ';; comment\nf 1 B 2.5 3 <o,f0,male> well then\nf 1 A 0.5 1.25 hello\nf 1 A 4 5 \n';
  t.deepEqual(parseStm(text), [
    { speaker: 'A', start: 0.5, end: 1.25, text: 'hello' },
    { speaker: 'B', start: 2.5, end: 3, text: 'well then' },
    { speaker: 'A', start: 4, end: 5, text: '' },
  ]);
  for (const line of ['f 1 A x 3 hello', 'f 1 A 3 2 hello', 'f 1 A']) {
    t.throws(() => parseStm(`\n${line}`), { message: /^STM line 2 / }, line);
  }
});
