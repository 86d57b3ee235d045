import type { NativeState } from '../binding.js';
import { type IdleItem, idle, type Keeper } from '../resources/idle.js';

/**
 * The workers of one model that are not at work: kept for its next job, as making one means touching all of its memory for the
 * first time.
 */
export class StatePool {
  readonly #create: () => Promise<NativeState>;
  readonly #keeper: Keeper;
  readonly #usualBytes: number;
  readonly #resting = new Map<NativeState, IdleItem>();

  /** `usualBytes`: what a new one takes. One that grew, for more decoders or longer chunks, is not kept: jobs count on the usual. */
  constructor(create: () => Promise<NativeState>, keeper: Keeper, usualBytes: number) {
    this.#create = create;
    this.#keeper = keeper;
    this.#usualBytes = usualBytes;
  }

  /** One that rests, or a new one. */
  async take(): Promise<NativeState> {
    for (const [state, item] of this.#resting) {
      this.#resting.delete(state);
      if (idle.take(item)) return state;
    }
    return await this.#create();
  }

  /** Takes one back. Where none is kept, resolves when its memory is gone. */
  async give(state: NativeState): Promise<void> {
    if (state.byteSize > 1.05 * this.#usualBytes) return await state.close();
    const item: IdleItem = {
      what: 'a worker',
      keeper: this.#keeper,
      bytes: state.byteSize,
      counted: false,
      free: async () => {
        this.#resting.delete(state);
        await state.close();
      },
    };
    this.#resting.set(state, item);
    await idle.rest(item);
  }

  /** Frees those at rest. */
  async clear(): Promise<void> {
    const all = [...this.#resting];
    this.#resting.clear();
    await Promise.all(all.map(([state, item]) => (idle.take(item) ? state.close() : undefined)));
  }
}
