import test from 'ava';
import { spellNumbers } from '../helpers/numbers.js';
import { alignWords, compareTexts, countEdits, errors, normalize, rate, wordErrorRate } from '../helpers/wer.js';

const words = (text: string) => text.split(' ').filter(Boolean);
const spell = (text: string) => spellNumbers(words(text)).join(' ');

test('edit counts of hand-made cases', (t) => {
  const cases: [string, string, number, number, number][] = [
    ['a b c', 'a b c', 0, 0, 0],
    ['a b c', 'a x c', 1, 0, 0],
    ['a b c', 'a c', 0, 1, 0],
    ['a b c', 'a b x c', 0, 0, 1],
    ['', 'a b', 0, 0, 2],
    ['a b', '', 0, 2, 0],
    ['a b c d e', 'b c d e f', 0, 1, 1],
    ['a a b', 'a b b b', 1, 0, 1],
  ];
  for (const [reference, hypothesis, substitutions, deletions, insertions] of cases) {
    const counts = countEdits(words(reference), words(hypothesis));
    t.is(counts.reference, words(reference).length);
    t.like(counts, { substitutions, deletions, insertions }, `${reference} | ${hypothesis}`);
  }
});

test('rates, also of an empty reference', (t) => {
  t.is(wordErrorRate('one two three four', 'one two three'), 1);
  t.is(wordErrorRate('alpha beta gamma delta', 'alpha beta gamma'), 0.25);
  t.is(rate(countEdits([], [])), 0);
  t.is(wordErrorRate('', 'hello'), Number.POSITIVE_INFINITY);
});

test('alignment gives each reference word its place', (t) => {
  t.deepEqual([...alignWords(words('a b c d'), words('a x c d'))], [0, 1, 2, 3]);
  t.deepEqual([...alignWords(words('a b c d'), words('a c d'))], [0, -1, 1, 2]);
  t.deepEqual([...alignWords(words('a b'), words('x a y b z'))], [1, 3]);
  t.deepEqual([...alignWords([], words('a'))], []);
  t.deepEqual([...alignWords(words('a'), [])], [-1]);
});

test('an hour of words is compared in seconds, and rightly', (t) => {
  const reference = Array.from({ length: 9000 }, (_, i) => `w${(i * 7919) % 613}`);
  const hypothesis = reference.filter((_, i) => i % 100 !== 50).map((word, i) => (i % 90 === 7 ? 'wrong' : word));
  const started = process.hrtime.bigint();
  const counts = countEdits(reference, hypothesis);
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  t.is(counts.deletions, 90);
  t.is(counts.insertions, 0);
  t.is(counts.substitutions, hypothesis.filter((word) => word === 'wrong').length);
  t.true(seconds < 20, `${seconds} s`);
});

test('numbers are spelt in one way', (t) => {
  for (const [from, to] of [
    ['five', '5'],
    ['twenty one', '21'],
    ['forty two men', '42 men'],
    ['one hundred', '100'],
    ['a hundred and one', '101'],
    ['nine thousand nine hundred and ninety nine', '9999'],
    ['nine thousand nine hundred ninety nine', '9999'],
    ['two thousand and five', '2005'],
    ['three hundred twelve thousand', '312000'],
    ['two million', '2000000'],
    ['5 million', '5000000'],
    ['nineteen oh five', '1905'],
    ['nineteen hundred', '1900'],
    ['nineteen eighty four', '1984'],
    ['eighteen twelve', '1812'],
    ['twenty twenty', '2020'],
    ['nineteen twenties', '1920s'],
    ['1920s', '1920s'],
    ['1905', '1905'],
    ['first', '1th'],
    ['1st', '1th'],
    ['twenty first', '21th'],
    ['21st', '21th'],
    ['hundredth', '100th'],
    ['one two three', '123'],
    ['1 2 3', '123'],
    ['five five five oh one', '55501'],
    ['one or two', '1 or 2'],
    ['two and a half', '2 and a half'],
    ['rock and roll', 'rock and roll'],
    ['five and six', '5 and 6'],
    ['hundred and fifty', '150'],
    ['zero', '0'],
    ['a man', 'a man'],
    ['seven thousand', '7000'],
    ['oh dear', 'oh dear'],
  ] as const) {
    t.is(spell(from), to, from);
  }
});

test('every number up to 9999 is the same in words and in digits', (t) => {
  const small = 'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen'
    .concat(' seventeen eighteen nineteen')
    .split(' ');
  const tens = ' ten twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');
  const say = (n: number): string => {
    if (n < 20) return small[n] as string;
    if (n < 100) return `${tens[Math.floor(n / 10)]}${n % 10 ? `-${small[n % 10]}` : ''}`;
    const [unit, name] = n < 1000 ? [100, 'hundred'] : [1000, 'thousand'];
    const rest = n % unit;
    return `${say(Math.floor(n / unit))} ${name}${rest ? `${rest < 100 ? ' and' : ''} ${say(rest)}` : ''}`;
  };
  for (let n = 0; n <= 9999; n++) {
    const spoken = normalize(`in ${say(n)} cases`);
    const written = normalize(`In ${n.toLocaleString('en-US')} cases.`);
    if (spoken.join(' ') !== written.join(' ')) t.fail(`${say(n)}: ${spoken} | ${written}`);
  }
  t.pass();
});

test('spellings that sound the same are the same', (t) => {
  for (const [a, b] of [
    ["I don't know; it's Mr. Hale.", 'i do not know it is mister hale'],
    ['You can’t, you cannot!', 'you can not you can not'],
    ["Won't we've they'll I'm let's", 'will not we have they will i am let us'],
    ['Dr. Brown and Mrs. Dashwood', 'doctor brown and missus dashwood'],
    ["the brother's house", 'the brothers house'],
    ['an ill-disposed young man', 'an ill disposed young man'],
    [
      'The colour of the theatre was grey; he realised it travelling.',
      'the color of the theater was gray he realized it traveling',
    ],
    ['to-day at 5 o’clock', 'today at five oclock'],
    ['$5 and 20%', 'five dollars and twenty percent'],
    ['3.5 miles', 'three point five miles'],
    ['Um, hello [BLANK_AUDIO] there, uh', 'hello there'],
    ['ﬁve ﬂags', 'five flags'],
    ['“Quoted” — text…', 'quoted text'],
    ['the 1st of May 1905', 'the first of may nineteen oh five'],
    ['rock & roll', 'rock and roll'],
  ] as const) {
    t.deepEqual(normalize(a), normalize(b), a);
  }
});

test('what differs stays different', (t) => {
  t.notDeepEqual(normalize('their'), normalize('there'));
  t.notDeepEqual(normalize('our'), normalize('or'));
  t.notDeepEqual(normalize('hour'), normalize('or'));
  t.notDeepEqual(normalize('fifteen'), normalize('fifty'));
  t.is(errors(compareTexts('ask not what your country can do', 'ask what your country can do')), 1);
});

test('other languages: words as they are, characters for Chinese and Japanese', (t) => {
  t.deepEqual(normalize('Sous le consulat, il devient…', 'fr'), ['sous', 'le', 'consulat', 'il', 'devient']);
  t.deepEqual(normalize('客観的 実在。', 'ja'), ['客', '観', '的', '実', '在']);
  t.is(wordErrorRate('欢迎大家来', '欢迎大家来。', 'zh'), 0);
  t.is(wordErrorRate('欢迎大家来', '欢迎大家去', 'zh'), 0.2);
  t.deepEqual(normalize('Größe, ÜBER!', 'de'), ['größe', 'über']);
});
