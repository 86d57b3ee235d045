import type { NativeChunk, NativeSegment, NativeWord } from '../binding.js';

/** Words of the two chunks that may be the same one lie no further apart: one second, in samples. */
const MOST_APART = 16_000;

export interface Seam {
  /** Words of the first chunk that begin before this sample are kept, … */
  keepBefore: number;
  /** … and of the second those that begin at or after this one. */
  keepFrom: number;
}

/**
 * Where two chunks overlap both have the words that lie there, and each is unsure at its own edge. The seam goes behind the
 * last word (nearest to the middle of the overlap) that both agree on; if they agree on none, through the middle.
 */
export function findSeam(
  first: NativeSegment[],
  second: NativeSegment[],
  middle: number,
  overlap: { begin: number; end: number },
): Seam {
  const inOverlap = (word: NativeWord) =>
    word.end > overlap.begin - MOST_APART / 2 && word.begin < overlap.end + MOST_APART / 2;
  const a = first.flatMap((segment) => segment.words).filter(inOverlap);
  const b = second.flatMap((segment) => segment.words).filter(inOverlap);
  const pairs = commonWords(a, b);
  let best: { a: number; b: number } | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const pair of pairs) {
    const distance = Math.abs(((a[pair.a] as NativeWord).begin + (a[pair.a] as NativeWord).end) / 2 - middle);
    if (distance < bestDistance) {
      best = pair;
      bestDistance = distance;
    }
  }
  if (!best) return { keepBefore: middle, keepFrom: middle };
  // The agreed word is the first chunk's; the second goes on with what follows it.
  const next = b[best.b + 1];
  return {
    keepBefore: (a[best.a] as NativeWord).begin + 1,
    keepFrom: next ? next.begin : (b[best.b] as NativeWord).end,
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
export function overlapOf(first: NativeChunk, second: NativeChunk): { begin: number; end: number } {
  return { begin: second.begin, end: first.end };
}
