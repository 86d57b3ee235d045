// Word error rates over the recordings of the shared set `asr`: what is scored, and the tables of it.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fromDist, percent, stop, table, workFolder } from './common.mjs';

const { addCounts, compareTexts, errors, NO_COUNTS, rate, scoredByCharacter } = await fromDist('test/helpers/wer.js');

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

/** The model for languages other than English: as named, else the one in the work folder; undefined where there is none. */
export function multilingualModel(named) {
  const path = named ? resolve(named) : join(workFolder(), 'ggml-base.bin');
  if (named && !existsSync(path)) stop(`there is no model ${named}.`);
  return existsSync(path) ? path : undefined;
}

/**
 * Transcribes the recordings one after the other and counts their errors. `language` gives the option of that name for an
 * entry, `peer` (may be absent) a peer's text of one; without a multilingual model the other languages are left out.
 */
export async function scoreRecordings(entries, { model, multilingual, language, sharedPath, list, peer }) {
  const { loadWhisperModel, transcribe } = await fromDist('lib/index.js');
  const models = { en: await loadWhisperModel(model) };
  if (multilingual) models.other = await loadWhisperModel(multilingual);
  const scored = [];
  for (const entry of entries.filter((entry) => entry.language === 'en' || multilingual)) {
    const file = sharedPath('audio', entry.file);
    const chosen = entry.language === 'en' ? models.en : models.other;
    const result = await transcribe(file, { model: chosen, language: language(entry), diarize: false });
    const counts = compareTexts(entry.text, result.text, entry.language);
    const heard = peer && compareTexts(entry.text, await peer(entry, file), entry.language);
    scored.push({ entry, counts, peer: heard, result });
    if (list && errors(counts) > 0) console.error(`${entry.id}\n  ref ${entry.text}\n  hyp ${result.text}`);
  }
  for (const loaded of Object.values(models)) await loaded.close();
  return scored;
}

const corpusOf = (entry) => /^(?:[a-z]+\/)?([A-Za-z]+)/.exec(entry.id)[1];

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
  if (items[0].peer) cells.push(percent(rate(items.map((item) => item.peer).reduce(addCounts, NO_COUNTS))));
  return cells;
}

/** The sections of a report, as lines: English by corpus, the others by language, recordings without speech. */
export function werSections(scored, { detected = false } = {}) {
  const spoken = scored.filter((item) => item.entry.text.trim() !== '');
  const silent = scored.filter((item) => item.entry.text.trim() === '');
  const english = spoken.filter((item) => item.entry.language === 'en');
  const others = spoken.filter((item) => item.entry.language !== 'en');
  const tail = ['recordings', 'minutes', 'words', 'WER %', 'sub', 'del', 'ins'];
  if (scored[0]?.peer) tail.push('whisper-cli %');

  // Corpora of one or two recordings say little alone: they are summed up in one row.
  const groups = group(corpusOf, english);
  const large = groups.filter(([, items]) => items.length >= 3);
  const small = groups.filter(([, items]) => items.length < 3);
  const rows = large.map(([corpus, items]) => row(CORPORA[corpus] ? `${corpus}: ${CORPORA[corpus]}` : corpus, items));
  if (small.length > 0) {
    const names = small.map(([corpus]) => corpus).join(', ');
    rows.push(
      row(
        `others: ${names}`,
        small.flatMap(([, items]) => items),
      ),
    );
  }
  if (english.length > 0) rows.push(row('**all English**', english));
  const lines = ['## English, default model', '', table(['corpus', ...tail], rows)];

  if (others.length > 0) {
    const byLanguage = group((entry) => entry.language, others).map(([language, items]) =>
      row(language, items, [scoredByCharacter(language) ? 'character' : 'word']),
    );
    lines.push('', '## Other languages, `base`', '');
    lines.push('Chinese and Japanese by character (CER), the others by word; numbers and spellings as they come.', '');
    lines.push(table(['language', 'unit', ...tail], byLanguage));
    if (detected) {
      const right = others.filter((item) => item.result.language === item.entry.language).length;
      lines.push('', `Language detected rightly in ${right} of ${others.length} recordings.`);
    }
  }
  if (silent.length > 0) {
    const heard = silent.filter((item) => item.result.text.trim() !== '');
    const what = heard.map((item) => `${item.entry.id}: “${item.result.text.trim()}”`).join('; ');
    const empty = `with an empty result: ${silent.length - heard.length}${what ? ` (${what})` : ''}`;
    lines.push('', `Recordings without speech: ${silent.length}, ${empty}.`);
  }
  return lines;
}

/** What to say where the other languages were left out. */
export const WITHOUT_MULTILINGUAL = [
  '\nOther languages were left out: they need a multilingual model. Make one from the shared data with',
  '  python3 ../shared/tools/whisper_weights.py base bench/.work\nor name one with --base PATH.',
].join('\n');
