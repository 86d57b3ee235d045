import { extname } from 'node:path';
import { HearkenError } from '../errors.js';
import type { Diarization, DiarizationFormat, OutputFormat, Transcript } from '../types.js';
import { diarizationJSON, toJSONText } from './json.js';
import { toMarkdown } from './md.js';
import { formatRttm, toRTTM } from './rttm.js';
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

const DIARIZATION_WRITERS: Record<DiarizationFormat, (diarization: Diarization, uri?: string) => string> = {
  rttm: ({ turns }, uri) => formatRttm(turns, uri),
  json: diarizationJSON,
};

/** Every format that a transcript can be written in; also their file extensions. */
export const OUTPUT_FORMATS = Object.keys(WRITERS) as readonly OutputFormat[];

/** Those of who speaks when, without a transcript. */
export const DIARIZATION_FORMATS = Object.keys(DIARIZATION_WRITERS) as readonly DiarizationFormat[];

/** The one of some formats that a path's extension names, or undefined. */
export function formatOfPath<F extends string>(path: string, known: readonly F[]): F | undefined {
  const extension = extname(path).slice(1).toLowerCase();
  return known.find((format) => format === extension);
}

/** The transcript as text in a format; `uri` is the recording's name where the format has a place for it (RTTM). */
export function formatTranscript(transcript: Transcript, format: OutputFormat, uri?: string): string {
  return writer(WRITERS, format)(transcript, uri);
}

/** Who speaks when, likewise. */
export function formatDiarization(diarization: Diarization, format: DiarizationFormat, uri?: string): string {
  return writer(DIARIZATION_WRITERS, format)(diarization, uri);
}

function writer<F extends string, W>(writers: Record<F, W>, format: F): W {
  if (typeof format !== 'string' || !Object.hasOwn(writers, format)) {
    const known = Object.keys(writers).join(', ');
    throw new HearkenError('ERR_INVALID_ARG', `unknown format '${String(format)}': known are ${known}`);
  }
  return writers[format];
}
