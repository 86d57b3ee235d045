// Sound for composed conversations: decoding, levels, a telephone's band, noise, WAV. The same samples on every machine.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { stop } from './common.mjs';

export const RATE = 16000;

/** A stream of numbers in [0, 1) that a seed fixes (mulberry32). */
export function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Samples of a recording in [-1, 1], mono, 16 kHz. */
export function decode(file) {
  const args = ['-v', 'error', '-i', file, '-ac', '1', '-ar', String(RATE), '-f', 's16le', '-'];
  const run = spawnSync('ffmpeg', args, { maxBuffer: 2 ** 30, stdio: ['ignore', 'pipe', 'inherit'] });
  if (run.error || run.status !== 0) stop(`ffmpeg could not decode ${file}; it is needed to compose the held-out set.`);
  return Float32Array.from({ length: run.stdout.length >> 1 }, (_, i) => run.stdout.readInt16LE(2 * i) / 32768);
}

export function meanSquare(samples, from = 0, to = samples.length) {
  let sum = 0;
  for (let i = from; i < to; i++) sum += samples[i] ** 2;
  return sum / Math.max(1, to - from);
}

/** Where between two samples it is quietest for 30 ms: the middle of that. */
export function quietest(samples, from, to) {
  const width = 0.03 * RATE;
  let best = { at: Math.round((from + to) / 2), power: Number.POSITIVE_INFINITY };
  for (let i = from; i + width <= to; i += 80) {
    const power = meanSquare(samples, i, i + width);
    if (power < best.power) best = { at: i + width / 2, power };
  }
  return best.at;
}

/** What a telephone lets through: 300 to 3400 Hz, by a windowed sinc of 255 taps. */
export function telephone(samples) {
  const half = 127;
  const low = (cut, n) => (n === 0 ? (2 * cut) / RATE : Math.sin((2 * Math.PI * cut * n) / RATE) / (Math.PI * n));
  const taps = Float64Array.from({ length: 2 * half + 1 }, (_, i) => {
    const hamming = 0.54 + 0.46 * Math.cos((Math.PI * (i - half)) / half);
    return (low(3400, i - half) - low(300, i - half)) * hamming;
  });
  const out = new Float32Array(samples.length);
  for (let i = 0; i < samples.length; i++) {
    let sum = 0;
    const last = Math.min(taps.length, i + half + 1);
    for (let k = Math.max(0, i + half + 1 - samples.length); k < last; k++) sum += taps[k] * samples[i + half - k];
    out[i] = sum;
  }
  return out;
}

/** Noise that falls by about 3 dB an octave, as rooms and fans do: white noise through five one-pole filters. */
export function pinkNoise(length, random) {
  const poles = [0.9989, 0.995, 0.97, 0.86, 0.55];
  const gains = [0.035, 0.075, 0.155, 0.31, 0.53];
  const state = poles.map(() => 0);
  const out = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    const white = random() + random() + random() - 1.5;
    for (let k = 0; k < poles.length; k++) {
      state[k] = poles[k] * state[k] + gains[k] * white;
      out[i] += state[k];
    }
  }
  return out;
}

/** Writes mono 16-bit PCM. */
export function writeWav(path, samples) {
  const wav = Buffer.alloc(44 + 2 * samples.length);
  wav.write('RIFF', 0);
  wav.writeUInt32LE(36 + 2 * samples.length, 4);
  wav.write('WAVEfmt ', 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(RATE, 24);
  wav.writeUInt32LE(2 * RATE, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36);
  wav.writeUInt32LE(2 * samples.length, 40);
  for (const [i, sample] of samples.entries()) {
    wav.writeInt16LE(Math.max(-32768, Math.min(32767, Math.round(sample * 32768))), 44 + 2 * i);
  }
  writeFileSync(path, wav);
}
