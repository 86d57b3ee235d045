import test from 'ava';
import type { NativeSegment, NativeWord } from '../../lib/binding.js';
import { cutSegments, findSeam } from '../../lib/pipeline/merge.js';

const RATE = 16_000;

/** Words of half a second each, from a time on: `a b c`. A word that begins with `+` is glued to the one before. */
function said(text: string, from: number, step = 0.5): NativeSegment {
  const words: NativeWord[] = text.split(' ').map((raw, i) => ({
    begin: Math.round((from + i * step) * RATE),
    end: Math.round((from + (i + 0.9) * step) * RATE),
    text: raw.replace(/^\+/, ''),
    glued: raw.startsWith('+'),
    probability: 0.9,
  }));
  return {
    begin: (words[0] as NativeWord).begin,
    end: (words.at(-1) as NativeWord).end,
    text: words.map((word, i) => (i > 0 && !word.glued ? ` ${word.text}` : word.text)).join(''),
    avgLogprob: -0.2,
    noSpeechProb: 0.01,
    words,
  };
}

/** The text of two chunks whose audio overlaps in [from, to), as the assembly joins them. */
function merged(first: NativeSegment[], second: NativeSegment[], from: number, to: number): string {
  const middle = ((from + to) / 2) * RATE;
  const seam = findSeam(first, second, middle, { begin: from * RATE, end: to * RATE });
  return [...cutSegments(first, seam.first), ...cutSegments(second, seam.second)]
    .map((segment) => segment.text)
    .join(' ');
}

const SENTENCE = 'the quick brown fox jumps over the lazy dog and runs away into the dark wood';

test('both agree: every word once, wherever the overlap lies', (t) => {
  const words = SENTENCE.split(' ');
  for (let cut = 4; cut < words.length - 4; cut++) {
    const first = said(words.slice(0, cut + 2).join(' '), 0);
    const second = said(words.slice(cut - 2).join(' '), (cut - 2) * 0.5);
    t.is(merged([first], [second], (cut - 2) * 0.5, (cut + 2) * 0.5), SENTENCE, `cut at ${cut}`);
  }
});

test('the same words a little apart in time are the same; case and punctuation do not matter', (t) => {
  const first = said('we went to the old house, and', 0);
  const second = said('The old House and then home', 1.6);
  t.is(merged([first], [second], 1.5, 3.5), 'we went to the old house, and then home');
});

test('a word cut in half at either edge is taken from the chunk that has it whole', (t) => {
  // The first ends in mid-word ("won"), the second begins in one ("rybody").
  const first = said('everybody knows the answer is won', 0);
  const second = said('rybody knows the answer is wonderful today', 0);
  t.is(merged([first], [second], 0, 3), 'everybody knows the answer is wonderful today');
});

test('they agree on nothing: through the middle, nothing from both sides of it', (t) => {
  const first = said('one two three four', 0);
  const second = said('five six seven eight', 1);
  t.is(merged([first], [second], 1, 2), 'one two three six seven eight');
});

test('one of them heard nothing', (t) => {
  const words = said('one two three four', 0);
  t.is(merged([words], [], 1, 2), 'one two three four');
  t.is(merged([], [words], 0, 1), 'one two three four');
  t.is(merged([], [], 0, 1), '');
});

test('the first one stopped early: what only the second heard is kept', (t) => {
  t.is(merged([said('one two', 0)], [said('three four five', 1)], 1, 3), 'one two three four five');
});

test('words that begin at the same moment are neither lost nor doubled', (t) => {
  const first = said('go to the', 28);
  const second = said('to the shop', 28.5);
  for (const segment of [first, second]) {
    const [to, the] = segment.words.slice(-3).filter((word) => word.text === 'to' || word.text === 'the');
    if (to && the) the.begin = to.begin; // DTW gives an article no time of its own
  }
  t.is(merged([first], [second], 28, 30), 'go to the shop');
});

test('a repeated word is not taken for its twin far away', (t) => {
  const first = said('no no no no', 0, 2);
  const second = said('no no no stop', 2, 2);
  t.is(merged([first], [second], 2, 8), 'no no no no stop');
});

test('words glued to the one before keep no space', (t) => {
  const [cut] = cutSegments([said('a +b c +d', 0)], (word) => word.text !== 'a');
  t.is(cut?.text, 'b cd');
});

test('cutting: untouched segments stay themselves, emptied ones go, times follow the words', (t) => {
  const one = said('a b', 0);
  const two = said('c d e', 1);
  t.deepEqual(
    cutSegments([one, two], () => true),
    [one, two],
  );
  t.deepEqual(
    cutSegments([one, two], () => false),
    [],
  );
  const [cut, ...none] = cutSegments([one, two], (word) => word.text === 'd');
  t.deepEqual(none, []);
  t.is(cut?.text, 'd');
  t.deepEqual([cut?.begin, cut?.end], [1.5 * RATE, 1.95 * RATE]);
});
