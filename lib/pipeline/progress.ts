import type { Progress } from '../types.js';

const INTERVAL_MS = 100;

/** Turns positions into progress reports, at most ten a second, and one at the end. */
export class ProgressMeter {
  readonly #began = performance.now();
  #last = Number.NEGATIVE_INFINITY;

  /** A report if one is due. Seconds of audio, from the start of the range. */
  at(processed: number, total: number | undefined, force = false): Progress | undefined {
    const now = performance.now();
    if (!force && now - this.#last < INTERVAL_MS) return undefined;
    this.#last = now;
    const elapsed = (now - this.#began) / 1000;
    const speed = elapsed > 0 ? processed / elapsed : 0;
    return {
      fraction: total === undefined ? undefined : total > 0 ? Math.min(1, processed / total) : 1,
      processed,
      total,
      elapsed,
      eta: total === undefined || speed === 0 ? undefined : Math.max(0, (total - processed) / speed),
      speed,
    };
  }
}
