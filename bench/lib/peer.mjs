// whisper-cli as the benches run it, and its results in hearken's words.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { measureOk } from './measure.mjs';

/** Settings that are tried; `-mc 0`: no text context between windows, as with hearken. */
export const SETTINGS = {
  'whisper-cli greedy, 2 threads': ['-t', '2', '-bs', '1'],
  'whisper-cli greedy, 2 processors': ['-p', '2', '-t', '1', '-bs', '1'],
  'whisper-cli beam 5, 2 threads': ['-t', '2'],
};

/** Runs it on one file; the measured run with `segments` [{ start, end, text, words }] and `text`. */
export async function runWhisperCli(cli, { model, file, settings, folder, words = false, language = 'en' }) {
  const out = join(folder, `peer-${process.pid}`);
  const args = [
    '-m',
    model,
    '-f',
    file,
    '-l',
    language,
    '-mc',
    '0',
    '-np',
    words ? '-ojf' : '-oj',
    '-of',
    out,
    ...settings,
  ];
  const run = await measureOk(cli, args, { cwd: folder });
  const segments = readWhisperJson(`${out}.json`);
  rmSync(`${out}.json`);
  return { ...run, segments, text: segments.map((segment) => segment.text).join('') };
}

/** Tokens to words: a token that begins with a space begins a word. With `dtw` its time is where attention says, if known. */
function wordsOf(tokens, segmentEnd, dtw) {
  const words = [];
  for (const token of tokens) {
    if (token.text.startsWith('[_') || token.text.startsWith('<|') || !token.offsets) continue;
    const start = dtw && token.t_dtw >= 0 ? token.t_dtw / 100 : token.offsets.from / 1000;
    const end = token.offsets.to / 1000;
    if (token.text.startsWith(' ') || words.length === 0) words.push({ start, end, text: token.text.trim() });
    else Object.assign(words.at(-1), { end, text: words.at(-1).text + token.text });
  }
  if (dtw) for (const [i, word] of words.entries()) word.end = words[i + 1]?.start ?? Math.max(word.start, segmentEnd);
  return words;
}

/** Segments of whisper-cli's -oj or -ojf file. */
export function readWhisperJson(path, { dtw = false } = {}) {
  // -ojf cuts a character that spans tokens: not valid UTF-8, but harmless here.
  return JSON.parse(readFileSync(path, 'utf8')).transcription.map((segment) => {
    const end = segment.offsets.to / 1000;
    const words = segment.tokens && wordsOf(segment.tokens, end, dtw);
    return { start: segment.offsets.from / 1000, end, text: segment.text, ...(words && { words }) };
  });
}
