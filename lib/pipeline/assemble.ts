import type { NativeChunk, NativeSegment } from '../binding.js';
import { joinText } from '../formats/join.js';
import type { CoverageSpan, Segment, Transcript, Word } from '../types.js';
import { Coverage } from './coverage.js';
import { cutSegments, findSeam, overlapOf } from './merge.js';
import type { Decoded } from './scheduler.js';
import { seconds } from './time.js';

interface Held {
  decoded: Decoded;
  segments: NativeSegment[];
}

/**
 * Turns decoded chunks, in order, into the segments and the coverage of one result. Where a chunk ends in mid-speech, what it
 * says is held back until the next one is there, and the two are merged by their words.
 */
export class Assembly {
  readonly #coverage: Coverage;
  readonly #words: boolean;
  readonly #language: () => string;
  readonly segments: Segment[] = [];
  #held: Held | undefined;
  #end: number;
  /** Index of the chunk whose segments come next, … */
  #next = 0;
  /** … how many of its segments were handed out before it was done, … */
  #taken = 0;
  /** … and segments of windows that were done early, by chunk. */
  readonly #windows = new Map<number, NativeSegment[]>();

  constructor(begin: number, words: boolean, language: () => string) {
    this.#coverage = new Coverage(begin);
    this.#end = begin;
    this.#words = words;
    this.#language = language;
  }

  /** Samples that are accounted for, or at least decoded in order, from the start of the audio. */
  get position(): number {
    return Math.max(this.#coverage.position, this.#end);
  }

  /** Takes a window of a chunk that is still decoded; returns the segments that are final now. */
  early(chunk: NativeChunk, segments: NativeSegment[]): Segment[] {
    const windows = this.#windows.get(chunk.index) ?? [];
    this.#windows.set(chunk.index, windows);
    windows.push(...segments);
    if (chunk.index !== this.#next || this.#held || chunk.endsInSpeech) return [];
    const ready = windows.slice(this.#taken);
    this.#taken = windows.length;
    return this.#take(ready);
  }

  /** Takes the next chunk, done; returns the segments that are final now. */
  add(decoded: Decoded): Segment[] {
    let segments = decoded.result.segments.slice(this.#taken);
    let ready: NativeSegment[] = [];
    this.#windows.delete(decoded.chunk.index);
    this.#taken = 0;
    this.#next = decoded.chunk.index + 1;
    if (this.#held) {
      const first = this.#held;
      const seam = findSeam(
        first.segments,
        segments,
        first.decoded.chunk.owned.end,
        overlapOf(first.decoded.chunk, decoded.chunk),
      );
      ready = cutSegments(first.segments, seam.first);
      segments = cutSegments(segments, seam.second);
      this.#cover(first.decoded);
      this.#held = undefined;
    }
    if (decoded.chunk.endsInSpeech) {
      this.#held = { decoded, segments };
    } else {
      ready = ready.concat(segments);
      this.#cover(decoded);
    }
    return this.#take(ready);
  }

  /** What was held back when the audio, or the job, ended. */
  flush(): Segment[] {
    const held = this.#held;
    if (!held) return [];
    this.#held = undefined;
    this.#cover(held.decoded);
    return this.#take(held.segments);
  }

  /** Closes the coverage: the rest up to `end` was silent, or is missing for a reason. */
  finish(end: number, rest: 'silence' | 'aborted'): CoverageSpan[] {
    // Of a chunk that was not finished, what was handed out of it is decoded all the same.
    if (rest === 'aborted' && this.#end > this.#coverage.position) {
      this.#coverage.add(this.#coverage.position, this.#end, 'decoded');
    }
    this.#coverage.finish(end, rest);
    return this.#coverage.spans();
  }

  transcript(duration: number, coverage: CoverageSpan[], languageProbability?: number): Transcript {
    return {
      text: this.segments.reduce((text, segment) => joinText(text, segment.text), ''),
      language: this.#language(),
      ...(languageProbability === undefined ? {} : { languageProbability }),
      duration,
      segments: this.segments,
      coverage,
    };
  }

  #cover({ chunk, result }: Decoded): void {
    this.#coverage.add(chunk.owned.begin, chunk.owned.end, 'decoded');
    for (const remark of result.remarks) {
      const begin = Math.max(remark.begin, chunk.owned.begin);
      const end = Math.min(remark.end, chunk.owned.end);
      if (end > begin) this.#coverage.remark(begin, end, remark.status, remark.reason);
    }
  }

  #take(ready: NativeSegment[]): Segment[] {
    const out: Segment[] = [];
    for (const native of ready) {
      // Two chunks see an overlap each for itself; in the result time only goes forward.
      const begin = Math.max(native.begin, this.#end);
      const end = Math.max(native.end, begin);
      this.#end = end;
      const segment: Segment = {
        id: this.segments.length,
        start: seconds(begin),
        end: seconds(end),
        text: native.text,
        avgLogprob: round4(native.avgLogprob),
        noSpeechProb: round4(native.noSpeechProb),
        language: this.#language(),
      };
      if (this.#words) segment.words = native.words.map((word) => this.#word(word, begin));
      this.segments.push(segment);
      out.push(segment);
    }
    return out;
  }

  #word(word: NativeSegment['words'][number], from: number): Word {
    const begin = Math.max(word.begin, from);
    return {
      start: seconds(begin),
      end: seconds(Math.max(word.end, begin)),
      text: word.text,
      probability: round4(word.probability),
    };
  }
}

const round4 = (value: number) => Math.round(value * 1e4) / 1e4;
