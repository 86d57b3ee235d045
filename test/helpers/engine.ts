import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { binding } from '../../lib/binding.js';
import type { HearkenError, HearkenErrorCode } from '../../lib/errors.js';
import type { Segment, Transcript } from '../../lib/types.js';
import { REPO } from './shared.js';
import { wordErrors } from './wer.js';

export const JFK = join(REPO, 'examples', 'jfk.wav');
export const JFK_TEXT =
  'And so, my fellow Americans, ask not what your country can do for you, ask what you can do for your country.';
export const JFK_SECONDS = 11;
export const RATE = 16_000;

/** Rounds of a soak test: few in an ordinary run, many with HEARKEN_LONG=1. */
export const rounds = (few: number, many: number): number => (process.env.HEARKEN_LONG === '1' ? many : few);

/** Samples of JFK's clip: a wav of 16 bit, 16 kHz, mono. */
export function jfkSamples(): Float32Array {
  const bytes = jfkPcm();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.byteLength / 2 }, (_, i) => view.getInt16(2 * i, true) / 32768);
}

/** The data chunk of JFK's clip. */
export function jfkPcm(): Uint8Array {
  const file = readFileSync(JFK);
  const data = file.indexOf('data', 12, 'latin1');
  return file.subarray(data + 8, data + 8 + file.readUInt32LE(data + 4));
}

/** A small generator of numbers from 0 to 1: what a seed gave once it gives again. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  };
}

/** JFK's clip again and again with pauses of different lengths, and noise if wanted. */
export function repeatedSpeech(times: number, noise = 0): Float32Array {
  const clip = jfkSamples();
  const next = random(7);
  const pauses = Array.from({ length: times }, (_, i) => Math.round(RATE * (0.3 + 0.7 * i)));
  const all = new Float32Array(times * clip.length + pauses.reduce((sum, n) => sum + n, 0));
  let at = 0;
  for (const pause of pauses) {
    all.set(clip, at);
    at += clip.length + pause;
  }
  if (noise > 0) for (let i = 0; i < all.length; i++) all[i] = (all[i] as number) + noise * (2 * next() - 1);
  return all;
}

/** Nothing native is left: no job, model, state, planner, and not a byte. */
export function assertIdle(t: ExecutionContext, message = 'nothing native is left'): void {
  const { liveJobs, liveModels, liveStates, livePlanners } = binding().counters();
  t.deepEqual(
    { liveJobs, liveModels, liveStates, livePlanners, ...nativeBytes() },
    { liveJobs: 0, liveModels: 0, liveStates: 0, livePlanners: 0, weights: 0, states: 0, audio: 0, diarization: 0 },
    message,
  );
}

export function nativeBytes(): Record<string, number> {
  return Object.fromEntries(Object.entries(binding().memory()).map(([kind, { bytes }]) => [kind, bytes]));
}

/** What every transcript keeps: segments and words in order, inside the range, not overlapping; coverage without gaps. */
export function assertSound(t: ExecutionContext, transcript: Transcript, range?: { start: number; end: number }): void {
  const { start, end } = range ?? { start: 0, end: transcript.duration };
  let at = start;
  transcript.segments.forEach((segment: Segment, id) => {
    t.is(segment.id, id);
    t.true(segment.start >= at, `segment ${id} begins at ${segment.start}, before ${at}`);
    t.true(segment.end >= segment.start && segment.end <= end, `segment ${id} ends at ${segment.end} of ${end}`);
    t.not(segment.text.trim(), '');
    t.true(Number.isFinite(segment.avgLogprob) && segment.avgLogprob <= 0, `avgLogprob ${segment.avgLogprob}`);
    t.true(segment.noSpeechProb >= 0 && segment.noSpeechProb <= 1, `noSpeechProb ${segment.noSpeechProb}`);
    let wordAt = segment.start;
    for (const word of segment.words ?? []) {
      t.true(word.start >= wordAt, `"${word.text}" begins at ${word.start}, before ${wordAt}`);
      t.true(word.end >= word.start && word.end <= segment.end, `"${word.text}" ends at ${word.end} of ${segment.end}`);
      t.true(word.probability >= 0 && word.probability <= 1, `probability ${word.probability}`);
      wordAt = word.end;
    }
    at = segment.end;
  });
  let covered = start;
  for (const span of transcript.coverage) {
    t.is(span.start, covered, `a gap or an overlap in the coverage at ${covered}`);
    t.true(span.end > span.start, `an empty span at ${span.start}`);
    covered = span.end;
  }
  t.is(covered, end, 'the coverage reaches to the end');
}

/** Word error rate of a hypothesis, as a share. */
export function errorRate(reference: string, hypothesis: string, language = 'en'): number {
  const { errors, words } = wordErrors(reference, hypothesis, language);
  return errors / Math.max(1, words);
}

/** Rejects with a HearkenError of this code, whose message is there for people. */
export async function rejects(
  t: ExecutionContext,
  code: HearkenErrorCode,
  run: () => PromiseLike<unknown> | unknown,
  message?: string,
): Promise<HearkenError> {
  const error = await t.throwsAsync(async () => run(), { name: 'HearkenError' }, message);
  t.is((error as HearkenError | undefined)?.code, code, `${message ?? ''} ${error?.message}`);
  t.regex(error?.message ?? '', /\w+ \w+/);
  return error as HearkenError;
}
