import test from 'ava';
import { InvalidArgumentError } from 'commander';
import { printable } from '../../lib/cli/io.js';
import { planOutput } from '../../lib/cli/output.js';
import { number, parseLanguage, parseTime, parseVoice } from '../../lib/cli/parse.js';
import { DIARIZATION_FORMATS, OUTPUT_FORMATS } from '../../lib/formats/index.js';
import type { OutputFormat } from '../../lib/types.js';

test('times in every spelling', (t) => {
  const times = {
    0: '0',
    300: '300',
    300.5: '300.5',
    5: '0:05',
    330: '5:30',
    5400: '90:00',
    3723.5: '1:02:03.5',
    7: '007',
  };
  for (const [seconds, spelling] of Object.entries(times)) t.is(parseTime(spelling), Number(seconds), spelling);
});

test('what is no time is refused', (t) => {
  const bad = [
    '',
    ' ',
    '-5',
    '5:',
    ':5',
    '1:60',
    '1:60:00',
    '1:2:3:4',
    '5m',
    '1e3',
    'Infinity',
    'NaN',
    '0x10',
    '1,5',
    '5:3.',
    '.5',
    '9'.repeat(400),
  ];
  for (const value of bad) t.throws(() => parseTime(value), { instanceOf: InvalidArgumentError }, value);
});

test('numbers within bounds', (t) => {
  const whole = number(1, 8);
  t.is(whole('8'), 8);
  for (const value of ['0', '9', '1.5', '-1', '', 'x', '1e0', ' 1']) {
    t.throws(() => whole(value), { instanceOf: InvalidArgumentError, message: /from 1 to 8/ }, value);
  }
  t.is(number(5, 600, 'any')('7.5'), 7.5);
  t.throws(() => number(5, 600, 'any')('4.9'));
  t.is(number(-1, 1, 'any')('-0.25'), -0.25);
  for (const value of ['-1.01', '1.01', '--1', '-', '.5', '1e-1']) t.throws(() => number(-1, 1, 'any')(value));
});

test('languages', (t) => {
  t.is(parseLanguage('DE'), 'de');
  t.is(parseLanguage('auto'), 'auto');
  for (const value of ['', 'german', 'e', 'en-US'])
    t.throws(() => parseLanguage(value), { instanceOf: InvalidArgumentError });
});

test('voices: a name and a clip, one for each name', (t) => {
  const ada = { name: 'Ada Lovelace', clip: 'clips/a=b.wav' };
  t.deepEqual(parseVoice('Ada Lovelace=clips/a=b.wav'), [ada]);
  t.deepEqual(parseVoice('李=b.wav', [ada]), [ada, { name: '李', clip: 'b.wav' }]);
  const wrong = {
    Ada: /a name, =, and a clip/,
    'Ada=': /a name, =, and a clip/,
    '=a.wav': /a name, =, and a clip/,
    ' =a.wav': /a name, =, and a clip/,
    '': /a name, =, and a clip/,
    'A\nb=a.wav': /control character/,
    'SPEAKER_00=a.wav': /strangers/,
    'Ada=-': /stdin/,
    'Ada Lovelace=c.wav': /has a clip already/,
  };
  for (const [value, message] of Object.entries(wrong)) {
    t.throws(() => parseVoice(value, [ada]), { instanceOf: InvalidArgumentError, message }, value);
  }
});

const plan = (files: string[], output?: string, format?: OutputFormat, folders: string[] = []) =>
  planOutput(
    files,
    { ...(output === undefined ? {} : { output }), ...(format === undefined ? {} : { format }) },
    { known: OUTPUT_FORMATS, usual: 'txt' },
    (path) => folders.includes(path),
  );

test('without -o, or with -, all goes to stdout as text', (t) => {
  t.deepEqual(plan(['a.mp3']), { format: 'txt', targets: [undefined], names: ['a'] });
  t.deepEqual(plan(['a.mp3', 'b.mp3'], '-'), {
    format: 'txt',
    targets: [undefined, undefined],
    names: ['a', 'b'],
  });
  t.is(plan(['a.mp3'], undefined, 'srt').format, 'srt');
});

test("the format is -f, or -o's extension", (t) => {
  t.deepEqual(plan(['a.mp3'], 'x/b.vtt'), { format: 'vtt', targets: ['x/b.vtt'], names: ['a'] });
  t.deepEqual(plan(['a.mp3'], 'b.vtt', 'json'), { format: 'json', targets: ['b.vtt'], names: ['a'] });
  t.throws(() => plan(['a.mp3'], 'b.docx'), { message: /b\.docx names no format/ });
  t.is(plan(['a.mp3'], 'b.docx', 'txt').format, 'txt');
  t.throws(() => plan(['a.mp3'], ''), { message: /empty/ });
});

test('the formats are those of the command', (t) => {
  const diarization = { known: DIARIZATION_FORMATS, usual: 'rttm' } as const;
  const planned = (output?: string) =>
    planOutput(['a.mp3'], output === undefined ? {} : { output }, diarization, () => false);
  t.is(planned().format, 'rttm');
  t.is(planned('-').format, 'rttm');
  t.is(planned('b.JSON').format, 'json');
  t.deepEqual(planned('out/').targets, ['out/a.rttm']);
  t.throws(() => planned('b.srt'), { message: /b\.srt names no format: give -f rttm\|json/ });
});

test('a folder gets one file for each', (t) => {
  const names = ['a', 'b.c', 'stdin'];
  const targets = ['out/a.txt', 'out/b.c.txt', 'out/stdin.txt'];
  const expected = { format: 'txt', folder: 'out/', targets, names };
  t.deepEqual(plan(['x/a.mp3', 'b.c.wav', '-'], 'out/') as unknown, expected);
  t.deepEqual(plan(['a.mp3'], 'out', 'srt', ['out']).targets, ['out/a.srt']);
});

test('two inputs never share an output', (t) => {
  t.deepEqual(plan(['a.mp3', 'A.wav', 'b.mp3'], 'out/').targets, ['out/a.mp3.txt', 'out/A.wav.txt', 'out/b.txt']);
  t.throws(() => plan(['x/a.mp3', 'y/a.mp3'], 'out/'), { message: /more than one file .*a\.mp3\.txt/ });
  t.throws(() => plan(['a.mp3', 'b.mp3'], 'one.txt'), { message: /can't share/ });
  t.throws(() => plan(['-', 'a.mp3', '-']), { message: /only once/ });
});

test('recordings in one RTTM have names that tell them apart', (t) => {
  t.deepEqual(plan(['x/a b.mp3', '-'], '-', 'rttm').names, ['a b', 'stdin']);
  t.deepEqual(plan(['x/a.mp3', 'y/a.wav'], '-', 'rttm').names, ['a.mp3', 'a.wav']);
  t.deepEqual(plan(['a.mp3', ' .mp3'], '-', 'rttm').names, ['a', ' .mp3'], 'never blank');
  t.throws(() => plan(['x/a.mp3', 'y/a.mp3'], '-', 'rttm'), { message: /called a\.mp3 in the RTTM: split the call/ });
  t.notThrows(() => plan(['x/a.mp3', 'y/a.mp3'], '-', 'txt'));
  // As they are written: a field has no spaces.
  t.deepEqual(plan(['a b.mp3', 'a_b.wav'], '-', 'rttm').names, ['a b.mp3', 'a_b.wav']);
  t.throws(() => plan(['a b.wav', 'a_b.wav'], '-', 'rttm'), { message: /called a_b\.wav in the RTTM/ });
  t.deepEqual(plan(['a b.wav', 'a_b.wav'], 'out/', 'rttm').names, ['a b', 'a_b'], 'files of their own');
});

test('an output never overwrites an input', (t) => {
  t.throws(() => plan(['./a.txt'], 'a.txt'), { message: /overwrite the input/ });
  t.throws(() => plan(['out/a.json', 'b.mp3'], 'out/', 'json'), { message: /overwrite the input/ });
});

test('what is printed of a name cannot steer the terminal', (t) => {
  t.is(printable('a\u001b[31mb\nc\u0007.mp3'), 'a\uFFFD[31mb c\uFFFD.mp3');
  t.is(printable('naïve 你好 🎙️.mp3'), 'naïve 你好 🎙️.mp3');
});
