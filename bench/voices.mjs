// How alike a known voice is to itself and to others: cosines of clips by enroll(), and of clips and speakers that were found.
import { readFileSync } from 'node:fs';
import {
  fromDist,
  options,
  percent,
  percentile,
  positive,
  provenance,
  sharedData,
  stop,
  table,
} from './lib/common.mjs';

const opts = options('npm run bench -- voices [options]', {
  seconds: { type: 'string', default: '2,3,5,10', help: 'lengths of the clips, with commas between' },
  clips: { type: 'string', default: '8', help: 'clips of each speaker, at most' },
  enrol: { type: 'string', default: '5', help: 'seconds of the clip that a voice is known by in the conversations' },
});
const lengths = opts.seconds.split(',').map(Number);
if (!lengths.every((length) => length > 0)) stop(`--seconds must be numbers above 0, not '${opts.seconds}'.`);
const most = positive(opts, 'clips');
const enrolSeconds = positive(opts, 'enrol');
const THRESHOLDS = [0.4, 0.5, 0.6];

const { sharedPath, manifest } = await sharedData();
const { diarize, enroll, loadDiarizer } = await fromDist('lib/index.js');
const { parseRttm } = await fromDist('test/helpers/rttm.js');

/** English recordings by speaker, each with at least two. */
const bySpeaker = new Map();
for (const entry of manifest('asr').filter(({ id }) => /^(ls|vctk|lj)_/.test(id) && !id.includes('long'))) {
  bySpeaker.set(entry.speaker, [...(bySpeaker.get(entry.speaker) ?? []), entry]);
}
for (const [speaker, entries] of bySpeaker) if (!speaker || entries.length < 2) bySpeaker.delete(speaker);
if (bySpeaker.size < 2) stop('the shared set asr has no speakers with several recordings.');

const cosine = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
const two = (value) => (Number.isFinite(value) ? value.toFixed(2) : '–');
const diarizer = await loadDiarizer();

/** The first `length` seconds of a recording from where its speech begins; undefined where it is too short. */
async function voiceOf(entry, length) {
  const startTime = entry.speech?.[0]?.[0] ?? 0;
  if (entry.seconds < startTime + length) return undefined;
  return enroll(sharedPath('audio', entry.file), { startTime, endTime: startTime + length, diarizer, threads: 1 });
}

/** Cosines of each two clips, from recordings of their own: of one speaker, and of two. */
async function clipRow(length) {
  const clips = [];
  for (const [speaker, entries] of bySpeaker) {
    let taken = 0;
    for (const entry of entries) {
      const voice = taken < most ? await voiceOf(entry, length) : undefined;
      if (!voice) continue;
      clips.push({ speaker, voice });
      taken++;
    }
  }
  const same = [];
  const other = [];
  for (const [i, a] of clips.entries()) {
    for (const b of clips.slice(i + 1)) (a.speaker === b.speaker ? same : other).push(cosine(a.voice, b.voice));
  }
  const share = (cosines, matches) => percent(cosines.filter(matches).length / cosines.length, 1);
  return [
    `${length} s`,
    clips.length,
    ...[0.01, 0.05, 0.5].map((p) => two(percentile(same, p))),
    ...[0.5, 0.99, 1].map((p) => two(percentile(other, p))),
    ...THRESHOLDS.map((at) => `${share(same, (c) => c < at)} / ${share(other, (c) => c >= at)}`),
  ];
}

/** The true speaker that a found one is for most of the time. */
function trueSpeaker(label, turns, truth) {
  const shared = new Map();
  for (const { start, end } of turns.filter(({ speaker }) => speaker === label)) {
    for (const turn of truth) {
      const seconds = Math.min(end, turn.end) - Math.max(start, turn.start);
      if (seconds > 0) shared.set(turn.speaker, (shared.get(turn.speaker) ?? 0) + seconds);
    }
  }
  return [...shared].sort((a, b) => b[1] - a[1])[0]?.[0];
}

/** A conversation whose speakers are compared with clips of all speakers, none of which is heard in it. */
async function conversationRow(entry) {
  const heard = new Set(
    JSON.parse(readFileSync(sharedPath('audio', `made/${entry.id}.json`), 'utf8')).utterances.map(({ utt }) => utt),
  );
  const voices = new Map();
  for (const [speaker, entries] of bySpeaker) {
    for (const candidate of entries.filter(({ id }) => !heard.has(id))) {
      const voice = await voiceOf(candidate, enrolSeconds);
      if (!voice) continue;
      voices.set(speaker, voice);
      break;
    }
  }
  const truth = parseRttm(readFileSync(sharedPath('audio', entry.rttm), 'utf8'));
  const { speakers, turns } = await diarize(sharedPath('audio', entry.file), { diarizer });
  const own = [];
  const others = [];
  for (const { label, embedding } of speakers) {
    const who = trueSpeaker(label, turns, truth);
    for (const [name, voice] of voices) (name === who ? own : others).push(cosine(embedding, voice));
  }
  const cosines = [Math.min(...own), Math.max(...own), Math.max(...others)].map(two);
  return [entry.id, voices.size, speakers.length, own.length, ...cosines];
}

const clipRows = [];
for (const length of lengths) clipRows.push(await clipRow(length));
const conversationRows = [];
for (const entry of manifest('made').filter(({ id }) => /^conv/.test(id))) {
  conversationRows.push(await conversationRow(entry));
}
await diarizer.close();

console.log(`${provenance()}\n${bySpeaker.size} speakers: ${[...bySpeaker.keys()].join(', ')}\n`);
console.log(
  'Two clips of recordings of their own; missed / mistaken: pairs of one speaker below the threshold, of two not.\n',
);
const at = THRESHOLDS.map((threshold) => `missed / mistaken % at ${threshold}`);
const header = ['clips', 'number', 'same: 1 %', '5 %', 'median', 'other: median', '99 %', 'most', ...at];
console.log(table(header, clipRows));
console.log(`\nSpeakers found in a conversation, and clips of ${enrolSeconds} s that are not heard in it.\n`);
const columns = ['conversation', 'voices', 'speakers', 'with a voice', 'own: least', 'own: most', 'other: most'];
console.log(table(columns, conversationRows));
