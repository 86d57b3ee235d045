import { HearkenError } from './errors.js';
import { formatOfPath, formatTranscript, OUTPUT_FORMATS } from './formats/index.js';
import { plain } from './formats/json.js';
import { saveAtomically } from './save.js';
import type { CoverageSpan, OutputFormat, Segment, Transcript, TranscriptionResult, Word } from './types.js';

/** A transcript that knows how to write itself. */
export class Result implements TranscriptionResult {
  readonly text: string;
  readonly language: string;
  declare readonly languageProbability?: number;
  readonly duration: number;
  readonly segments: Segment[];
  readonly coverage: CoverageSpan[];
  #words: Word[] | undefined;

  constructor(transcript: Transcript) {
    this.text = transcript.text;
    this.language = transcript.language;
    if (transcript.languageProbability !== undefined) this.languageProbability = transcript.languageProbability;
    this.duration = transcript.duration;
    this.segments = transcript.segments;
    this.coverage = transcript.coverage;
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

  format(format: OutputFormat): string {
    return formatTranscript(this, format);
  }

  async save(path: string, format?: OutputFormat): Promise<void> {
    const chosen = format ?? formatOfPath(path);
    if (chosen === undefined) {
      const known = OUTPUT_FORMATS.map((name) => `.${name}`).join(', ');
      throw new HearkenError(
        'ERR_INVALID_ARG',
        `the extension of ${path} names no format: use one of ${known}, or give the format`,
      );
    }
    await saveAtomically(path, this.format(chosen));
  }
}
