// Speakers against the truth: diarization error rates, word error rates with and without speakers, and plain word error rates.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fromDist, options, provenance, sharedData, stop } from './lib/common.mjs';
import { composedSet, composeSet } from './lib/held-out.mjs';
import { HELD_OUT, heldOutRecordings, heldOutSection, keepReference } from './lib/held-out-report.mjs';
import { DEFINITIONS, MARGINS, speakerSections } from './lib/speaker-report.mjs';
import { BY_CHANNEL, speakerSets } from './lib/speaker-sets.mjs';
import { multilingualModel, scoreRecordings, WITHOUT_MULTILINGUAL, werSections } from './lib/wer-tables.mjs';

const opts = options('npm run eval -- [options]', {
  only: {
    type: 'string',
    help: 'only these recordings of the speaker sets, by name, with commas between; without the set asr',
  },
  long: { type: 'boolean', default: false, help: 'long_en as well (60 minutes)' },
  'held-out': {
    type: 'boolean',
    default: false,
    help: 'the held-out comparison alone (composed first where absent, with ffmpeg); a whole run has it if it is there',
  },
  'no-held-out': { type: 'boolean', default: false, help: 'a whole run without the held-out comparison' },
  'diarize-only': { type: 'boolean', default: false, help: 'no transcripts: diarize() alone, no word errors' },
  rttm: { type: 'string', help: 'score the NAME.rttm files of this folder instead of running anything' },
  'keep-reference': {
    type: 'boolean',
    default: false,
    help: "with --held-out --rttm: keep what was scored as the reference pipeline's figures",
  },
  save: { type: 'string', help: 'write what was found into this folder as NAME.rttm' },
  'no-asr': { type: 'boolean', default: false, help: 'without plain word error rates over the set asr' },
  base: { type: 'string', help: 'a multilingual model (ggml-base.bin) for the other languages of the set asr' },
  model: { type: 'string', help: 'another model for English, by name or path' },
  write: { type: 'string', help: 'write the report into this file, such as docs/speakers-eval.md' },
});
const modelless = ['diarize-only', 'held-out', 'rttm'].find((name) => opts[name]);
if (modelless && (opts.model || opts.base)) stop(`--${modelless} transcribes nothing: leave out --model and --base.`);
if (opts.base && (opts['no-asr'] || opts.only))
  stop('--base is for the set asr: leave it out, or --no-asr and --only.');
const data = await sharedData();
const { compareTurns } = await fromDist('test/helpers/der.js');
const { countSpeakers, parseRttm } = await fromDist('test/helpers/rttm.js');
const { compareSpeakers } = await fromDist('test/helpers/speaker-wer.js');

if (opts['keep-reference'] && !(opts['held-out'] && opts.rttm)) stop('--keep-reference needs --held-out and --rttm.');
if (opts['held-out'] && (opts['no-held-out'] || opts.long))
  stop('--held-out goes with neither --no-held-out nor --long.');
const whole = !(opts['held-out'] || opts['no-held-out'] || opts.only || opts.rttm);
const heldOut = opts['held-out'] ? composeSet(data) : whole ? composedSet() : undefined;
if (whole && !heldOut) console.error('bench: without the held-out comparison; npm run eval -- --held-out composes it.');
const heldOutFiles = heldOut ? heldOutRecordings(data, heldOut) : [];

const everything = [...(opts['held-out'] ? [] : speakerSets(data, { long: opts.long })), ...heldOutFiles];
const names = opts.only?.split(',').map((name) => name.trim());
for (const name of names ?? []) {
  if (!everything.some(({ id }) => id === name)) {
    stop(`there is no recording '${name}'; there are ${everything.map(({ id }) => id).join(', ')}.`);
  }
}
let chosen = everything.filter(({ id }) => !names || names.includes(id));
if (opts.rttm) {
  if (opts.save || opts['diarize-only']) stop('--rttm scores what is there: leave out --save and --diarize-only.');
  const absent = chosen.filter(({ id }) => !existsSync(join(opts.rttm, `${id}.rttm`))).map(({ id }) => id);
  if (absent.length === chosen.length) stop(`there is no NAME.rttm of these recordings in ${opts.rttm}.`);
  if (absent.length > 0) console.error(`bench: not in ${opts.rttm}, and left out: ${absent.join(', ')}.`);
  chosen = chosen.filter(({ id }) => !absent.includes(id));
}
if (opts.save) mkdirSync(resolve(opts.save), { recursive: true });

/** Words with their speaker; a result without words is compared by segments. */
const spokenText = (result) =>
  (result.words.length > 0 ? result.words : result.segments).map(({ speaker, text }) => ({
    speaker,
    text: text.trim(),
  }));

function score(recording, name, turns, { wall, result } = {}) {
  const der = MARGINS.map((margin) => [
    margin,
    compareTurns(recording.turns, turns, { duration: recording.seconds, margin }),
  ]);
  const words =
    result && recording.utterances && compareSpeakers(recording.utterances, spokenText(result), recording.language);
  const { id, set, seconds, speakers } = recording;
  return { id, set, name, seconds, speakers, found: countSpeakers(turns), der: new Map(der), wall, words, turns };
}

async function timed(work) {
  const started = performance.now();
  const result = await work();
  return { result, wall: (performance.now() - started) / 1000 };
}

function saveTurns(name, toRTTM) {
  if (opts.save) writeFileSync(join(resolve(opts.save), `${name}.rttm`), toRTTM(name));
}

async function runAll() {
  const { diarize, loadDiarizer, loadWhisperModel, transcribe } = await fromDist('lib/index.js');
  const diarizer = await loadDiarizer();
  const model = opts['diarize-only'] || opts['held-out'] ? undefined : await loadWhisperModel(opts.model);
  const rows = [];
  for (const recording of chosen) {
    const { id, file, language } = recording;
    console.error(`${id} …`);
    if (!model || recording.set === HELD_OUT) {
      const { result, wall } = await timed(() => diarize(file, { diarizer }));
      saveTurns(id, (uri) => result.toRTTM(uri));
      rows.push(score(recording, id, result.turns, { wall }));
      continue;
    }
    const ways = id === BY_CHANNEL ? { [id]: true, [`${id}, by channel`]: 'channels' } : { [id]: true };
    for (const [name, how] of Object.entries(ways)) {
      const settings = { model, language, diarize: how, ...(how === true && { diarizer }) };
      const ran = await timed(() => transcribe(file, settings));
      saveTurns(name.replace(', by ', '-'), (uri) => ran.result.toRTTM(uri));
      rows.push({ ...score(recording, name, ran.result.turns, ran), variant: how !== true });
    }
  }
  await model?.close();
  await diarizer.close();
  return rows;
}

const rows = opts.rttm
  ? chosen.map((recording) =>
      score(recording, recording.id, parseRttm(readFileSync(join(opts.rttm, `${recording.id}.rttm`), 'utf8'))),
    )
  : await runAll();

const what = opts.rttm
  ? 'turns read from RTTM files'
  : opts['diarize-only'] || opts['held-out']
    ? 'diarize() alone'
    : 'transcribe(), with speakers';
const lines = ['# Speakers: how well', ''];
lines.push(
  ...provenance()
    .split('\n')
    .map((line) => `- ${line}`),
);
lines.push(`- ${rows.length} rows, one file after the other: ${what}`, '', DEFINITIONS);
const ofSets = rows.filter(({ set }) => set !== HELD_OUT);
const ofHeldOut = rows.filter(({ set }) => set === HELD_OUT);
if (ofSets.length > 0) lines.push('', ...speakerSections(ofSets));
if (opts['keep-reference']) keepReference(ofHeldOut, heldOutFiles);
if (ofHeldOut.length > 0) {
  lines.push('', ...heldOutSection(ofHeldOut, { recordings: heldOutFiles, conversations: heldOut.conversations }));
}

if (!(opts['no-asr'] || opts.only || opts.rttm || opts['diarize-only'] || opts['held-out'])) {
  const multilingual = multilingualModel(opts.base);
  const scored = await scoreRecordings(
    data.manifest('asr').filter((entry) => entry.text !== null),
    { model: opts.model, multilingual, language: (entry) => entry.language, sharedPath: data.sharedPath },
  );
  if (!multilingual) console.error(WITHOUT_MULTILINGUAL);
  lines.push('', '## Words alone', '', 'Single utterances, without speakers.', '');
  lines.push(...werSections(scored).map((line) => line.replace(/^## /, '### ')));
}
const text = `${lines.join('\n')}\n`;
console.log(text);
if (opts.write) {
  writeFileSync(resolve(opts.write), text);
  console.error(`written: ${opts.write}`);
}
