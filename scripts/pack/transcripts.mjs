// The sample conversation, transcribed by an installed package: are the words and the speakers right?
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { wordErrorRate } from '../../dist/test/helpers/wer.js';

const EXAMPLES = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'examples');
export const SAMPLE = join(EXAMPLES, 'conversation.wav');
const MOST_ERRORS = 0.05;

/** "somebody: words" paragraphs: whose each is, and the words of all. */
function read(text) {
  const paragraphs = [...text.matchAll(/^(\w+): (.+)$/gm)];
  const names = paragraphs.map(([, name]) => name);
  return {
    // One after the other: a speaker who goes on after a pause has two paragraphs.
    speakers: names.filter((name, i) => name !== names[i - 1]),
    words: paragraphs.map(([, , words]) => words).join(' '),
  };
}

/** Labels by the order of first speech. */
function numbered(names) {
  const order = [...new Set(names)];
  return names.map((name) => `SPEAKER_${String(order.indexOf(name)).padStart(2, '0')}`);
}

/** Throws if the transcript is not the conversation's; returns what was found, in words. */
export function checkTranscript(text) {
  const expected = read(readFileSync(join(EXAMPLES, 'conversation.txt'), 'utf8'));
  const heard = read(text);
  const errors = wordErrorRate(expected.words, heard.words);
  if (!(errors <= MOST_ERRORS)) throw new Error(`WER ${(errors * 100).toFixed(1)} %: ${JSON.stringify(text)}`);
  const speakers = numbered(expected.speakers);
  if (heard.speakers.join() !== speakers.join())
    throw new Error(`the speakers are ${heard.speakers.join(', ')} instead of ${speakers.join(', ')}`);
  return `WER ${(errors * 100).toFixed(1)} %, ${new Set(speakers).size} speakers in order`;
}
