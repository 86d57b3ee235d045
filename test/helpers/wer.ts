import { spellNumbers } from './numbers.js';

// Word error rate as this repository means it: one normaliser for reference and hypothesis, then an edit distance over words
// (characters for languages written without spaces).

/** Languages scored by character: they are written without spaces. */
const BY_CHARACTER = new Set(['zh', 'ja', 'yue', 'th']);

export function scoredByCharacter(language: string): boolean {
  return BY_CHARACTER.has(language);
}

const SHORT_FORMS = new Map(
  Object.entries({
    mr: 'mister',
    mrs: 'missus',
    missis: 'missus',
    dr: 'doctor',
    prof: 'professor',
    st: 'saint',
    jr: 'junior',
    sr: 'senior',
    capt: 'captain',
    gen: 'general',
    col: 'colonel',
    lt: 'lieutenant',
    hon: 'honorable',
    rev: 'reverend',
    vs: 'versus',
    etc: 'et cetera',
    ok: 'okay',
    gonna: 'going to',
    wanna: 'want to',
    gotta: 'got to',
    cannot: 'can not',
    "o'clock": 'oclock',
    "ma'am": 'madam',
    "y'all": 'you all',
    tis: 'it is',
    twas: 'it was',
    "'em": 'them',
    "'til": 'until',
    "'cause": 'because',
  }),
);

/** Hesitations: a transcriber writes them, Whisper was trained to leave them out. */
const FILLERS = new Set('uh um uhm umm er erm mm mmm hm hmm mhm'.split(' '));

/** Before "'s" these take "is"; elsewhere it is a genitive and sounds like a plural. */
const IS = new Set(
  'it he she that what there here where who how when why this everything something nothing'.split(' '),
);

function expandContraction(word: string): string {
  if (word === "let's") return 'let us';
  if (word === "won't") return 'will not';
  if (word === "can't") return 'can not';
  if (word === "shan't") return 'shall not';
  if (word === "ain't") return 'is not';
  const not = /^(\w+)n't$/.exec(word);
  if (not) return `${not[1]} not`;
  const tail = /^(\w+)'(re|ll|ve|m|d|s)$/.exec(word);
  if (!tail) return word;
  const [, head, ending] = tail as unknown as [string, string, string];
  if (ending === 's') return IS.has(head) ? `${head} is` : `${head}s`;
  const verb = { re: 'are', ll: 'will', ve: 'have', m: 'am', d: 'would' }[ending];
  return `${head} ${verb}`;
}

/** British to American, by pattern: what it does to other words it does on both sides. */
function american(word: string): string {
  return word
    .replace(/^to-(day|morrow|night)$/, 'to$1')
    .replace(/^gr(e)y(s|ed|er|ish|ing)?$/, 'gray$2')
    .replace(/^(\w{3,}|od|arm)our(s|ed|ing|ite|ites|able|ably|hood|hoods|less|ful|er|ers|ly)?$/, '$1or$2')
    .replace(/^(\w{3,})is(e|ed|es|er|ers|ing|ation|ations)$/, '$1iz$2')
    .replace(/^(\w{3,})ys(e|ed|es|ing)$/, '$1yz$2')
    .replace(/^(cent|theat|met|kilomet|centimet|lit|fib|lust|spect|scept|somb|calib)re(s|d)?$/, '$1er$2')
    .replace(
      /^(travel|cancel|label|model|counsel|jewel|marvel|quarrel|signal|level|fuel|total)l(ed|ing|er|ers|or|ous)$/,
      '$1$2',
    )
    .replace(/^(def|off|lic|pret)ence(s)?$/, '$1ense$2')
    .replace(/^plough(s|ed|ing|man)?$/, 'plow$1')
    .replace(/^programme(s)?$/, 'program$1')
    .replace(/^judgement(s)?$/, 'judgment$1');
}

const PUNCTUATION = /[^\p{L}\p{M}\p{N}\s]/gu;

function englishWords(text: string): string[] {
  const spoken = text
    .replace(/(?<=\d),(?=\d{3}(?!\d))/g, '')
    .replace(/\$\s?(\d+(?:\.\d+)?)/g, '$1 dollars')
    .replace(/£\s?(\d+(?:\.\d+)?)/g, '$1 pounds')
    .replace(/€\s?(\d+(?:\.\d+)?)/g, '$1 euros')
    .replace(/(\d)\.(?=\d)/g, '$1 point ')
    .replace(/%/g, ' percent ')
    .replace(/\bper cent\b/g, 'percent')
    .replace(/&/g, ' and ')
    .replace(/\bto-(day|morrow|night)\b/g, 'to$1')
    .replace(/[-‐‑‒–—―/]/g, ' ');
  const words = spoken
    .split(/\s+/)
    .map((word) => word.replace(/[^\p{L}\p{M}\p{N}']/gu, '').replace(/'+$/, ''))
    .flatMap((word) => (SHORT_FORMS.get(word) ?? expandContraction(word.replace(/^'+/, ''))).split(' '))
    .map((word) => word.replaceAll("'", ''))
    .map((word) => SHORT_FORMS.get(word) ?? word)
    .filter((word) => word !== '' && !FILLERS.has(word));
  return spellNumbers(words.flatMap((word) => word.split(' ')).map(american));
}

/** The words that are compared (characters for zh, ja, yue, th). English also gets numbers, contractions and titles in one spelling. */
export function normalize(text: string, language = 'en'): string[] {
  const plain = text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\[[^\]]*\]|<[^>]*>/g, ' ') // [BLANK_AUDIO] and the like are marks, not words
    .replace(/[’‘`´ʼ]/g, "'");
  if (scoredByCharacter(language)) return [...plain.replace(PUNCTUATION, '').replace(/\s+/g, '')];
  if (language === 'en') return englishWords(plain);
  return plain
    .replace(PUNCTUATION, ' ')
    .split(/\s+/)
    .filter((word) => word !== '');
}

export interface EditCounts {
  substitutions: number;
  deletions: number;
  insertions: number;
  /** Words of the reference. */
  reference: number;
}

export const errors = (counts: EditCounts): number => counts.substitutions + counts.deletions + counts.insertions;

/** Errors per word of the reference. Of an empty reference: 0 without errors, else infinite. */
export function rate(counts: EditCounts): number {
  const wrong = errors(counts);
  return counts.reference > 0 ? wrong / counts.reference : wrong === 0 ? 0 : Number.POSITIVE_INFINITY;
}

export function addCounts(a: EditCounts, b: EditCounts): EditCounts {
  return {
    substitutions: a.substitutions + b.substitutions,
    deletions: a.deletions + b.deletions,
    insertions: a.insertions + b.insertions,
    reference: a.reference + b.reference,
  };
}

export const NO_COUNTS: EditCounts = { substitutions: 0, deletions: 0, insertions: 0, reference: 0 };

function intern(reference: readonly string[], hypothesis: readonly string[]): [Int32Array, Int32Array] {
  const ids = new Map<string, number>();
  const id = (word: string) => {
    const known = ids.get(word);
    if (known !== undefined) return known;
    ids.set(word, ids.size);
    return ids.size - 1;
  };
  return [Int32Array.from(reference, id), Int32Array.from(hypothesis, id)];
}

/**
 * Least edits that turn the reference into the hypothesis. Two rows, so an hour of speech needs kilobytes: the number of
 * deletions travels with the cost, and the rest follows from the lengths.
 */
export function countEdits(reference: readonly string[], hypothesis: readonly string[]): EditCounts {
  const [ref, hyp] = intern(reference, hypothesis);
  const width = hyp.length + 1;
  let cost = Uint32Array.from({ length: width }, (_, j) => j);
  let deleted = new Uint32Array(width);
  let nextCost = new Uint32Array(width);
  let nextDeleted = new Uint32Array(width);
  for (let i = 1; i <= ref.length; i++) {
    const word = ref[i - 1];
    nextCost[0] = i;
    nextDeleted[0] = i;
    for (let j = 1; j < width; j++) {
      let best = (cost[j - 1] as number) + (word === hyp[j - 1] ? 0 : 1);
      let deletions = deleted[j - 1] as number;
      const drop = (cost[j] as number) + 1;
      if (drop < best) {
        best = drop;
        deletions = (deleted[j] as number) + 1;
      }
      const insert = (nextCost[j - 1] as number) + 1;
      if (insert < best) {
        best = insert;
        deletions = nextDeleted[j - 1] as number;
      }
      nextCost[j] = best;
      nextDeleted[j] = deletions;
    }
    [cost, nextCost] = [nextCost, cost];
    [deleted, nextDeleted] = [nextDeleted, deleted];
  }
  const deletions = deleted[width - 1] as number;
  const insertions = hyp.length - (ref.length - deletions);
  const substitutions = (cost[width - 1] as number) - deletions - insertions;
  return { substitutions, deletions, insertions, reference: ref.length };
}

/** The edits between two texts, after the normaliser. */
export function compareTexts(reference: string, hypothesis: string, language = 'en'): EditCounts {
  return countEdits(normalize(reference, language), normalize(hypothesis, language));
}

/** Word error rate of a text, 0 to … (insertions can take it above 1). */
export function wordErrorRate(reference: string, hypothesis: string, language = 'en'): number {
  return rate(compareTexts(reference, hypothesis, language));
}

/** For every word of the reference the index of the hypothesis' word it is aligned with, or -1 where it was dropped. */
export function alignWords(reference: readonly string[], hypothesis: readonly string[]): Int32Array {
  const [ref, hyp] = intern(reference, hypothesis);
  const width = hyp.length + 1;
  const DIAGONAL = 0;
  const UP = 1;
  const LEFT = 2;
  const step = new Uint8Array((ref.length + 1) * width).fill(LEFT, 1, width);
  let cost = Uint32Array.from({ length: width }, (_, j) => j);
  let next = new Uint32Array(width);
  for (let i = 1; i <= ref.length; i++) {
    next[0] = i;
    step[i * width] = UP;
    for (let j = 1; j < width; j++) {
      let best = (cost[j - 1] as number) + (ref[i - 1] === hyp[j - 1] ? 0 : 1);
      let how = DIAGONAL;
      if ((cost[j] as number) + 1 < best) {
        best = (cost[j] as number) + 1;
        how = UP;
      }
      if ((next[j - 1] as number) + 1 < best) {
        best = (next[j - 1] as number) + 1;
        how = LEFT;
      }
      next[j] = best;
      step[i * width + j] = how;
    }
    [cost, next] = [next, cost];
  }
  const aligned = new Int32Array(ref.length).fill(-1);
  for (let i = ref.length, j = hyp.length; i > 0 || j > 0; ) {
    const how = step[i * width + j];
    if (how === DIAGONAL) {
      aligned[i - 1] = j - 1;
      i -= 1;
      j -= 1;
    } else if (how === UP) i -= 1;
    else j -= 1;
  }
  return aligned;
}
