import { SAMPLE_RATE } from '../audio/source.js';

/** Seconds of a sample position, to the millisecond: what a result says is what every format can write. */
export function seconds(samples: number): number {
  return Math.round((samples * 1000) / SAMPLE_RATE) / 1000;
}

export function samples(seconds: number): number {
  return Math.round(seconds * SAMPLE_RATE);
}
