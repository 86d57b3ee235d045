import { basename, extname } from 'node:path';
import { HearkenError } from './errors.js';
import { formatOfPath, formatTranscript, OUTPUT_FORMATS } from './formats/index.js';
import { plain } from './formats/json.js';
import { saveAtomically } from './save.js';
import type {
  CoverageSpan,
  OutputFormat,
  Segment,
  Speaker,
  SpeakerTurn,
  Transcript,
  TranscriptionResult,
  Word,
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

  toJSON(): Transcript {
    return plain(this);
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

  format(format: OutputFormat, uri?: string): string {
    return formatTranscript(this, format, uri);
  }

  async save(path: string, format?: OutputFormat, uri?: string): Promise<void> {
    const chosen = format ?? formatOfPath(path);
    if (chosen === undefined) {
      const known = OUTPUT_FORMATS.map((name) => `.${name}`).join(', ');
      throw new HearkenError(
        'ERR_INVALID_ARG',
        `the extension of ${path} names no format: use one of ${known}, or give the format`,
      );
    }
    const stem = basename(path, extname(path)).trim();
    await saveAtomically(path, this.format(chosen, uri ?? (stem || undefined)));
  }
}
