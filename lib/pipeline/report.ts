import type { Progress } from '../types.js';
import { ProgressMeter } from './progress.js';

/** What the caller's own callback threw: it goes back to the caller as it is. */
export class CallbackFailure extends Error {}

/** Reports progress to a callback and as an event. Seconds of audio, from the start of the range. */
export class Reporter {
  readonly #meter = new ProgressMeter();
  readonly #callback: ((progress: Progress) => void) | undefined;
  readonly #emit: (event: { type: 'progress'; progress: Progress }) => Promise<void> | undefined;

  constructor(
    callback: ((progress: Progress) => void) | undefined,
    emit: (event: { type: 'progress'; progress: Progress }) => Promise<void> | undefined,
  ) {
    this.#callback = callback;
    this.#emit = emit;
  }

  async at(processed: number, total: number | undefined, force = false): Promise<void> {
    const progress = this.#meter.at(processed, total, force);
    if (!progress) return;
    try {
      this.#callback?.(progress);
    } catch (cause) {
      throw new CallbackFailure('onProgress failed', { cause });
    }
    await this.#emit({ type: 'progress', progress });
  }
}
