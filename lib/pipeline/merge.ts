import type { NativeChunk, NativeSegment, NativeWord } from '../binding.js';

/** Words of the two chunks that may be the same one lie no further apart: one second, in samples. */
const MOST_APART = 16_000;

/** Which words of two overlapping chunks are kept; every word is of one of them. */
export interface Seam {
  first(word: NativeWord): boolean;
  second(word: NativeWord): boolean;
}

/**
 * Where two chunks overlap both have the words that lie there, and each is unsure at its own edge. The seam goes behind the
 * word, nearest to the middle of the overlap, that both agree on. If they agree on none it goes through the middle, and what
 * only one of them heard is kept.
 *
 * By word, not by time: words that begin at the same moment are common.
 */
export function findSeam(
  first: NativeSegment[],
  second: NativeSegment[],
  middle: number,
  overlap: { begin: number; end: number },
): Seam {
  const inOverlap = (word: NativeWord) =>
    word.end > overlap.begin - MOST_APART / 2 && word.begin < overlap.end + MOST_APART / 2;
  const allA = first.flatMap((segment) => segment.words);
  const allB = second.flatMap((segment) => segment.words);
  const a = allA.filter(inOverlap);
  const b = allB.filter(inOverlap);
  let best: { a: NativeWord; b: NativeWord } | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const pair of commonWords(a, b)) {
    const word = a[pair.a] as NativeWord;
    const distance = Math.abs((word.begin + word.end) / 2 - middle);
    if (distance < bestDistance) {
      best = { a: word, b: b[pair.b] as NativeWord };
      bestDistance = distance;
    }
  }
  if (best) {
    // The agreed word is the first chunk's; the second goes on with what follows it.
    const kept = new Set([...allA.slice(0, allA.indexOf(best.a) + 1), ...allB.slice(allB.indexOf(best.b) + 1)]);
    const keep = (word: NativeWord) => kept.has(word);
    return { first: keep, second: keep };
  }
  const before = allA.filter((word) => word.begin < middle);
  const after = allB.filter((word) => word.begin >= middle);
  const endBefore = Math.max(overlap.begin, ...before.map((word) => word.end));
  const beginAfter = Math.min(Number.POSITIVE_INFINITY, ...after.map((word) => word.begin));
  return {
    first: (word) => word.begin < middle || word.end <= beginAfter,
    second: (word) => word.begin >= middle || word.begin >= endBefore,
  };
}

const key = (word: NativeWord) => word.text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

/** The longest common sequence of words that are equal and close in time. */
function commonWords(a: NativeWord[], b: NativeWord[]): { a: number; b: number }[] {
  const same = (i: number, j: number) => {
    const x = a[i] as NativeWord;
    const y = b[j] as NativeWord;
    return key(x) !== '' && key(x) === key(y) && Math.abs(x.begin - y.begin) <= MOST_APART;
  };
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  const at = (i: number, j: number) => (lengths[i] as Uint16Array)[j] as number;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      (lengths[i] as Uint16Array)[j] = same(i, j) ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const pairs: { a: number; b: number }[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (same(i, j) && at(i, j) === at(i + 1, j + 1) + 1) pairs.push({ a: i++, b: j++ });
    else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return pairs;
}

/** The segments without the words that `keep` refuses; text and times follow the words that are left. */
export function cutSegments(segments: NativeSegment[], keep: (word: NativeWord) => boolean): NativeSegment[] {
  const out: NativeSegment[] = [];
  for (const segment of segments) {
    const words = segment.words.filter(keep);
    if (words.length === segment.words.length) {
      out.push(segment);
      continue;
    }
    const [first] = words;
    const last = words.at(-1);
    if (!first || !last) continue;
    const text = words.map((word, i) => (i > 0 && !word.glued ? ` ${word.text}` : word.text)).join('');
    out.push({ ...segment, begin: first.begin, end: last.end, text, words });
  }
  return out;
}

/** The stretch that two neighbouring chunks share. */
export function overlapOf(first: Pick<NativeChunk, 'end'>, second: Pick<NativeChunk, 'begin'>): { begin: number; end: number } {
  return { begin: second.begin, end: first.end };
}
