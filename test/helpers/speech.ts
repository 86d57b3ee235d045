import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

// Speech to test with, and what random tests need. Child processes import this: nothing of ava's may be in it.

/** The checkout, seen from dist/test/helpers. */
const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

export const JFK = join(ROOT, 'examples', 'jfk.wav');
export const JFK_TEXT =
  'And so, my fellow Americans, ask not what your country can do for you, ask what you can do for your country.';
export const JFK_SECONDS = 11;
export const RATE = 16_000;

/** Rounds of a soak test: few in an ordinary run, many with HEARKEN_LONG=1. */
export const rounds = (few: number, many: number): number => (process.env.HEARKEN_LONG === '1' ? many : few);

/** Three voices that take turns; examples/conversation.rttm says when. */
export const CONVERSATION = join(ROOT, 'examples', 'conversation.wav');
export const CONVERSATION_SECONDS = 33.27;

/** Samples of JFK's clip: a wav of 16 bit, 16 kHz, mono. */
export function jfkSamples(): Float32Array {
  return samplesOf(jfkPcm());
}

export function conversationSamples(): Float32Array {
  return samplesOf(pcmOf(CONVERSATION));
}

function samplesOf(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.byteLength / 2 }, (_, i) => view.getInt16(2 * i, true) / 32768);
}

/** The data chunk of JFK's clip. */
export function jfkPcm(): Uint8Array {
  return pcmOf(JFK);
}

function pcmOf(path: string): Uint8Array {
  const file = readFileSync(path);
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
