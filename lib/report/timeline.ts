import type { MemorySample } from '../memory.js';
import { MOST_SAMPLES } from './types.js';

/** What of a stretch is kept: that which comes first in one of these orders. */
const EXTREMES: readonly ((a: MemorySample, b: MemorySample) => number)[] = [
  (a, b) => b.rss - a.rss,
  (a, b) => a.rss - b.rss,
  (a, b) => b.native.total - a.native.total,
  (a, b) => b.workers - a.workers,
  (a, b) => a.workers - b.workers,
];

/** The first and the last sample of all are kept too. */
const MOST_STRETCHES = Math.floor((MOST_SAMPLES - 2) / EXTREMES.length);

interface Stretch {
  /** How many samples it stands for. */
  count: number;
  kept: MemorySample[];
}

/**
 * Samples over any length in bounded memory. Stretches of equally many samples each keep their extremes, so that no peak is lost;
 * when there are too many, neighbours become one.
 */
export class Timeline {
  #stretches: Stretch[] = [];
  #size = 1;
  #first: MemorySample | undefined;
  #last: MemorySample | undefined;

  add(sample: MemorySample): void {
    this.#first ??= sample;
    this.#last = sample;
    const open = this.#stretches.at(-1);
    if (open && open.count < this.#size) {
      open.count++;
      open.kept = extremes([...open.kept, sample]);
      return;
    }
    if (this.#stretches.length === MOST_STRETCHES) this.#halve();
    this.#stretches.push({ count: 1, kept: [sample] });
  }

  /** In order of time. */
  samples(): MemorySample[] {
    const ends = [this.#first, this.#last].filter((sample) => sample !== undefined);
    const all = new Set([...ends.slice(0, 1), ...this.#stretches.flatMap(({ kept }) => kept), ...ends.slice(1)]);
    // The sort is stable: of samples at one moment, the first stays the first.
    return [...all].sort((a, b) => a.seconds - b.seconds);
  }

  #halve(): void {
    this.#size *= 2;
    const halved: Stretch[] = [];
    for (let i = 0; i < this.#stretches.length; i += 2) {
      const pair = this.#stretches.slice(i, i + 2);
      halved.push({
        count: pair.reduce((sum, { count }) => sum + count, 0),
        kept: extremes(pair.flatMap(({ kept }) => kept)),
      });
    }
    this.#stretches = halved;
  }
}

function extremes(samples: readonly MemorySample[]): MemorySample[] {
  const kept = EXTREMES.map((order) => samples.reduce((best, sample) => (order(sample, best) < 0 ? sample : best)));
  return samples.filter((sample) => kept.includes(sample));
}
