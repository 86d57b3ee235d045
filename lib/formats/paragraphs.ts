import type { Transcript } from '../types.js';
import { spoken } from './cues.js';
import { joinText } from './join.js';

export interface Paragraph {
  startMs: number;
  endMs: number;
  speaker?: string;
  text: string;
}

/** A silence this long reads as the end of a paragraph. */
const PAUSE_MS = 2000;
/** From this length on the next end of a sentence ends the paragraph. */
const LONG_ENOUGH = 500;
/** Without any end of a sentence in sight (sung or unpunctuated speech) a paragraph ends here. */
const TOO_LONG = 2000;

const SENTENCE_END = /[.!?…。！？।؟]["'”’»)\]]*$/u;

/**
 * Segments gathered into paragraphs. Where the decoder happened to cut its segments means nothing to a reader, and often
 * lies in mid-sentence; a change of speaker, a long pause or the end of a sentence does.
 */
export function paragraphs(transcript: Transcript): Paragraph[] {
  const result: Paragraph[] = [];
  let current: Paragraph | undefined;
  for (const { startMs, endMs, speaker, text } of spoken(transcript)) {
    const ended =
      current === undefined ||
      current.speaker !== speaker ||
      startMs - current.endMs >= PAUSE_MS ||
      current.text.length >= TOO_LONG ||
      (current.text.length >= LONG_ENOUGH && SENTENCE_END.test(current.text));
    if (current === undefined || ended) {
      current = { startMs, endMs, text, ...(speaker === undefined ? {} : { speaker }) };
      result.push(current);
    } else {
      current.text = joinText(current.text, text);
      current.endMs = Math.max(current.endMs, endMs);
    }
  }
  return result;
}
