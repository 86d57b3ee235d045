import { binding, type NativeAddon } from '../binding.js';
import type { NativeMemory } from '../memory.js';

export const NO_NATIVE_MEMORY: NativeMemory = { weights: 0, states: 0, audio: 0, diarization: 0, total: 0 };

/** Native bytes held by the process. */
export function nativeMemory(addon: NativeAddon = binding()): NativeMemory {
  const { weights, states, audio, diarization } = addon.memory();
  return {
    weights: weights.bytes,
    states: states.bytes,
    audio: audio.bytes,
    diarization: diarization.bytes,
    total: weights.bytes + states.bytes + audio.bytes + diarization.bytes,
  };
}

/** Bytes of weights that this thread has loaded, by the handle's ticket. A ticket refers to no handle: that could never be collected. */
class Weights {
  readonly #held = new Map<object, number>();

  get bytes(): number {
    return [...this.#held.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  add(bytes: number): object {
    const ticket = {};
    this.#held.set(ticket, bytes);
    return ticket;
  }

  remove(ticket: object): void {
    this.#held.delete(ticket);
  }
}

export const weights = new Weights();
