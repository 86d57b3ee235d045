// How good word timestamps are: whether words lie inside the utterances they belong to, where these are known exactly.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import {
  CLI,
  fromDist,
  median,
  options,
  percent,
  percentile,
  provenance,
  sharedData,
  stop,
  table,
  workFolder,
} from './lib/common.mjs';
import { measureOk } from './lib/measure.mjs';
import { readWhisperJson } from './lib/peer.mjs';

const opts = options(
  'npm run bench -- words [ID …] [options]',
  {
    hyp: { type: 'string', help: "a ready result for the one ID given: hearken's JSON, or whisper-cli's -ojf" },
    dtw: { type: 'boolean', default: false, help: 'with --hyp of whisper-cli: its -dtw times' },
    tolerance: { type: 'string', default: '0.1', help: 'seconds that a word may lie outside' },
    hearken: { type: 'string', default: '', help: 'further arguments for hearken, separated by spaces' },
    json: { type: 'boolean', default: false, help: 'print JSON instead of a table' },
  },
  { positionals: true },
);
const { alignWords, normalize } = await fromDist('test/helpers/wer.js');
const { sharedPath } = await sharedData();
const tolerance = Number(opts.tolerance);
const ids =
  opts.files.length > 0
    ? opts.files
    : ['conv2_a', 'conv2_b', 'conv3_a', 'conv3_b', 'conv4_a', 'conv5_a', 'call2_stereo'];
if (opts.hyp && ids.length !== 1) stop('--hyp needs exactly one ID, such as conv2_a.');

function readResult(path) {
  const data = JSON.parse(readFileSync(path, 'utf8'));
  const segments = data.transcription ? readWhisperJson(path, { dtw: opts.dtw }) : data.segments;
  const words = segments.flatMap((segment) => segment.words ?? []);
  if (words.length === 0) stop(`${path} has no words: hearken needs --words, whisper-cli -ojf.`);
  return words;
}

async function hypothesis(id) {
  if (opts.hyp) return readResult(resolve(opts.hyp));
  const audio = ['flac', 'mp3', 'wav']
    .map((ext) => sharedPath('audio', 'made', `${id}.${ext}`))
    .find((path) => existsSync(path));
  if (!audio) stop(`shared data is absent: audio/made/${id}. Set HEARKEN_SHARED to its folder.`);
  const out = join(workFolder('words'), `${id}-${process.pid}.json`);
  const more = opts.hearken.split(' ').filter(Boolean);
  await measureOk(
    process.execPath,
    [CLI, 'transcribe', audio, '--words', '--quiet', '-f', 'json', '-o', out, ...more],
    {},
  );
  const words = readResult(out);
  rmSync(out);
  return words;
}

/** Words one by one, so that each keeps its time: a word that normalises to several tokens gives each of them its time. */
const tokensOf = (words, textOf) => words.flatMap((word) => normalize(textOf(word)).map((token) => ({ token, word })));

function score(id, words) {
  const { utterances } = JSON.parse(readFileSync(sharedPath('audio', 'made', `${id}.json`), 'utf8'));
  const said = utterances.flatMap((utterance) =>
    utterance.text
      .split(/[\s-]+/)
      .filter(Boolean)
      .map((text) => ({ text, utterance })),
  );
  const ref = tokensOf(said, (word) => word.text);
  const hyp = tokensOf(words, (word) => word.text);
  const aligned = alignWords(
    ref.map((item) => item.token),
    hyp.map((item) => item.token),
  );
  const totals = { matched: 0, inside: 0, inSpeech: 0, startErrors: [], endErrors: [], reference: ref.length };
  for (const [i, { token, word }] of ref.entries()) {
    const { utterance } = word;
    const heard = hyp[aligned[i]];
    if (!heard || heard.token !== token) continue;
    const { start, end } = heard.word;
    const middle = (start + end) / 2;
    const within = ([from, to]) => middle >= from - tolerance && middle <= to + tolerance;
    totals.matched += 1;
    if (within([utterance.start, utterance.end])) totals.inside += 1;
    if (utterance.speech.some(within)) totals.inSpeech += 1;
    // The outer words show how exact the edges are; a match far away is a wrong match, not an edge.
    if (ref[i - 1]?.word.utterance !== utterance) totals.startErrors.push(start - utterance.start);
    if (ref[i + 1]?.word.utterance !== utterance) totals.endErrors.push(end - utterance.end);
  }
  const backwards = words.filter(
    (word, i) => word.end < word.start || (i > 0 && word.start < words[i - 1].start),
  ).length;
  return { id, ...totals, words: words.length, backwards };
}

const scores = [];
for (const id of ids) {
  if (!existsSync(sharedPath('audio', 'made', `${id}.json`))) stop(`shared data is absent: audio/made/${id}.json.`);
  scores.push(score(id, await hypothesis(id)));
}
const sum = (key) => scores.reduce((total, item) => total + item[key], 0);
const join2 = (key) => scores.flatMap((item) => item[key]);
if (scores.length > 1) {
  const keys = ['matched', 'inside', 'inSpeech', 'reference', 'words', 'backwards'];
  const all = Object.fromEntries(keys.map((key) => [key, sum(key)]));
  scores.push({ id: '**all**', ...all, startErrors: join2('startErrors'), endErrors: join2('endErrors') });
}
const rows = scores.map((item) => {
  const edge = (values) => {
    const distances = values.map(Math.abs);
    return [median(values), median(distances), percentile(distances, 0.9)].map((value) => value.toFixed(2)).join(' / ');
  };
  return [
    basename(item.id),
    item.matched,
    percent(item.matched / item.reference, 1),
    percent(item.inside / item.matched, 2),
    percent(item.inSpeech / item.matched, 2),
    edge(item.startErrors),
    edge(item.endErrors),
    item.backwards,
  ];
});
if (opts.json) console.log(JSON.stringify({ provenance: provenance(), tolerance, scores }, null, 2));
else {
  console.log(`${provenance()}\n`);
  console.log(
    table(
      [
        'file',
        'matched words',
        '% of all',
        `% inside utterance ±${tolerance} s`,
        '% inside speech',
        'first word start, s',
        'last word end, s',
        'out of order',
      ],
      rows,
    ),
  );
  console.log(
    '\nEdges: median error / median distance / 90th percentile of the distance, of words matched at an utterance’s ends.',
  );
}
