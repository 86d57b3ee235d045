import type { Transcript } from '../types.js';
import { paragraphs } from './paragraphs.js';

/** Plain text: one line a paragraph, an empty line between, `Speaker: ` in front where speakers are known. */
export function toText(transcript: Transcript): string {
  const lines = paragraphs(transcript).map(({ speaker, text }) =>
    speaker === undefined ? text : `${speaker}: ${text}`,
  );
  return lines.length === 0 ? '' : `${lines.join('\n\n')}\n`;
}
