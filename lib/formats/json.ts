import type { Receipt } from '../memory.js';
import type {
  CoverageSpan,
  Diarization,
  Receipted,
  Segment,
  Speaker,
  SpeakerTurn,
  Transcript,
  Word,
} from '../types.js';
import { toMs } from './time.js';

// Keys are written out one by one: their order, and so the bytes, must not depend on how a segment came to be.

const time = (seconds: number) => toMs(seconds) / 1000;
/** Four decimals; the sum takes the sign off a negative zero. */
const four = (value: number) => Math.round(value * 1e4) / 1e4 + 0;
/** Six decimals: a cosine of two voices stays what it was to the fifth. */
const six = (value: number) => Math.round(value * 1e6) / 1e6 + 0;

function word({ start, end, text, probability, speaker }: Word): Word {
  return {
    start: time(start),
    end: Math.max(time(start), time(end)),
    text: text.trim(),
    probability: four(probability),
    ...(speaker === undefined ? {} : { speaker }),
  };
}

function segment({ id, start, end, text, speaker, avgLogprob, noSpeechProb, language, words }: Segment): Segment {
  return {
    id,
    start: time(start),
    end: Math.max(time(start), time(end)),
    ...(speaker === undefined ? {} : { speaker }),
    text: text.trim(),
    avgLogprob: four(avgLogprob),
    noSpeechProb: four(noSpeechProb),
    language,
    ...(words === undefined ? {} : { words: words.map(word) }),
  };
}

function span({ start, end, status, reason }: CoverageSpan): CoverageSpan {
  return {
    start: time(start),
    end: Math.max(time(start), time(end)),
    status,
    ...(reason === undefined ? {} : { reason }),
  };
}

function turn({ start, end, speaker }: SpeakerTurn): SpeakerTurn {
  return { start: time(start), end: Math.max(time(start), time(end)), speaker };
}

function person({ label, seconds, embedding }: Speaker): Speaker {
  return { label, seconds: time(seconds), embedding: Array.from(embedding, six) };
}

/** What a job took: whole bytes, seconds to the millisecond. */
function plainReceipt(receipt: Receipt): Receipt {
  const { rssBefore, rssPeak, rssAfter, nativePeak, limit, workers, evictions, chunks, reusedChunks } = receipt;
  const { weights, states, audio, diarization, total } = nativePeak;
  return {
    rssBefore,
    rssPeak,
    rssAfter,
    nativePeak: { weights, states, audio, diarization, total },
    limit,
    workers,
    evictions,
    audioSeconds: time(receipt.audioSeconds),
    chunks,
    reusedChunks,
    wallSeconds: time(receipt.wallSeconds),
    cpuSeconds: time(receipt.cpuSeconds),
  };
}

/** Last: it differs from run to run, and all before it does not. */
const withReceipt = <T extends object>(data: T, receipt: Receipt | undefined): Receipted<T> =>
  receipt === undefined ? data : { ...data, receipt: plainReceipt(receipt) };

/**
 * A copy as it is written: keys in order, times in milliseconds, probabilities to four decimals, texts trimmed. Speakers and
 * turns come last: their many numbers would hide the text.
 */
export function plain(transcript: Transcript, receipt?: Receipt): Receipted<Transcript> {
  const { text, language, languageProbability, duration, segments, coverage } = transcript;
  const { speakers, turns, exclusiveTurns } = transcript;
  const data = {
    text: text.trim(),
    language,
    ...(languageProbability === undefined ? {} : { languageProbability: four(languageProbability) }),
    duration: time(duration),
    segments: segments.map(segment),
    coverage: coverage.map(span),
    ...(speakers === undefined ? {} : { speakers: speakers.map(person) }),
    ...(turns === undefined ? {} : { turns: turns.map(turn) }),
    ...(exclusiveTurns === undefined ? {} : { exclusiveTurns: exclusiveTurns.map(turn) }),
  };
  return withReceipt(data, receipt);
}

/** Who speaks when, likewise. */
export function plainDiarization(diarization: Diarization, receipt?: Receipt): Receipted<Diarization> {
  const { duration, speakers, turns, exclusiveTurns } = diarization;
  const data = {
    duration: time(duration),
    speakers: speakers.map(person),
    turns: turns.map(turn),
    exclusiveTurns: exclusiveTurns.map(turn),
  };
  return withReceipt(data, receipt);
}

const text = (data: object) => `${JSON.stringify(data, null, 2)}\n`;

/** JSON of a transcript, two spaces deep: the same bytes for the same transcript. */
export function toJSONText(transcript: Transcript, receipt?: Receipt): string {
  return text(plain(transcript, receipt));
}

/** JSON of who speaks when, likewise. */
export function diarizationJSON(diarization: Diarization, receipt?: Receipt): string {
  return text(plainDiarization(diarization, receipt));
}
