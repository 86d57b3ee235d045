import type { Transcript } from '../types.js';
import { cues } from './cues.js';
import { clock } from './time.js';

/** SubRip. The format has no escapes, so an arrow in the text, which would read as a line of times, loses its length. */
export function toSRT(transcript: Transcript): string {
  return cues(transcript)
    .map(({ startMs, endMs, speaker, text }, index) => {
      const line = (speaker === undefined ? text : `${speaker}: ${text}`).replace(/-{2,}>/g, '->');
      return `${index + 1}\n${clock(startMs, ',')} --> ${clock(endMs, ',')}\n${line}\n`;
    })
    .join('\n');
}
