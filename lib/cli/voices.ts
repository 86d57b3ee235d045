import { HearkenError, toHearkenError } from '../errors.js';
import type { Diarizer, SpeakerOptions } from '../types.js';
import type { Library } from './io.js';
import type { VoiceClip } from './parse.js';
import type { Task } from './task.js';

/** What the files of a call share of their speakers: the nets, and the voices that are known by name. */
export class SharedSpeakers {
  readonly #clips: readonly VoiceClip[];
  readonly #threads: number | undefined;
  #diarizer: Diarizer | undefined;
  #voices: Record<string, number[]> | undefined;

  constructor(clips: readonly VoiceClip[] = [], threads?: number) {
    this.#clips = clips;
    this.#threads = threads;
  }

  /** Loads the nets where more than one job needs them, and gets to know the voices. */
  async prepare(library: Library, several: boolean, reins: Parameters<Task<unknown>['prepare']>[2]): Promise<void> {
    if (!several && this.#clips.length === 0) return;
    const { signal, show } = reins;
    const diarizer = await library.loadDiarizer({}, { signal });
    this.#diarizer = diarizer;
    const voices: [string, number[]][] = [];
    for (const { name, clip } of this.#clips) {
      const label = `voice of ${name}`;
      show(label);
      const options = { diarizer, signal, ...(this.#threads === undefined ? {} : { threads: this.#threads }) };
      try {
        const onProgress = show.bind(undefined, label);
        voices.push([name, await library.enroll(clip, { ...options, onProgress })]);
      } catch (cause) {
        const { code, message } = toHearkenError(cause);
        throw new HearkenError(code, `--voice ${name}=${clip}: ${message}`, { cause });
      }
    }
    if (voices.length > 0) this.#voices = Object.fromEntries(voices);
  }

  /** For each job. */
  get options(): Pick<SpeakerOptions, 'diarizer' | 'voices'> {
    return {
      ...(this.#diarizer === undefined ? {} : { diarizer: this.#diarizer }),
      ...(this.#voices === undefined ? {} : { voices: this.#voices }),
    };
  }

  async close(): Promise<void> {
    await this.#diarizer?.close();
  }
}
