// Numbers in one spelling, so that "nineteen oh five", "1905" and "one thousand nine hundred and five" score as equal. Works
// on tokens, is applied to reference and hypothesis alike, and leaves what it does not know alone.

const SMALL = [
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen',
  'eighteen nineteen',
]
  .join(' ')
  .split(' ');
const TENS = ['', 'ten', 'twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'];
const ORDINALS = [
  'zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth',
  'fifteenth sixteenth seventeenth eighteenth nineteenth',
]
  .join(' ')
  .split(' ');
const SCALES: Record<string, number> = { hundred: 100, thousand: 1e3, million: 1e6, billion: 1e9 };

type Suffix = '' | 'th' | 's';
interface NumberToken {
  value: number;
  /** How it may combine: a digit, 10–19, 20–90, a multiplier, or a number written in several digits. */
  kind: 'digit' | 'teen' | 'tens' | 'scale' | 'figure';
  suffix: Suffix;
}

const WORDS = new Map<string, NumberToken>();
for (const [value, word] of SMALL.entries()) {
  WORDS.set(word, { value, kind: value < 10 ? 'digit' : 'teen', suffix: '' });
}
for (const [value, word] of ORDINALS.entries()) {
  WORDS.set(word, { value, kind: value < 10 ? 'digit' : 'teen', suffix: 'th' });
}
for (const [ten, word] of TENS.entries()) {
  if (ten < 2) continue;
  const stem = word.slice(0, -1);
  WORDS.set(word, { value: ten * 10, kind: 'tens', suffix: '' });
  WORDS.set(`${stem}ieth`, { value: ten * 10, kind: 'tens', suffix: 'th' });
  WORDS.set(`${stem}ies`, { value: ten * 10, kind: 'tens', suffix: 's' });
}
for (const [word, value] of Object.entries(SCALES)) {
  WORDS.set(word, { value, kind: 'scale', suffix: '' });
  WORDS.set(`${word}th`, { value, kind: 'scale', suffix: 'th' });
}

function parse(token: string | undefined): NumberToken | undefined {
  if (token === undefined) return undefined;
  const word = WORDS.get(token);
  if (word) return word;
  // A longer figure (a card's number) stays as it is: Number would round it.
  const figure = /^(\d{1,15})(st|nd|rd|th|s)?$/.exec(token);
  if (!figure) return undefined;
  const suffix: Suffix = figure[2] === undefined ? '' : figure[2] === 's' ? 's' : 'th';
  const digits = figure[1] as string;
  return { value: Number(digits), kind: digits.length === 1 ? 'digit' : 'figure', suffix };
}

interface Parsed {
  value: number;
  suffix: Suffix;
  next: number;
}

/** A number below 100 at `at`: a digit, a teen, tens with or without a digit, or a figure of any length. */
function belowHundred(tokens: string[], at: number): Parsed | undefined {
  const first = parse(tokens[at]);
  if (!first || first.kind === 'scale') return undefined;
  if (first.kind === 'tens' && !first.suffix) {
    const unit = parse(tokens[at + 1]);
    // "twenty 1" is not how anyone writes 21; only a word continues a word.
    if (unit?.kind === 'digit' && unit.value > 0 && WORDS.has(tokens[at + 1] as string)) {
      return { value: first.value + unit.value, suffix: unit.suffix, next: at + 2 };
    }
  }
  return { value: first.value, suffix: first.suffix, next: at + 1 };
}

/** A whole number at `at`: groups with their multipliers, "and" where English puts it. */
function wholeNumber(tokens: string[], at: number): Parsed | undefined {
  let total = 0;
  let group: number | undefined;
  let suffix: Suffix = '';
  let next = at;
  let smallestScale = Infinity;
  if (tokens[at] === 'a' && parse(tokens[at + 1])?.kind === 'scale') {
    group = 1;
    next = at + 1;
  }
  for (;;) {
    const token = parse(tokens[next]);
    if (token?.kind === 'scale') {
      if (token.value === 100) {
        if (group !== undefined && group >= 100) break;
        group = (group ?? 1) * 100;
      } else {
        if (token.value >= smallestScale) break;
        total += (group ?? 1) * token.value;
        smallestScale = token.value;
        group = undefined;
      }
      suffix = token.suffix;
      next += 1;
      if (suffix) break;
      continue;
    }
    const counted = total > 0 || group !== undefined;
    const joined = counted && tokens[next] === 'and' ? next + 1 : next;
    const part = belowHundred(tokens, joined);
    const room = group === undefined ? true : group % 100 === 0 && group >= 100;
    if (!part || !room || (counted && part.value >= (group === undefined ? smallestScale : 100))) break;
    group = (group ?? 0) + part.value;
    suffix = part.suffix;
    next = part.next;
    if (suffix) break;
  }
  if (next === at || (group === undefined && total === 0)) return undefined;
  return { value: total + (group ?? 0), suffix, next };
}

/** "nineteen" + "eighty four", "eighteen" + "oh five": the second half of a year, read as two numbers. */
function yearTail(tokens: string[], head: Parsed): Parsed | undefined {
  if (head.suffix || head.value < 10 || head.value > 20) return undefined;
  if (tokens[head.next] === 'oh' || tokens[head.next] === 'o') {
    const unit = parse(tokens[head.next + 1]);
    if (unit?.kind !== 'digit' || unit.value === 0) return undefined;
    return { value: head.value * 100 + unit.value, suffix: unit.suffix, next: head.next + 2 };
  }
  const tail = belowHundred(tokens, head.next);
  if (!tail || tail.value < 10 || tail.value > 99) return undefined;
  if (parse(tokens[tail.next])?.kind === 'scale') return undefined; // "twenty ten thousand …": not a year
  return { value: head.value * 100 + tail.value, suffix: tail.suffix, next: tail.next };
}

/** Three digits or more one after the other are one string of digits: an extension, a telephone number. */
function digitString(tokens: string[], at: number): { text: string; next: number } | undefined {
  let next = at;
  let text = '';
  for (;;) {
    const token = parse(tokens[next]);
    if (token?.kind === 'digit' && !token.suffix) text += token.value;
    else if (text && (tokens[next] === 'oh' || tokens[next] === 'o') && parse(tokens[next + 1])?.kind === 'digit')
      text += '0';
    else break;
    next += 1;
  }
  const after = parse(tokens[next]);
  return text.length >= 3 && after?.kind !== 'scale' ? { text, next } : undefined;
}

/** The tokens with every number as digits: `5`, `1984`, `21th` (any ordinal), `1920s`. */
export function spellNumbers(tokens: string[]): string[] {
  const out: string[] = [];
  let at = 0;
  while (at < tokens.length) {
    const digits = digitString(tokens, at);
    if (digits) {
      out.push(digits.text);
      at = digits.next;
      continue;
    }
    const number = wholeNumber(tokens, at);
    if (!number) {
      out.push(tokens[at] as string);
      at += 1;
      continue;
    }
    const found = yearTail(tokens, number) ?? number;
    out.push(`${found.value}${found.suffix}`);
    at = found.next;
  }
  return out;
}
