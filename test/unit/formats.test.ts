import test from 'ava';
import { formatOfPath, formatTranscript, OUTPUT_FORMATS } from '../../lib/formats/index.js';
import { toJSONText } from '../../lib/formats/json.js';
import { toMarkdown } from '../../lib/formats/md.js';
import { formatRttm, toRTTM } from '../../lib/formats/rttm.js';
import { toSRT } from '../../lib/formats/srt.js';
import { toText } from '../../lib/formats/text.js';
import { clock, hms, toMs } from '../../lib/formats/time.js';
import { toVTT } from '../../lib/formats/vtt.js';
import { Result } from '../../lib/result.js';
import type { OutputFormat, Segment, Transcript } from '../../lib/types.js';
import { parseRttm } from '../helpers/rttm.js';

type Said = Partial<Segment> & Pick<Segment, 'start' | 'end' | 'text'>;

function transcript(...said: Said[]): Transcript {
  const segments = said.map((one, id) => ({ id, avgLogprob: -0.25, noSpeechProb: 0.01, language: 'en', ...one }));
  const duration = said.at(-1)?.end ?? 0;
  return {
    text: segments.map(({ text }) => text.trim()).join(' '),
    language: 'en',
    duration,
    segments,
    coverage: [{ start: 0, end: duration, status: 'decoded' }],
  };
}

const TALK = transcript(
  { start: 0, end: 2.5, text: ' And so, my fellow Americans,' },
  { start: 2.5, end: 59.9996, text: ' ask not & <what> your "country" can do…' },
  { start: 59.9996, end: 3599.9996, text: ' 你好，世界 🎙️ naïve' },
  { start: 3599.9996, end: 360000.0004, text: ' Ende.' },
);

/** Strict readers, written from the formats' descriptions and not from the writers. */
interface ReadCue {
  start: number;
  end: number;
  text: string;
}

function readTime(value: string, separator: ',' | '.'): number {
  const match = /^(\d{2,}):([0-5]\d):([0-5]\d)([,.])(\d{3})$/.exec(value);
  if (match === null || match[4] !== separator) throw new Error(`bad time ${value}`);
  return Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3]) + Number(match[5]) / 1000;
}

function readSRT(text: string): ReadCue[] {
  if (text === '') return [];
  if (!text.endsWith('\n')) throw new Error('no newline at the end');
  return text
    .trimEnd()
    .split('\n\n')
    .map((block, index) => {
      const [number, times, ...lines] = block.split('\n');
      if (number !== String(index + 1)) throw new Error(`cue ${index + 1} is numbered ${number}`);
      const [start = '', end = '', more] = (times ?? '').split(' --> ');
      if (more !== undefined || lines.length !== 1 || lines[0] === '' || lines[0]?.includes('-->'))
        throw new Error(block);
      return { start: readTime(start, ','), end: readTime(end, ','), text: lines[0] as string };
    });
}

function readVTT(text: string): (ReadCue & { voice?: string })[] {
  const [header, ...blocks] = text.trimEnd().split('\n\n');
  if (header !== 'WEBVTT' || !text.endsWith('\n')) throw new Error('not WebVTT');
  const decoded = (s: string) => s.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
  return blocks.map((block) => {
    const [times, line, ...more] = block.split('\n');
    const [start = '', end = ''] = (times ?? '').split(' --> ');
    if (more.length > 0 || !line) throw new Error(block);
    const [, voice, body] = /^(?:<v ([^>]+)>)?([^<>]*)$/.exec(line) ?? [];
    if (body === undefined || /&(?!amp;|lt;|gt;)/.test(line)) throw new Error(`not escaped: ${line}`);
    const cue = { start: readTime(start, '.'), end: readTime(end, '.'), text: decoded(body) };
    return voice === undefined ? cue : { ...cue, voice: decoded(voice) };
  });
}

const rounded = (value: number) => Math.round(value * 1000) / 1000;

test('a time rounds to milliseconds before it is split into fields', (t) => {
  const at = (seconds: number) => clock(toMs(seconds), ',');
  t.is(at(59.9996), '00:01:00,000');
  t.is(at(59.9994), '00:00:59,999');
  t.is(at(3599.9996), '01:00:00,000');
  t.is(at(0.0004), '00:00:00,000');
  t.is(at(0.0005), '00:00:00,001');
  t.is(at(359999.9996), '100:00:00,000');
  t.is(clock(toMs(1.5), '.'), '00:00:01.500');
  t.is(hms(3661), '01:01:01');
});

test('a time that is none reads as zero', (t) => {
  for (const value of [-0.0001, -5, -0, Number.NaN, Number.POSITIVE_INFINITY]) t.is(toMs(value), 0);
});

test('SRT reads back as it was written', (t) => {
  const srt = toSRT(TALK);
  t.true(srt.includes('00:00:02,500 --> 00:01:00,000\n'));
  t.false(srt.includes('\r'));
  t.deepEqual(
    readSRT(srt),
    TALK.segments.map(({ start, end, text }) => ({ start: rounded(start), end: rounded(end), text: text.trim() })),
  );
});

test('WebVTT reads back as it was written', (t) => {
  const vtt = toVTT(TALK);
  t.true(vtt.startsWith('WEBVTT\n\n00:00:00.000 --> 00:00:02.500\n'));
  t.true(vtt.includes('&amp; &lt;what&gt;'));
  t.deepEqual(
    readVTT(vtt),
    TALK.segments.map(({ start, end, text }) => ({ start: rounded(start), end: rounded(end), text: text.trim() })),
  );
});

test('JSON reads back as it was written, times in milliseconds', (t) => {
  const json = toJSONText(TALK);
  t.true(json.endsWith('}\n'));
  t.true(json.startsWith('{\n  "text"'));
  const read = JSON.parse(json) as Transcript;
  t.is(read.text, TALK.text);
  t.is(read.duration, 360000);
  t.deepEqual(
    read.segments.map(({ start, end, text }) => [start, end, text]),
    TALK.segments.map(({ start, end, text }) => [rounded(start), rounded(end), text.trim()]),
  );
  t.is(toJSONText(read), json);
});

test('JSON has the same bytes whatever the order of keys and the digits that do not count', (t) => {
  const one: Transcript = {
    text: 'a b',
    language: 'en',
    languageProbability: 0.98765432,
    duration: 2,
    segments: [
      {
        id: 0,
        start: 0.1 + 0.2,
        end: 1,
        text: 'a b',
        avgLogprob: -0.123449,
        noSpeechProb: -0.00001,
        language: 'en',
        speaker: 'A',
        words: [{ start: 0.3, end: 0.5, text: ' a', probability: 0.99999, speaker: 'A' }],
      },
    ],
    coverage: [{ start: 0, end: 2, status: 'decoded', reason: 'retried' }],
  };
  const reverse = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(reverse);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, inner]) => [key, reverse(inner)]),
    );
  };
  const other = reverse(one) as Transcript;
  other.segments[0] = { ...(other.segments[0] as Segment), start: 0.3 };
  t.not(JSON.stringify(one), JSON.stringify(other));
  t.is(toJSONText(other), toJSONText(one));
  t.deepEqual(JSON.parse(toJSONText(one)), {
    text: 'a b',
    language: 'en',
    languageProbability: 0.9877,
    duration: 2,
    segments: [
      {
        id: 0,
        start: 0.3,
        end: 1,
        speaker: 'A',
        text: 'a b',
        avgLogprob: -0.1234,
        noSpeechProb: 0,
        language: 'en',
        words: [{ start: 0.3, end: 0.5, text: 'a', probability: 1, speaker: 'A' }],
      },
    ],
    coverage: [{ start: 0, end: 2, status: 'decoded', reason: 'retried' }],
  });
});

test('a cue without text is left out and the numbers have no gap', (t) => {
  const holes = transcript(
    { start: 0, end: 1, text: ' one' },
    { start: 1, end: 2, text: ' \n\t ' },
    { start: 2, end: 3, text: '' },
    { start: 3, end: 4, text: 'two ' },
  );
  t.deepEqual(
    readSRT(toSRT(holes)).map(({ text }) => text),
    ['one', 'two'],
  );
  t.is(readVTT(toVTT(holes)).length, 2);
});

test('a cue always ends after it starts', (t) => {
  const odd = transcript(
    { start: 1, end: 1, text: 'empty' },
    { start: 1.2, end: 0.5, text: 'backwards' },
    { start: 5, end: 5.0001, text: 'too short for a millisecond' },
    { start: 5, end: 6, text: 'the same start' },
  );
  const cues = readSRT(toSRT(odd));
  t.deepEqual(
    cues.map(({ start, end }) => [start, end]),
    [
      [1, 1.2],
      [1.2, 1.7],
      [5, 5.001],
      [5, 6],
    ],
  );
  t.deepEqual(
    (JSON.parse(toJSONText(odd)) as Transcript).segments.map(({ start, end }) => end >= start),
    [true, true, true, true],
  );
});

test('text cannot break out of its cue', (t) => {
  const hostile = transcript(
    { start: 0, end: 1, text: 'a\n\n2\n00:00:05,000 --> 00:00:06,000\nb' },
    { start: 1, end: 2, text: 'c\r\n\u2028d --> e ----> f\u0000' },
    { start: 2, end: 3, text: '</v><b>&lt;', speaker: 'Eve>\n\n<x' },
  );
  const srt = readSRT(toSRT(hostile));
  t.is(srt.length, 3);
  t.is(srt[1]?.text, 'c d -> e -> f');
  const vtt = readVTT(toVTT(hostile));
  t.is(vtt.length, 3);
  t.is(vtt[1]?.text, 'c d --> e ----> f');
  t.is(vtt[2]?.text, '</v><b>&lt;');
  t.is(vtt[2]?.voice, 'Eve> <x');
});

test('speakers are written where they are known', (t) => {
  const talk = transcript(
    { start: 0, end: 1, text: 'Hello.', speaker: 'SPEAKER_00' },
    { start: 1, end: 2, text: 'How are you?', speaker: 'SPEAKER_00' },
    { start: 2, end: 3, text: 'Fine.', speaker: 'SPEAKER_01' },
    { start: 3, end: 4, text: 'Who knows?' },
  );
  t.is(toText(talk), 'SPEAKER_00: Hello. How are you?\n\nSPEAKER_01: Fine.\n\nWho knows?\n');
  t.is(
    toMarkdown(talk),
    '`00:00:00` **SPEAKER\\_00:** Hello. How are you?\n\n`00:00:02` **SPEAKER\\_01:** Fine.\n\n`00:00:03` Who knows?\n',
  );
  t.deepEqual(
    readSRT(toSRT(talk)).map(({ text }) => text),
    ['SPEAKER_00: Hello.', 'SPEAKER_00: How are you?', 'SPEAKER_01: Fine.', 'Who knows?'],
  );
  t.deepEqual(
    readVTT(toVTT(talk)).map(({ voice }) => voice),
    ['SPEAKER_00', 'SPEAKER_00', 'SPEAKER_01', undefined],
  );
});

const TURNS = [
  { start: 0.0004, end: 2.5, speaker: 'SPEAKER_00' },
  { start: 1.9996, end: 3, speaker: 'Ada Lovelace' },
  { start: 2.9999, end: 3.0002, speaker: 'SPEAKER_00' },
];

test('RTTM has a line a turn, of ten fields, with milliseconds', (t) => {
  const rttm = toRTTM({ ...TALK, turns: TURNS }, 'my talk');
  t.is(
    rttm,
    'SPEAKER my_talk 1 0.000 2.500 <NA> <NA> SPEAKER_00 <NA> <NA>\n' +
      'SPEAKER my_talk 1 2.000 1.000 <NA> <NA> Ada_Lovelace <NA> <NA>\n',
  );
  t.deepEqual(parseRttm(rttm), [
    { start: 0, end: 2.5, speaker: 'SPEAKER_00' },
    { start: 2, end: 3, speaker: 'Ada_Lovelace' },
  ]);
  t.true(formatRttm(TURNS).startsWith('SPEAKER audio 1 '));
});

test('a name cannot break an RTTM line, nor two speakers become one', (t) => {
  const said = (...speakers: string[]) => speakers.map((speaker, i) => ({ start: i, end: i + 0.5, speaker }));
  const names = (text: string) => parseRttm(text).map(({ speaker }) => speaker);
  const hostile = formatRttm(said('a\nSPEAKER x 1 0 1', ' \t', '\u2003Ada\u0000B\u2028'), ' \n../a b ');
  t.is(hostile.split('\n').length, 4);
  for (const line of hostile.trimEnd().split('\n')) t.regex(line, /^SPEAKER \.\.\/a_b 1 (\S+ ){6}\S+$/);
  t.deepEqual(names(hostile), ['a_SPEAKER_x_1_0_1', 'speaker', 'Ada_B']);
  t.deepEqual(names(formatRttm(said('Ada B', 'Ada_B', 'Ada  B', 'Ada B'))), ['Ada_B_2', 'Ada_B', 'Ada_B_3', 'Ada_B_2']);
  for (const uri of ['', ' \n', 5 as unknown as string]) {
    t.throws(() => formatRttm(TURNS, uri), { code: 'ERR_INVALID_ARG', message: /name for the recording/ });
  }
});

test('RTTM of a result without turns is refused, of one in which nobody speaks it is empty', (t) => {
  t.throws(() => toRTTM(TALK), { code: 'ERR_INVALID_ARG', message: /no turns: transcribe without diarize: false/ });
  t.throws(() => new Result(TALK).toRTTM(), { code: 'ERR_INVALID_ARG' });
  t.is(new Result({ ...TALK, turns: [] }).toRTTM(), '');
});

test('JSON has speakers and turns where they are known, rounded, after the text', (t) => {
  const talk: Transcript = {
    ...TALK,
    exclusiveTurns: [{ speaker: 'A', end: 1.23456, start: 0 }],
    turns: [{ speaker: 'A', end: 2, start: 0.0004 }],
    speakers: [{ embedding: [0.12345678, -0.0000001], seconds: 1.23456, label: 'A' }],
  };
  const read = JSON.parse(toJSONText(talk)) as Transcript;
  t.deepEqual(Object.keys(read).slice(-3), ['speakers', 'turns', 'exclusiveTurns']);
  t.deepEqual(read.speakers, [{ label: 'A', seconds: 1.235, embedding: [0.123457, 0] }]);
  t.deepEqual(read.turns, [{ start: 0, end: 2, speaker: 'A' }]);
  t.deepEqual(read.exclusiveTurns, [{ start: 0, end: 1.235, speaker: 'A' }]);
  t.is(toJSONText(read), toJSONText(talk));
  t.is(new Result(talk).format('json'), toJSONText(talk));
  for (const key of ['speakers', 'turns', 'exclusiveTurns']) {
    t.false(key in JSON.parse(toJSONText(TALK)));
    t.false(key in new Result(TALK));
  }
});

test('paragraphs end at pauses and at sentences, not where segments happen to', (t) => {
  t.is(
    toText(
      transcript(
        { start: 0, end: 2, text: ' And so, my' },
        { start: 2, end: 4, text: ' fellow Americans.' },
        { start: 5.9, end: 7, text: ' Ask not.' },
        { start: 9, end: 10, text: ' After a pause.' },
      ),
    ),
    'And so, my fellow Americans. Ask not.\n\nAfter a pause.\n',
  );
  const long = transcript(
    ...Array.from({ length: 30 }, (_, i) => ({
      start: i,
      end: i + 1,
      text: `${'word '.repeat(12)}${i % 3 ? '' : 'end.'}`,
    })),
  );
  const lines = toText(long).trimEnd().split('\n\n');
  t.true(lines.length > 1);
  for (const line of lines.slice(0, -1)) t.regex(line, /end\.$/);
  const endless = transcript(
    ...Array.from({ length: 100 }, (_, i) => ({ start: i, end: i + 1, text: 'la la la la la la la la la la' })),
  );
  for (const line of toText(endless).trimEnd().split('\n\n')) t.true(line.length < 2100);
});

test('languages without spaces are joined without', (t) => {
  const talk = transcript(
    { start: 0, end: 1, text: '你好', language: 'zh' },
    { start: 1, end: 2, text: '世界', language: 'zh' },
  );
  t.is(toText(talk), '你好世界\n');
});

test('Markdown takes no orders from the text', (t) => {
  const talk = transcript({ start: 61, end: 62, text: '# *bold* _it_ [a](b) <script> `x` &amp; & 1\\2' });
  t.is(toMarkdown(talk), '`00:01:01` # \\*bold\\* \\_it\\_ \\[a\\](b) \\<script\\> \\`x\\` \\&amp; & 1\\\\2\n');
});

test('an empty transcript is an empty document', (t) => {
  const empty = transcript();
  t.deepEqual(
    (['txt', 'md', 'srt', 'vtt'] as const).map((format) => formatTranscript(empty, format)),
    ['', '', '', 'WEBVTT\n'],
  );
  t.deepEqual(JSON.parse(formatTranscript(empty, 'json')).segments, []);
});

test('the format is read from the extension', (t) => {
  t.is(formatOfPath('/a/b.JSON', OUTPUT_FORMATS), 'json');
  t.is(formatOfPath('a.b/c', OUTPUT_FORMATS), undefined);
  t.is(formatOfPath('a.constructor', OUTPUT_FORMATS), undefined);
  t.is(formatOfPath('talk.srt.bak', OUTPUT_FORMATS), undefined);
  t.throws(() => formatTranscript(TALK, 'pdf' as OutputFormat), { code: 'ERR_INVALID_ARG', message: /txt, json/ });
});

test('a result has the formats, and its words in one list', (t) => {
  const talk = transcript(
    { start: 0, end: 1, text: 'a b', words: [{ start: 0, end: 0.5, text: 'a', probability: 1 }] },
    { start: 1, end: 2, text: 'c' },
    { start: 2, end: 3, text: 'd', words: [{ start: 2, end: 3, text: 'd', probability: 0.5 }] },
  );
  const result = new Result({ ...talk, languageProbability: 0.5 });
  t.deepEqual(
    result.words.map(({ text }) => text),
    ['a', 'd'],
  );
  t.is(result.toText(), toText(talk));
  t.is(result.toSRT(), toSRT(talk));
  t.is(result.toVTT(), toVTT(talk));
  t.is(result.toMarkdown(), toMarkdown(talk));
  const told = new Result({ ...talk, turns: TURNS });
  t.is(told.toRTTM('x'), formatRttm(TURNS, 'x'));
  t.is(told.format('rttm'), formatRttm(TURNS));
  t.is(`${JSON.stringify(result, null, 2)}\n`, result.format('json'));
  t.is(result.languageProbability, 0.5);
  t.false('languageProbability' in new Result(talk));
});
