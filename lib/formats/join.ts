/** Scripts that put no space between words. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Tibetan}\u3000-\u303F\uFF00-\uFFEF]/u;

/** Two pieces of running text as one. What stands at the joint decides on the space, not the language: a translation is English. */
export function joinText(first: string, second: string): string {
  if (first === '' || second === '') return first + second;
  const last = [...first.slice(-2)].at(-1) ?? '';
  const next = [...second.slice(0, 2)][0] ?? '';
  return UNSPACED.test(last) && UNSPACED.test(next) ? first + second : `${first} ${second}`;
}
