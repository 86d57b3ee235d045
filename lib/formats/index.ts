import { extname } from 'node:path';
import { HearkenError } from '../errors.js';
import type { OutputFormat, Transcript } from '../types.js';
import { toJSONText } from './json.js';
import { toMarkdown } from './md.js';
import { toRTTM } from './rttm.js';
import { toSRT } from './srt.js';
import { toText } from './text.js';
import { toVTT } from './vtt.js';

const WRITERS: Record<OutputFormat, (transcript: Transcript, uri?: string) => string> = {
  txt: toText,
  json: toJSONText,
  srt: toSRT,
  vtt: toVTT,
  md: toMarkdown,
  rttm: toRTTM,
};

/** Every format that a transcript can be written in; also their file extensions. */
export const OUTPUT_FORMATS = Object.keys(WRITERS) as readonly OutputFormat[];

export function isOutputFormat(value: unknown): value is OutputFormat {
  return typeof value === 'string' && Object.hasOwn(WRITERS, value);
}

/** The format that a path's extension names, or undefined. */
export function formatOfPath(path: string): OutputFormat | undefined {
  const extension = extname(path).slice(1).toLowerCase();
  return isOutputFormat(extension) ? extension : undefined;
}

/** The transcript as text in a format; `uri` is the recording's name where the format has a place for it (RTTM). */
export function formatTranscript(transcript: Transcript, format: OutputFormat, uri?: string): string {
  if (!isOutputFormat(format)) {
    throw new HearkenError('ERR_INVALID_ARG', `unknown format '${format}': known are ${OUTPUT_FORMATS.join(', ')}`);
  }
  return WRITERS[format](transcript, uri);
}
