import type { NativeMemory } from '../memory.js';

export type Part = Exclude<keyof NativeMemory, 'total'>;

/** The categories of native memory from the bottom of the picture up, and what they are called. */
export const PARTS: readonly { key: Part; label: string; what: string }[] = [
  { key: 'weights', label: 'Whisper models', what: 'weights' },
  { key: 'states', label: 'Workers', what: 'key-value caches and compute buffers' },
  { key: 'diarization', label: 'Speakers', what: 'the nets that tell them apart' },
  { key: 'audio', label: 'Audio', what: 'read and not decoded yet' },
];

export const REST = { label: 'Everything else', what: 'Node.js, the JavaScript heap, code, stacks' };
