import { extname } from 'node:path';
import { HearkenError } from '../errors.js';
import type { Receipt } from '../memory.js';
import type { Diarization, DiarizationFormat, OutputFormat, Transcript } from '../types.js';
import { diarizationJSON, toJSONText } from './json.js';
import { toMarkdown } from './md.js';
import { formatRttm, toRTTM } from './rttm.js';
import { toSRT } from './srt.js';
import { toText } from './text.js';
import { toVTT } from './vtt.js';

/** `uri`: the recording's name; `receipt`: to be written too. Most formats have a place for neither. */
type Writer<T> = (data: T, uri?: string, receipt?: Receipt) => string;

const WRITERS: Record<OutputFormat, Writer<Transcript>> = {
  txt: toText,
  json: (transcript, _uri, receipt) => toJSONText(transcript, receipt),
  srt: toSRT,
  vtt: toVTT,
  md: toMarkdown,
  rttm: toRTTM,
};

const DIARIZATION_WRITERS: Record<DiarizationFormat, Writer<Diarization>> = {
  rttm: ({ turns }, uri) => formatRttm(turns, uri),
  json: (diarization, _uri, receipt) => diarizationJSON(diarization, receipt),
};

/** Every format that a transcript can be written in; also their file extensions. */
export const OUTPUT_FORMATS = Object.keys(WRITERS) as readonly OutputFormat[];

/** Every format that who speaks when can be written in without a transcript; also their file extensions. */
export const DIARIZATION_FORMATS = Object.keys(DIARIZATION_WRITERS) as readonly DiarizationFormat[];

/** The one of some formats that a path's extension names, or undefined. */
export function formatOfPath<F extends string>(path: string, known: readonly F[]): F | undefined {
  const extension = extname(path).slice(1).toLowerCase();
  return known.find((format) => format === extension);
}

/** The transcript as text in a format; `uri` is the recording's name where the format has a place for it (RTTM). */
export function formatTranscript(
  transcript: Transcript,
  format: OutputFormat,
  uri?: string,
  receipt?: Receipt,
): string {
  return writer(WRITERS, format, receipt)(transcript, uri, receipt);
}

/** Who speaks when, likewise. */
export function formatDiarization(
  diarization: Diarization,
  format: DiarizationFormat,
  uri?: string,
  receipt?: Receipt,
): string {
  return writer(DIARIZATION_WRITERS, format, receipt)(diarization, uri, receipt);
}

function writer<F extends string, W>(writers: Record<F, W>, format: F, receipt: Receipt | undefined): W {
  if (typeof format !== 'string' || !Object.hasOwn(writers, format)) {
    const known = Object.keys(writers).join(', ');
    throw new HearkenError('ERR_INVALID_ARG', `unknown format '${String(format)}': known are ${known}`);
  }
  if (receipt !== undefined && format !== 'json') {
    throw new HearkenError('ERR_INVALID_ARG', `${format} has no place for the receipt: use json, or leave it out`);
  }
  return writers[format];
}
