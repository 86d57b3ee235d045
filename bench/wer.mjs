// Word error rates over the shared recordings: English with the default model, the other languages with a multilingual one.
import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { whisperCli } from './build-whisper-cli.mjs';
import {
  DEFAULT_MODEL,
  fromDist,
  options,
  percent,
  provenance,
  ROOT,
  sharedData,
  stop,
  table,
  workFolder,
} from './lib/common.mjs';
import { runWhisperCli } from './lib/peer.mjs';

const opts = options('npm run bench -- wer [options]', {
  base: { type: 'string', help: 'a multilingual model (ggml-base.bin) for the other languages' },
  model: { type: 'string', help: 'another model for English, by name or path' },
  detect: { type: 'boolean', default: false, help: 'let the multilingual model detect the language' },
  peer: { type: 'boolean', default: false, help: "whisper-cli's rate with the same weights as well (greedy, -mc 0)" },
  list: { type: 'boolean', default: false, help: 'print the texts of every recording with errors' },
  only: { type: 'string', help: 'only recordings whose name begins with this' },
  write: { type: 'boolean', default: false, help: 'write docs/wer.md' },
});
const { addCounts, compareTexts, errors, NO_COUNTS, rate, scoredByCharacter } = await fromDist('test/helpers/wer.js');
const { loadWhisperModel, transcribe } = await fromDist('lib/index.js');
const { sharedPath, manifest } = await sharedData();

const CORPORA = {
  ls: 'LibriSpeech test-other',
  lj: 'LJ Speech',
  vctk: 'VCTK',
  ps: 'LibriVox and card commands (pocketsphinx-testdata)',
  ast: 'telephone prompts (Asterisk)',
  ami: 'AMI meeting',
  cv: 'Common Voice',
  jfk: 'JFK',
};
const base = opts.base ? resolve(opts.base) : join(workFolder(), 'ggml-base.bin');
if (opts.base && !existsSync(base)) stop(`there is no model ${opts.base}.`);
const multilingual = existsSync(base) ? base : undefined;

const corpusOf = (entry) => /^(?:[a-z]+\/)?([A-Za-z]+)/.exec(entry.id)[1];
const entries = manifest('asr').filter(
  (entry) => entry.text !== null && (!opts.only || entry.id.startsWith(opts.only)),
);
const wanted = entries.filter((entry) => entry.language === 'en' || multilingual);
const models = { en: await loadWhisperModel(opts.model) };
if (multilingual) models.other = await loadWhisperModel(multilingual);

const scored = [];
const started = performance.now();
for (const entry of wanted) {
  const english = entry.language === 'en';
  const path = sharedPath('audio', entry.file);
  const language = english ? 'en' : opts.detect ? 'auto' : entry.language;
  const result = await transcribe(path, { model: english ? models.en : models.other, language });
  const counts = compareTexts(entry.text, result.text, entry.language);
  let peer;
  if (opts.peer) {
    const model = english ? (opts.model ?? DEFAULT_MODEL) : multilingual;
    const settings = ['-t', '2', '-bs', '1'];
    const run = await runWhisperCli(whisperCli().cli, {
      model,
      file: path,
      settings,
      folder: workFolder('wer'),
      language,
    });
    peer = compareTexts(entry.text, run.text, entry.language);
  }
  scored.push({ entry, counts, peer, result });
  if (opts.list && errors(counts) > 0) console.error(`${entry.id}\n  ref ${entry.text}\n  hyp ${result.text}`);
}
const wall = (performance.now() - started) / 1000;
for (const model of Object.values(models)) await model.close();

function group(keyOf, from) {
  const groups = new Map();
  for (const item of from) groups.set(keyOf(item.entry), [...(groups.get(keyOf(item.entry)) ?? []), item]);
  return [...groups].sort(([, a], [, b]) => b.length - a.length);
}

function row(label, items, extra = []) {
  const counts = items.map((item) => item.counts).reduce(addCounts, NO_COUNTS);
  const seconds = items.reduce((sum, item) => sum + item.entry.seconds, 0);
  const cells = [label, ...extra, items.length, (seconds / 60).toFixed(1), counts.reference, percent(rate(counts))];
  cells.push(counts.substitutions, counts.deletions, counts.insertions);
  if (opts.peer) cells.push(percent(rate(items.map((item) => item.peer).reduce(addCounts, NO_COUNTS))));
  return cells;
}

const spoken = scored.filter((item) => item.entry.text.trim() !== '');
const silent = scored.filter((item) => item.entry.text.trim() === '');
const english = spoken.filter((item) => item.entry.language === 'en');
const others = spoken.filter((item) => item.entry.language !== 'en');
const tail = ['recordings', 'minutes', 'words', 'WER %', 'sub', 'del', 'ins', ...(opts.peer ? ['whisper-cli %'] : [])];

// Corpora of one or two recordings say little alone: they are summed up in one row.
const groups = group(corpusOf, english);
const large = groups.filter(([, items]) => items.length >= 3);
const small = groups.filter(([, items]) => items.length < 3);
const rows = large.map(([corpus, items]) => row(CORPORA[corpus] ? `${corpus}: ${CORPORA[corpus]}` : corpus, items));
if (small.length > 0)
  rows.push(
    row(
      `others: ${small.map(([corpus]) => corpus).join(', ')}`,
      small.flatMap(([, items]) => items),
    ),
  );
if (english.length > 0) rows.push(row('**all English**', english));

const parts = [
  '# Word error rates',
  '',
  ...provenance()
    .split('\n')
    .map((line) => `- ${line}`),
];
parts.push(
  `- ${scored.length} recordings in ${wall.toFixed(0)} s, one after the other${opts.peer ? ', whisper-cli included' : ''}`,
);
parts.push('- one normaliser for reference and result: `test/helpers/wer.ts`', '', '## English, default model', '');
parts.push(table(['corpus', ...tail], rows));
if (others.length > 0) {
  const byLanguage = group((entry) => entry.language, others);
  parts.push(
    '',
    '## Other languages, `base`',
    '',
    'Chinese and Japanese by character (CER), the others by word; numbers and spellings as they come.',
    '',
  );
  parts.push(
    table(
      ['language', 'unit', ...tail],
      byLanguage.map(([language, items]) => row(language, items, [scoredByCharacter(language) ? 'character' : 'word'])),
    ),
  );
  if (opts.detect) {
    const right = others.filter((item) => item.result.language === item.entry.language).length;
    parts.push('', `Language detected rightly in ${right} of ${others.length} recordings.`);
  }
} else if (!multilingual) {
  console.error('\nOther languages were left out: they need a multilingual model. Make one from the shared data with');
  console.error(`  python3 ../shared/tools/whisper_weights.py base bench/.work\nor name one with --base PATH.`);
}
if (silent.length > 0) {
  const heard = silent.filter((item) => item.result.text.trim() !== '');
  const what = heard.map((item) => `${item.entry.id}: “${item.result.text.trim()}”`).join('; ');
  parts.push(
    '',
    `Recordings without speech: ${silent.length}, with an empty result: ${silent.length - heard.length}${what ? ` (${what})` : ''}.`,
  );
}
const text = `${parts.join('\n')}\n`;
console.log(text);
if (opts.write) {
  writeFileSync(join(ROOT, 'docs', 'wer.md'), text);
  console.error('written: docs/wer.md');
}
