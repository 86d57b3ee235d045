import type { Readable } from 'node:stream';
import type { DiarizationResult, DiarizeOptions } from '../types.js';
import type { Library } from './io.js';
import type { VoiceClip } from './parse.js';
import type { Reins, Task } from './task.js';
import { SharedSpeakers } from './voices.js';

/** Who speaks when, of each file. */
export class DiarizeTask implements Task<DiarizationResult> {
  readonly nothing = 'who speaks is known only at the end, nothing written';
  readonly #options: DiarizeOptions;
  readonly #speakers: SharedSpeakers;

  constructor(options: DiarizeOptions, voices?: readonly VoiceClip[]) {
    this.#options = options;
    this.#speakers = new SharedSpeakers(voices, options.threads);
  }

  prepare(...[library, several, reins]: Parameters<Task<DiarizationResult>['prepare']>): Promise<void> {
    return this.#speakers.prepare(library, several, reins);
  }

  async perform(library: Library, audio: string | Readable, reins: Reins): Promise<DiarizationResult> {
    return await library.diarize(audio, { ...this.#options, ...this.#speakers.options, ...reins });
  }

  close(): Promise<void> {
    return this.#speakers.close();
  }

  partial(): undefined {
    return undefined;
  }

  warning(): undefined {
    return undefined;
  }
}
