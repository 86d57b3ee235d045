// The report on speakers: what is measured and how, then the tables. docs/speakers-eval.md is this text.
import { fromDist, percent, table } from './common.mjs';
import { BY_CHANNEL, REFERENCE, UNSCORED } from './speaker-sets.mjs';

const { addDerCounts, errorRate, NO_DER_COUNTS } = await fromDist('test/helpers/der.js');
const { addCounts, NO_COUNTS, rate } = await fromDist('test/helpers/wer.js');

/** Seconds left out on each side of a boundary of the truth. */
export const MARGINS = [0, 0.125, 0.25];

export const DEFINITIONS = `## What is measured

**DER**, diarization error rate, as pyannote.metrics defines it: seconds missed, falsely found and given to another speaker, by the
seconds of speech in the truth. Overlapped speech is scored, each of its speakers on their own. Labels are mapped to the truth's one
to one so that the time they share is longest. Times are exact, not cut into frames; all of the file is scored, from 0 to its
end. \`test/helpers/der.ts\` computes it; it was compared with pyannote.metrics 4.2.0 (\`test/unit/der.test.ts\`).

**Two things are called a collar of 0.25 s.** Here a *margin* is what is left out on *each* side of every boundary of the truth.

| here | NIST md-eval | pyannote.metrics | left out at a boundary |
| --- | --- | --- | --- |
| margin 0 | \`-c 0\` | \`collar=0.0\` | nothing |
| margin 0.125 s | \`-c 0.125\` | \`collar=0.25\` (it means the whole width) | 0.25 s |
| margin 0.25 s | \`-c 0.25\` | \`collar=0.5\` | 0.5 s |

The reference's published table (“collar 0.25”) has the margin of 0.25 s: that is what reproduces its figures.

**WER**: word error rate without regard to speakers, reference words in the order in which utterances begin. Where people speak at
once that order is not the only right one, and WER counts it as errors.
**cpWER**: concatenated minimum-permutation WER. All words of a speaker are joined, speakers are matched so that the errors are
least, and a speaker without a counterpart is all errors. A word at the wrong speaker costs two errors: one too few there, one too
many here. It can be below WER, because order between speakers does not matter to it.
**WDER**: of the words that the alignment behind WER pairs with a word of the truth (right or substituted), the share whose
speaker is another than cpWER's matching says. All three use the normaliser of \`test/helpers/wer.ts\`.

**speakers**: true → found, found being the labels that have any turn.

## The sets and their limits

- *diar*: clips of 18 to 30 s (AMI meetings with real overlap, a telephone call, two vendors' samples). In a clip of 30 s one
  short turn is a point or more: differences of one or two points are noise.
- *made*: read speech joined with exact times and some overlap (conv*, many10, call2_stereo, meeting_20min), and the AMI clips
  joined (ami_*). Easier than talk. Region edges come from a detector that includes Silero VAD: read them with a margin of 0.25 s.
  meeting_20min and long_en repeat utterances in new orders. many10 and pv_falcon have no transcript.
- ${UNSCORED.join(' and ')} are not scored: their labels lack most of what is heard.
- ${BY_CHANNEL} has one side of a call a channel; it is mixed down, and once more told apart by channel.
- All of it is in the training data of many models: comparisons are fair, absolute figures are optimistic.
- The reference is the pipeline in Python with the same two nets (hop 2.5 s). Its figures were scored in frames of 10 ms, which
  moves them by up to 0.2 points. Means are over the files that it was scored on.`;

const points = (value) => percent(value, 1);
const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
const signed = (value) =>
  value
    .toFixed(1)
    .replace(/^-0\.0$/, '0.0')
    .replace(/^(?=\d)(?!0\.0$)/, '+');
const COUNTED = (row) => row.id in REFERENCE;

function derRow(row) {
  const at = (margin) => row.der.get(margin);
  const share = (key) => percent(at(0).total > 0 ? at(0)[key] / at(0).total : 0, 1);
  const known = REFERENCE[row.id];
  const difference = known ? signed(errorRate(at(0)) * 100 - known[0]) : '–';
  return [
    row.name,
    ...MARGINS.map((margin) => points(errorRate(at(margin)))),
    share('missed'),
    share('falseAlarm'),
    share('confusion'),
    `${row.speakers} → ${row.found}`,
    known ? `${known[0].toFixed(1)} / ${known[1].toFixed(1)}` : '–',
    known ? known[2] : '–',
    difference,
    row.wall === undefined ? '–' : (row.wall / (row.seconds / 60)).toFixed(2),
  ];
}

function derMean(label, rows) {
  const rates = MARGINS.map((margin) => mean(rows.map((row) => errorRate(row.der.get(margin)))));
  const share = (key) => percent(mean(rows.map((row) => row.der.get(0)[key] / (row.der.get(0).total || 1))), 1);
  const theirs = [0, 1].map((i) => mean(rows.map((row) => REFERENCE[row.id][i])));
  const right = rows.filter((row) => row.found === row.speakers).length;
  const rightThere = rows.filter((row) => REFERENCE[row.id][2] === row.speakers).length;
  return [
    `**${label}**`,
    ...rates.map(points),
    share('missed'),
    share('falseAlarm'),
    share('confusion'),
    `${right} of ${rows.length}`,
    theirs.map((value) => value.toFixed(1)).join(' / '),
    `${rightThere} of ${rows.length}`,
    signed(rates[0] * 100 - theirs[0]),
    '',
  ];
}

function derPooled(label, rows) {
  const pooled = MARGINS.map((margin) => rows.map((row) => row.der.get(margin)).reduce(addDerCounts, NO_DER_COUNTS));
  const share = (key) => points(pooled[0][key] / (pooled[0].total || 1));
  const errors = ['missed', 'falseAlarm', 'confusion'].map(share);
  return [`**${label}**`, ...pooled.map((counts) => points(errorRate(counts))), ...errors, '', '', '', '', ''];
}

/**
 * The report's lines. Rows: { id, set, name, seconds, speakers, found, der: Map(margin → counts), wall?, words?, variant? }; a
 * variant is a file that was run once more in another way: it is shown, and left out of sums and means.
 */
export function speakerSections(rows) {
  const header = [
    'file',
    ...MARGINS.map((margin) => `DER % (${margin === 0 ? 'margin 0' : `${margin} s`})`),
    'missed',
    'false alarm',
    'confusion',
    'speakers',
    'reference 0 / 0.25 s',
    'found there',
    'difference',
    's / audio minute',
  ];
  const lines = ['## Who spoke when', '', 'Missed, false alarm and confusion are of margin 0, in % of the speech.', ''];
  const body = [];
  for (const set of ['made', 'diar']) {
    const all = rows.filter((row) => row.set === set);
    body.push(...all.map(derRow));
    const counted = all.filter((row) => COUNTED(row) && !row.variant);
    if (counted.length > 1) body.push(derMean(`mean, ${set}`, counted));
  }
  const whole = rows.filter((row) => !row.variant);
  if (whole.length > 1) body.push(derPooled('all seconds together', whole));
  lines.push(table(header, body));

  const missed = rows.filter((row) => REFERENCE[row.id]?.[2] === row.speakers && row.found !== row.speakers);
  if (rows.some(COUNTED)) {
    const which = missed.length > 0 ? missed.map((row) => row.name).join(', ') : 'none';
    lines.push('', `Files whose speakers the reference counts right and this does not: ${which}.`);
  }

  const spoken = rows.filter((row) => row.words);
  if (spoken.length > 0) {
    const cells = (words) => [
      words.words.reference,
      percent(rate(words.words)),
      percent(rate(words.bySpeaker)),
      percent(words.paired > 0 ? words.confused / words.paired : 0),
    ];
    const body = spoken.map((row) => [row.name, ...cells(row.words)]);
    for (const set of ['made', 'diar']) {
      const all = spoken.filter((row) => row.set === set && !row.variant).map((row) => row.words);
      if (all.length < 2) continue;
      const sum = (key) => all.reduce((total, words) => total + words[key], 0);
      const counts = (key) => all.map((words) => words[key]).reduce(addCounts, NO_COUNTS);
      const whole = { words: counts('words'), bySpeaker: counts('bySpeaker') };
      body.push([`**all words, ${set}**`, ...cells({ ...whole, confused: sum('confused'), paired: sum('paired') })]);
    }
    lines.push('', '## Who said what', '', table(['file', 'words', 'WER %', 'cpWER %', 'WDER %'], body));
  }
  return lines;
}
