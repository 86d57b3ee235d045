import type { Transcript } from '../types.js';
import { paragraphs } from './paragraphs.js';
import { hms } from './time.js';

/** What Markdown would read as its own. Every paragraph begins with a time, so marks of lists and headings can't arise. */
function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_[\]<>~|]|&(?=#?\w+;)/g, '\\$&');
}

/** Markdown: one paragraph each with the time it begins at, and the speaker in bold where known. No title: that is the reader's. */
export function toMarkdown(transcript: Transcript): string {
  const lines = paragraphs(transcript).map(({ startMs, speaker, text }) => {
    const who = speaker === undefined ? '' : `**${escapeMarkdown(speaker)}:** `;
    return `\`${hms(Math.floor(startMs / 1000))}\` ${who}${escapeMarkdown(text)}`;
  });
  return lines.length === 0 ? '' : `${lines.join('\n\n')}\n`;
}
