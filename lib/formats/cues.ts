import type { Segment, Transcript } from '../types.js';
import { toMs } from './time.js';

/** One line of text, trimmed: line breaks and other control characters would end a cue or a paragraph early. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029 ]+/gu, ' ').trim();
}

/** The segments that have something to show, with their text on one line and a speaker only where it says something. */
export function spoken(transcript: Transcript): (Segment & { startMs: number; endMs: number })[] {
  const shown = [];
  for (const segment of transcript.segments) {
    const text = oneLine(segment.text);
    if (text === '') continue;
    const { speaker: raw, ...rest } = segment;
    const speaker = oneLine(raw ?? '');
    const startMs = toMs(segment.start);
    const endMs = Math.max(startMs, toMs(segment.end));
    shown.push({ ...rest, text, startMs, endMs, ...(speaker === '' ? {} : { speaker }) });
  }
  return shown;
}

export interface Cue {
  startMs: number;
  /** Always after the start. */
  endMs: number;
  speaker?: string;
  text: string;
}

/** How long a cue without a duration is shown, so that its text can be read at all. */
const SHORTEST_SHOWN_MS = 500;

/** Subtitle cues. A cue must end after it starts: an empty one gets half a second, or less where the next begins sooner. */
export function cues(transcript: Transcript): Cue[] {
  const segments = spoken(transcript);
  return segments.map(({ startMs, endMs, speaker, text }, index) => {
    let end = endMs;
    if (end <= startMs) {
      const next = segments[index + 1]?.startMs ?? Number.POSITIVE_INFINITY;
      end = Math.max(startMs + 1, Math.min(startMs + SHORTEST_SHOWN_MS, next));
    }
    return { startMs, endMs: end, text, ...(speaker === undefined ? {} : { speaker }) };
  });
}
