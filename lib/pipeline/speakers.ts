import { joinText } from '../formats/join.js';
import type { Segment, SpeakerTurn, Word } from '../types.js';

// Who said which word. The times of words come from the decoder and those of turns from another net; either may be off by a
// tenth of a second or more, above all at a change of speaker, where the decoder stretches the last word over the pause.
// Overlap decides; where it decides narrowly, the sentence has a say.

/** A word belongs clearly to its speaker if their turns cover at least this share of it … */
const CLEAR_OWN = 0.8;
/** … and the other's at most this one. */
const CLEAR_OTHER = 0.2;
/** In overlapped speech the speaker of the word before goes on if their turns cover this share of what the best one's do. */
const GOES_ON = 0.8;
/** An island is one word, or words that together are shorter than this. Seconds. */
const SHORT_ISLAND = 0.3;
/** So many words may go over to the other side of a sentence's end. */
const MOST_MOVED = 2;
/** After such a pause a sentence begins anew, whatever stands before it. Seconds. */
const LONG_PAUSE = 1;
/** Less than any time in a result: sums of rounded times are not exact. */
const EPSILON = 1e-6;

const SENTENCE_END = /[.!?…。！？।؟]["'”’»)\]]*$/u;

interface Span {
  start: number;
  end: number;
}

/** The turns of one speaker, without overlaps, in order. */
class Track {
  readonly #spans: Span[] = [];

  constructor(readonly speaker: string) {}

  /** Turns come in order of their starts. */
  add({ start, end }: SpeakerTurn): void {
    const last = this.#spans.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else this.#spans.push({ start, end });
  }

  /** Index of the first span that ends after a time. */
  #after(time: number): number {
    let low = 0;
    let high = this.#spans.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#spans[middle] as Span).end > time) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Seconds of the stretch that this speaker speaks. */
  overlap({ start, end }: Span): number {
    let sum = 0;
    for (let i = this.#after(start); i < this.#spans.length; i++) {
      const span = this.#spans[i] as Span;
      if (span.start >= end) break;
      sum += Math.min(end, span.end) - Math.max(start, span.start);
    }
    return sum;
  }

  /** Seconds to the nearest span; 0 inside of one. */
  distance({ start, end }: Span): number {
    const next = this.#after(start);
    const before = this.#spans[next - 1];
    const after = this.#spans[next];
    return Math.min(
      before === undefined ? Number.POSITIVE_INFINITY : start - before.end,
      after === undefined ? Number.POSITIVE_INFINITY : Math.max(0, after.start - end),
    );
  }
}

/** Tracks in order of first speech. What has no length, or no number, is no turn. */
function tracksOf(turns: readonly SpeakerTurn[]): Map<string, Track> {
  const tracks = new Map<string, Track>();
  const valid = turns.filter(({ start, end }) => end > start);
  for (const turn of valid.sort((a, b) => a.start - b.start)) {
    const track = tracks.get(turn.speaker) ?? new Track(turn.speaker);
    tracks.set(turn.speaker, track);
    track.add(turn);
  }
  return tracks;
}

/** Whose a stretch is: most overlap; none: the nearest turn; where people speak at once, who spoke before goes on. */
function trackAt(span: Span, tracks: Map<string, Track>, previous: Track | undefined): Track {
  let best: Track | undefined;
  let most = 0;
  for (const track of tracks.values()) {
    const overlap = track.overlap(span);
    if (overlap > most + EPSILON) {
      most = overlap;
      best = track;
    }
  }
  if (best !== undefined) {
    if (previous === undefined || previous === best) return best;
    const before = previous.overlap(span);
    const atOnce = before + most > span.end - span.start + EPSILON;
    return before >= most - EPSILON || (atOnce && before >= GOES_ON * most) ? previous : best;
  }
  let nearest = previous;
  let least = previous?.distance(span) ?? Number.POSITIVE_INFINITY;
  for (const track of tracks.values()) {
    const distance = track.distance(span);
    if (distance < least - EPSILON) {
      least = distance;
      nearest = track;
    }
  }
  return nearest as Track;
}

interface Spoken {
  word: Word;
  segment: number;
  track: Track;
}

const endsSentence = (spoken: Spoken | undefined): boolean =>
  spoken === undefined || SENTENCE_END.test(spoken.word.text.trim());

/** The turns leave no doubt that these words, of one speaker, are not the other's. */
function areClear(words: readonly Spoken[], other: Track): boolean {
  const sum = (of: (word: Word, track: Track) => number) =>
    words.reduce((all, one) => all + of(one.word, one.track), 0);
  const length = sum(({ start, end }) => end - start);
  if (length <= 0) return words.every(({ word, track }) => track.distance(word) === 0 && other.distance(word) > 0);
  return (
    sum((word, track) => track.overlap(word)) >= CLEAR_OWN * length - EPSILON &&
    sum((word) => other.overlap(word)) <= CLEAR_OTHER * length + EPSILON
  );
}

/**
 * A change of speaker within a word or two of a sentence's end belongs there, unless the turns say clearly that it does not.
 * Words change sides, never a whole run: what somebody said in between is kept.
 */
function snapToSentences(all: Spoken[]): void {
  for (let i = 1; i < all.length; i++) {
    const before = (all[i - 1] as Spoken).track;
    const after = (all[i] as Spoken).track;
    const pause = (all[i] as Spoken).word.start - (all[i - 1] as Spoken).word.end;
    if (before === after || pause > LONG_PAUSE || endsSentence(all[i - 1])) continue;
    for (let moved = 1; moved <= MOST_MOVED; moved++) {
      const tail = all.slice(i, i + moved);
      if (canMove(tail, after, before) && endsSentence(tail.at(-1)) && all[i + moved]?.track === after) {
        for (const spoken of tail) spoken.track = before;
        break;
      }
      const head = i >= moved ? all.slice(i - moved, i) : [];
      if (canMove(head, before, after) && endsSentence(all[i - moved - 1]) && all[i - moved - 1]?.track === before) {
        for (const spoken of head) spoken.track = after;
        break;
      }
    }
  }
}

const canMove = (words: Spoken[], from: Track, to: Track): boolean =>
  words.length > 0 && words.every((spoken) => spoken.track === from && !areClear([spoken], to));

/** A word that stands alone between words of one other speaker, and is only just not theirs, is theirs. */
function drownIslands(all: Spoken[]): void {
  for (let i = 1; i < all.length; ) {
    const { track, segment } = all[i] as Spoken;
    let end = i + 1;
    while (end < all.length && all[end]?.track === track) end++;
    const island = all.slice(i, end);
    const before = all[i - 1] as Spoken;
    const after = all[end];
    const isWithin = before.segment === segment && after?.segment === segment;
    const isShort =
      island.length === 1 || (island.at(-1) as Spoken).word.end - (all[i] as Spoken).word.start < SHORT_ISLAND;
    // A sentence of its own, such as "Yes.", is what somebody else would say; it only needs a turn to be theirs.
    const isSentence = endsSentence(before) && endsSentence(island.at(-1));
    const surrounded = isWithin && isShort && before.track !== track && before.track === after?.track;
    if (surrounded) {
      const kept = isSentence ? island.some(({ word }) => track.overlap(word) > 0) : areClear(island, before.track);
      if (!kept) for (const spoken of island) spoken.track = before.track;
    }
    i = end;
  }
}

/** Where each word begins in its segment's text, or undefined where the text is not made of the words. */
function positions(text: string, words: readonly Word[]): number[] | undefined {
  const found: number[] = [];
  let from = 0;
  for (const word of words) {
    const piece = word.text.trim();
    const at = text.indexOf(piece, from);
    if (at < 0 || /\S/.test(text.slice(from, at))) return undefined;
    found.push(at);
    from = at + piece.length;
  }
  return found;
}

/** A segment as one for each run of a speaker. Its text is cut, not written anew: only the text knows where spaces belong. */
function split(segment: Segment, spoken: readonly Spoken[]): Segment[] {
  const words = spoken.map(({ word, track }) => ({ ...word, speaker: track.speaker }));
  const starts = words.flatMap((word, i) => (i === 0 || words[i - 1]?.speaker !== word.speaker ? [i] : []));
  const places = starts.length > 1 ? positions(segment.text, words) : undefined;
  let reached = segment.start;
  return starts.map((first, run) => {
    const next = starts[run + 1];
    const part = words.slice(first, next);
    const isLast = next === undefined;
    const start = run === 0 ? segment.start : Math.min(segment.end, Math.max(reached, (part[0] as Word).start));
    const end = isLast ? segment.end : Math.min(segment.end, (part.at(-1) as Word).end);
    reached = Math.max(start, end);
    let text = segment.text;
    if (places !== undefined)
      text = text.slice(run === 0 ? 0 : places[first], isLast ? undefined : places[next]).trim();
    else if (starts.length > 1) text = part.reduce((joined, word) => joinText(joined, word.text.trim()), '');
    return { ...segment, start, end: reached, text, words: part, speaker: (part[0] as Word).speaker as string };
  });
}

/**
 * Gives every word and segment its speaker, and splits segments where the speaker changes. No word is lost or moved; what is
 * given is left as it was. Without turns nobody is known, and the segments come back without speakers.
 */
export function attribute(segments: readonly Segment[], turns: readonly SpeakerTurn[]): Segment[] {
  const tracks = tracksOf(turns);
  if (tracks.size === 0) return segments.map((segment, id) => ({ ...segment, id }));
  const all: Spoken[] = [];
  const bare = new Map<number, Track>();
  let previous: Track | undefined;
  for (const [index, segment] of segments.entries()) {
    if (segment.words === undefined || segment.words.length === 0) {
      previous = trackAt(segment, tracks, previous);
      bare.set(index, previous);
    }
    for (const word of segment.words ?? []) {
      previous = trackAt(word, tracks, previous);
      all.push({ word, segment: index, track: previous });
    }
  }
  snapToSentences(all);
  drownIslands(all);
  const out: Segment[] = [];
  let from = 0;
  for (const [index, segment] of segments.entries()) {
    const track = bare.get(index);
    if (track !== undefined) out.push({ ...segment, speaker: track.speaker });
    else {
      const to = from + (segment.words as Word[]).length;
      out.push(...split(segment, all.slice(from, to)));
      from = to;
    }
  }
  return out.map((segment, id) => ({ ...segment, id }));
}
