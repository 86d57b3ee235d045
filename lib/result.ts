import { basename, extname } from 'node:path';
import { HearkenError } from './errors.js';
import {
  DIARIZATION_FORMATS,
  formatDiarization,
  formatOfPath,
  formatTranscript,
  OUTPUT_FORMATS,
} from './formats/index.js';
import { plain, plainDiarization } from './formats/json.js';
import type { Receipt } from './memory.js';
import { saveAtomically } from './save.js';
import type {
  CoverageSpan,
  Diarization,
  DiarizationFormat,
  DiarizationResult,
  OutputFormat,
  Receipted,
  Segment,
  Speaker,
  SpeakerTurn,
  Transcript,
  TranscriptionResult,
  Word,
  WriteOptions,
} from './types.js';

/** A transcript that knows how to write itself. */
export class Result implements TranscriptionResult {
  readonly text: string;
  readonly language: string;
  declare readonly languageProbability?: number;
  readonly duration: number;
  readonly segments: Segment[];
  readonly coverage: CoverageSpan[];
  declare readonly speakers?: Speaker[];
  declare readonly turns?: SpeakerTurn[];
  declare readonly exclusiveTurns?: SpeakerTurn[];
  /** Set by the job when all of it is freed. */
  declare receipt: Receipt;
  #words: Word[] | undefined;

  constructor(transcript: Transcript) {
    this.text = transcript.text;
    this.language = transcript.language;
    if (transcript.languageProbability !== undefined) this.languageProbability = transcript.languageProbability;
    this.duration = transcript.duration;
    this.segments = transcript.segments;
    this.coverage = transcript.coverage;
    if (transcript.speakers !== undefined) this.speakers = transcript.speakers;
    if (transcript.turns !== undefined) this.turns = transcript.turns;
    if (transcript.exclusiveTurns !== undefined) this.exclusiveTurns = transcript.exclusiveTurns;
  }

  get words(): Word[] {
    this.#words ??= this.segments.flatMap((segment) => segment.words ?? []);
    return this.#words;
  }

  toText(): string {
    return this.format('txt');
  }

  toJSON(options?: WriteOptions): Receipted<Transcript> {
    return plain(this, wanted(this, options));
  }

  toSRT(): string {
    return this.format('srt');
  }

  toVTT(): string {
    return this.format('vtt');
  }

  toMarkdown(): string {
    return this.format('md');
  }

  toRTTM(uri?: string): string {
    return this.format('rttm', uri);
  }

  format(format: OutputFormat, uri?: string, options?: WriteOptions): string {
    return formatTranscript(this, format, uri, wanted(this, options));
  }

  async save(path: string, format?: OutputFormat, uri?: string, options?: WriteOptions): Promise<void> {
    await saveAtomically(path, this.format(format ?? chosenBy(path, OUTPUT_FORMATS), uri ?? nameIn(path), options));
  }
}

/** Who speaks when, and how to write it. */
export class SpeakerResult implements DiarizationResult {
  readonly duration: number;
  readonly speakers: Speaker[];
  readonly turns: SpeakerTurn[];
  readonly exclusiveTurns: SpeakerTurn[];
  /** Set by the job when all of it is freed. */
  declare receipt: Receipt;

  constructor({ duration, speakers, turns, exclusiveTurns }: Diarization) {
    this.duration = duration;
    this.speakers = speakers;
    this.turns = turns;
    this.exclusiveTurns = exclusiveTurns;
  }

  toRTTM(uri?: string): string {
    return this.format('rttm', uri);
  }

  toJSON(options?: WriteOptions): Receipted<Diarization> {
    return plainDiarization(this, wanted(this, options));
  }

  format(format: DiarizationFormat, uri?: string, options?: WriteOptions): string {
    return formatDiarization(this, format, uri, wanted(this, options));
  }

  async save(path: string, format?: DiarizationFormat, uri?: string, options?: WriteOptions): Promise<void> {
    const name = uri ?? nameIn(path);
    await saveAtomically(path, this.format(format ?? chosenBy(path, DIARIZATION_FORMATS), name, options));
  }
}

/** The receipt, where it is to be written. JSON.stringify calls toJSON with a key instead of options. */
function wanted({ receipt }: { receipt: Receipt }, options: WriteOptions | string | undefined): Receipt | undefined {
  return typeof options === 'object' && options?.receipt === true ? receipt : undefined;
}

function chosenBy<F extends string>(path: string, formats: readonly F[]): F {
  const format = formatOfPath(path, formats);
  if (format !== undefined) return format;
  const known = formats.map((name) => `.${name}`).join(', ');
  throw new HearkenError(
    'ERR_INVALID_ARG',
    `the extension of ${path} names no format: use one of ${known}, or give the format`,
  );
}

/** What a recording is called in a file: as the file is. */
const nameIn = (path: string): string | undefined => basename(path, extname(path)).trim() || undefined;
