import test from 'ava';
import { attribute } from '../../lib/pipeline/speakers.js';
import type { Segment, SpeakerTurn, Word } from '../../lib/types.js';

/** `text` or `text@start-end`; without times each word takes half a second after the one before. */
function words(text: string, from: number): Word[] {
  let at = from;
  return text.split(' ').map((piece) => {
    const [, word = '', start, end] = /^(.*?)(?:@([\d.]+)-([\d.]+))?$/.exec(piece) ?? [];
    const span = start === undefined ? { start: at, end: at + 0.5 } : { start: Number(start), end: Number(end) };
    at = span.end;
    return { ...span, text: word, probability: 0.9 };
  });
}

function segment(text: string, from = 0, more: Partial<Segment> = {}): Segment {
  const said = words(text, from);
  return {
    id: 7,
    start: said[0]?.start ?? from,
    end: said.at(-1)?.end ?? from,
    text: said.map((word) => word.text).join(' '),
    words: said,
    avgLogprob: -0.3,
    noSpeechProb: 0.1,
    language: 'de',
    ...more,
  };
}

const turn = (speaker: string, start: number, end: number): SpeakerTurn => ({ start, end, speaker });

/** Who said what, segment by segment. */
const said = (segments: readonly Segment[]) => segments.map(({ speaker, text }) => `${speaker}: ${text}`);

test('a segment of one speaker stays as it is', (t) => {
  const given = segment('one two three.', 1);
  const [only, ...more] = attribute([given], [turn('A', 0.9, 2.6)]);
  t.is(more.length, 0);
  t.deepEqual(only, {
    ...given,
    id: 0,
    speaker: 'A',
    words: given.words?.map((word) => ({ ...word, speaker: 'A' })),
  } as Segment);
  t.false('speaker' in given, 'what is given is not changed');
  t.true(given.words?.every((word) => !('speaker' in word)));
});

test('a segment splits where the speaker changes; ids count, the rest is kept', (t) => {
  const out = attribute(
    [segment('how are you? fine, thanks.', 10), segment('good.', 13)],
    [turn('A', 10, 11.5), turn('B', 11.5, 12.5), turn('A', 13, 13.5)],
  );
  t.deepEqual(said(out), ['A: how are you?', 'B: fine, thanks.', 'A: good.']);
  t.deepEqual(
    out.map(({ id, start, end, language, avgLogprob, noSpeechProb }) => [
      id,
      start,
      end,
      language,
      avgLogprob,
      noSpeechProb,
    ]),
    [
      [0, 10, 11.5, 'de', -0.3, 0.1],
      [1, 11.5, 12.5, 'de', -0.3, 0.1],
      [2, 13, 13.5, 'de', -0.3, 0.1],
    ],
  );
  t.deepEqual(
    out.map((one) => one.words?.map(({ text, speaker }) => `${speaker} ${text}`)),
    [['A how', 'A are', 'A you?'], ['B fine,', 'B thanks.'], ['A good.']],
  );
});

test('without turns nobody is known', (t) => {
  for (const turns of [[], [turn('A', 3, 3)], [turn('A', Number.NaN, 1)]]) {
    const out = attribute([segment('one two')], turns);
    t.is(out[0]?.id, 0);
    t.false('speaker' in (out[0] as Segment));
    t.true(out[0]?.words?.every((word) => !('speaker' in word)));
  }
  t.deepEqual(attribute([], [turn('A', 0, 1)]), []);
});

test('a word outside of all turns goes to the nearest, however far', (t) => {
  const out = attribute(
    [segment('early@0-0.5'), segment('mid@4-4.5'), segment('later@5.6-6'), segment('last@900-901')],
    [turn('A', 2, 3), turn('B', 7, 8)],
  );
  t.deepEqual(said(out), ['A: early', 'A: mid', 'B: later', 'B: last']);
});

test('a word without length belongs to the turn around it', (t) => {
  t.deepEqual(said(attribute([segment('x@2-2'), segment('y@4.1-4.1')], [turn('A', 0, 4), turn('B', 4, 6)])), [
    'A: x',
    'B: y',
  ]);
});

test('where people speak at once, who spoke before goes on', (t) => {
  const turns = [turn('A', 0, 4), turn('B', 1.5, 6)];
  t.deepEqual(said(attribute([segment('a b c d e f g h i j k')], turns)), ['A: a b c d e f g h', 'B: i j k']);
  // Nearly all of the word is both's; B's is a little more of it.
  t.deepEqual(said(attribute([segment('a@0-0.5 b@0.5-1 c@1-1.5')], [turn('A', 0, 1.45), turn('B', 0.9, 2)])), [
    'A: a b c',
  ]);
  // Not at once: the change lies within the word, and most of it decides.
  t.deepEqual(said(attribute([segment('a@0-0.5 b@0.5-1 c@1-1.5')], [turn('A', 0, 0.74), turn('B', 0.74, 2)])), [
    'A: a',
    'B: b c',
  ]);
});

test('turns of one speaker that overlap each other count once', (t) => {
  const turns = [turn('A', 0, 0.4), turn('A', 0.1, 0.4), turn('A', 0.2, 0.4), turn('B', 0.4, 1)];
  t.deepEqual(said(attribute([segment('x@0-1')], turns)), ['B: x']);
});

test("a sentence's last word that the decoder stretched over the pause stays in its sentence", (t) => {
  const turns = [turn('A', 0, 2.2), turn('B', 2.6, 5)];
  const stretched = segment('we do it for them.@2-3.2 ask@3.2-3.5 what@3.5-3.8 else.@3.8-4.2');
  t.deepEqual(said(attribute([stretched], turns)), ['A: we do it for them.', 'B: ask what else.']);
  t.deepEqual(
    said(attribute([segment('we do it for them.@2.5-3.2'), segment('ask@3.2-3.5 what@3.5-3.8')], turns)),
    ['A: we do it for', 'B: them.', 'B: ask what'],
    'nearly all of the word is B and none A: the turns are trusted',
  );
});

test('an answer of one word is not moved away for the sake of a sentence', (t) => {
  const turns = [turn('A', 0, 1.5), turn('B', 1.9, 2.5), turn('A', 3, 3.5)];
  t.deepEqual(said(attribute([segment('how are you fine.@1.5-2.5'), segment('good.@3-3.5')], turns)), [
    'A: how are you',
    'B: fine.',
    'A: good.',
  ]);
});

test('a first word that begins too early goes to its sentence', (t) => {
  const turns = [turn('A', 0, 1.35), turn('B', 1.35, 4)];
  const early = segment('yes sir.@0.5-1 now@1-1.6 we@1.6-2 go.@2-2.5');
  t.deepEqual(said(attribute([early], turns)), ['A: yes sir.', 'B: now we go.']);
});

test('an interruption in mid-sentence stays where the turns clearly put it', (t) => {
  const turns = [turn('A', 0, 1.5), turn('B', 1.5, 3)];
  t.deepEqual(said(attribute([segment('I think we no wait. Sorry.')], turns)), ['A: I think we', 'B: no wait. Sorry.']);
});

test('a lone word between words of another does not split a segment, unless it is clearly somebody', (t) => {
  const barely = [turn('A', 0, 1.2), turn('B', 1.2, 1.45), turn('A', 1.45, 3)];
  t.deepEqual(said(attribute([segment('one two three four five')], barely)), ['A: one two three four five']);
  const clearly = [turn('A', 0, 1), turn('B', 1, 1.5), turn('A', 1.5, 3)];
  t.deepEqual(said(attribute([segment('one two yeah four five')], clearly)), ['A: one two', 'B: yeah', 'A: four five']);
  t.deepEqual(
    said(
      attribute(
        [segment('right? Yes.@0.5-1.3 Good@1.3-1.6 then.@1.6-2')],
        [turn('A', 0, 0.5), turn('B', 0.7, 0.95), turn('A', 1, 2)],
      ),
    ),
    ['A: right? Yes. Good then.'],
    'A has more of the word',
  );
  t.deepEqual(
    said(
      attribute(
        [segment('right? Yes.@0.5-1.3 Good@1.3-1.6 then.@1.6-2')],
        [turn('A', 0, 0.5), turn('B', 0.7, 1), turn('A', 1.1, 2)],
      ),
    ),
    ['A: right?', 'B: Yes.', 'A: Good then.'],
    'an answer is a sentence of its own',
  );
});

test('short words together make an island too, long ones do not', (t) => {
  const turns = [turn('A', 0, 0.95), turn('B', 1.0, 1.15), turn('A', 1.22, 3)];
  const short = segment('so yes@0.5-0.98 I@0.98-1.1 do@1.1-1.2 like@1.2-1.5 it@1.5-1.9');
  t.deepEqual(said(attribute([short], turns)), ['A: so yes I do like it']);
  const long = segment('so yes@0.5-0.98 I@0.98-1.2 do@1.2-1.4 like@1.4-1.7 it@1.7-1.9');
  t.deepEqual(said(attribute([long], [turn('A', 0, 0.95), turn('B', 1.05, 1.35), turn('A', 1.45, 3)])), [
    'A: so yes',
    'B: I do',
    'A: like it',
  ]);
});

test('a segment without words goes whole to who speaks most in it', (t) => {
  const bare = (start: number, end: number): Segment => {
    const { words: _, ...rest } = segment('x');
    return { ...rest, start, end, text: 'one two three' };
  };
  const out = attribute(
    [bare(0, 4), bare(4, 5), { ...segment('x'), start: 9, end: 9.5, words: [] }],
    [turn('A', 0, 1), turn('B', 1.5, 3.5), turn('A', 4.2, 4.8)],
  );
  t.deepEqual(said(out), ['B: one two three', 'A: one two three', 'A: x']);
  t.false('words' in (out[0] as Segment));
});

test('the text is cut where the words are, spaces or none', (t) => {
  const turns = [turn('A', 0, 1), turn('B', 1, 2)];
  const at = (pieces: string[]) => pieces.map((text, i) => ({ start: i / 2, end: i / 2 + 0.5, text, probability: 1 }));
  const texts = (text: string, pieces: string[]) =>
    attribute([segment('x', 0, { text, end: 2, words: at(pieces) })], turns).map((one) => one.text);
  t.deepEqual(texts('你好世界', ['你', '好', '世', '界']), ['你好', '世界']);
  t.deepEqual(texts(' twenty-one  pilots\n go', ['twenty', '-one', 'pilots', 'go']), ['twenty-one', 'pilots\n go']);
  t.deepEqual(texts('ha ha ha ha', ['ha', 'ha', 'ha', 'ha']), ['ha ha', 'ha ha']);
  t.deepEqual(texts('not made of them', ['a', 'b', '世', '界']), ['a b', '世界'], 'then the words are joined');
  t.deepEqual(texts('bad a b 世界', ['a', 'b', '世', '界']), ['a b', '世界'], 'and never cut within others');
});

/** Small, and the same at every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

test('whatever the times, no word is lost or moved, and time goes forward', (t) => {
  for (let seed = 1; seed <= 300; seed++) {
    const next = random(seed);
    const segments: Segment[] = [];
    let at = next();
    for (let i = 0; i < 12; i++) {
      const pieces: Word[] = [];
      const start = at;
      for (let n = Math.floor(next() * 8); n >= 0; n--) {
        const end = at + Math.floor(next() * 8) / 10;
        pieces.push({ start: at, end, text: `w${i}.${n}${next() < 0.3 ? '.' : ''}`, probability: next() });
        if (next() < 0.7) at = end; // else the next overlaps it
      }
      at = Math.max(at, ...pieces.map(({ end }) => end));
      const text = pieces.map((word) => word.text).join(' ');
      segments.push({ ...segment('x'), start, end: at, text, words: pieces });
      at += next() < 0.5 ? 0 : next();
    }
    const turns = Array.from({ length: Math.floor(next() * 25) }, () => {
      const start = next() * at;
      return turn(`S${Math.floor(next() * 4)}`, start, start + next() * 4);
    });
    const before = JSON.stringify([segments, turns]);
    const out = attribute(segments, turns);
    t.is(JSON.stringify([segments, turns]), before);
    const bare = (list: readonly Segment[]) =>
      list.flatMap((one) => (one.words ?? []).map(({ speaker: _, ...word }) => word));
    t.deepEqual(bare(out), bare(segments));
    t.is(out.map(({ text }) => text).join(' '), segments.map(({ text }) => text).join(' '));
    t.deepEqual(
      out.map(({ id }) => id),
      [...out.keys()],
    );
    let reached = 0;
    for (const one of out) {
      t.true(one.start >= reached && one.end >= one.start, `seed ${seed}`);
      reached = one.end;
      if (turns.length > 0) t.true(one.words?.every(({ speaker }) => speaker === one.speaker && speaker !== undefined));
    }
    t.is(out.at(-1)?.end, segments.at(-1)?.end);
    t.true(out.length >= segments.length);
  }
});

test('a day with many turns takes moments', (t) => {
  const segments = Array.from({ length: 20_000 }, (_, i) => segment('a b c d e f g h', i * 4));
  const turns = [
    turn('A', 0, 80_000),
    ...Array.from({ length: 40_000 }, (_, i) => turn(`S${i % 8}`, i * 2, i * 2 + 1.5)),
  ];
  const begun = process.cpuUsage();
  const out = attribute(segments, turns);
  const { user, system } = process.cpuUsage(begun);
  t.is(out.flatMap((one) => one.words ?? []).length, 160_000);
  t.true((user + system) / 1e6 < 10, `${(user + system) / 1e6} s`);
});

test('words stay where they are when the other side of the change is a pause away', (t) => {
  t.deepEqual(
    said(
      attribute(
        [segment('so I'), segment('Yes.@60-60.4 Really@60.4-60.8 now@60.8-61.2', 60)],
        [turn('A', 0, 1), turn('B', 60.15, 61.2)],
      ),
    ),
    ['A: so I', 'B: Yes. Really now'],
  );
  t.deepEqual(
    said(attribute([segment('Fine. And then'), segment('Well', 60)], [turn('A', 0, 1.2), turn('B', 60, 60.5)])),
    ['A: Fine. And then', 'B: Well'],
  );
});
