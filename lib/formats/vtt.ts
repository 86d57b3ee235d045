import type { Transcript } from '../types.js';
import { cues } from './cues.js';
import { clock } from './time.js';

function escapeCue(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** WebVTT, with hours always written (players differ on times without) and speakers as voice spans. */
export function toVTT(transcript: Transcript): string {
  const blocks = cues(transcript).map(({ startMs, endMs, speaker, text }) => {
    const voice = speaker === undefined ? '' : `<v ${escapeCue(speaker)}>`;
    return `${clock(startMs, '.')} --> ${clock(endMs, '.')}\n${voice}${escapeCue(text)}\n`;
  });
  return ['WEBVTT\n', ...blocks].join('\n');
}
