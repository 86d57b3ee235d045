import type { Readable } from 'node:stream';
import type { TranscribeOptions, TranscriptionResult, WhisperModel } from '../types.js';
import type { Library } from './io.js';
import type { VoiceClip } from './parse.js';
import { shortTime } from './progress.js';
import type { Reins, Task } from './task.js';
import { SharedSpeakers } from './voices.js';

/** A transcript of each file. */
export class TranscribeTask implements Task<TranscriptionResult> {
  readonly nothing = 'nothing transcribed yet, nothing written';
  readonly #options: TranscribeOptions;
  readonly #speakers: SharedSpeakers;
  #model: WhisperModel | undefined;

  constructor(options: TranscribeOptions, voices?: readonly VoiceClip[]) {
    this.#options = options;
    this.#speakers = new SharedSpeakers(voices);
  }

  async prepare(...[library, several, reins]: Parameters<Task<TranscriptionResult>['prepare']>): Promise<void> {
    const { model, offline, diarize } = this.#options;
    if (diarize !== false) await this.#speakers.prepare(library, several, reins);
    if (!several) return;
    this.#model = await library.loadWhisperModel(model as string | undefined, {
      signal: reins.signal,
      ...(offline === undefined ? {} : { offline }),
    });
  }

  async perform(library: Library, audio: string | Readable, reins: Reins): Promise<TranscriptionResult> {
    const model = this.#model === undefined ? {} : { model: this.#model };
    return await library.transcribeChunked(audio, {
      ...this.#options,
      ...model,
      ...this.#speakers.options,
      ...reins,
    });
  }

  async close(): Promise<void> {
    await this.#model?.close();
    await this.#speakers.close();
  }

  /** How far the text goes without a hole, in seconds from the start of the audio. */
  partial(error: unknown): { result: TranscriptionResult; reached: number } | undefined {
    const result = (error as { partial?: TranscriptionResult }).partial;
    if (result === undefined || result.segments.length === 0) return undefined;
    const hole = result.coverage.find(({ status }) => status === 'aborted');
    return { result, reached: hole?.start ?? result.segments.at(-1)?.end ?? 0 };
  }

  /** Nothing is lost silently: what has no text though there was something to hear. */
  warning({ coverage }: TranscriptionResult): string | undefined {
    const lost = coverage.filter(({ status }) => status === 'failed' || status === 'suppressed');
    if (lost.length === 0) return undefined;
    const seconds = lost.reduce((sum, { start, end }) => sum + end - start, 0);
    const first = lost.slice(0, 3).map(({ start, end, status, reason }) => {
      return `${shortTime(start)}–${shortTime(end)} ${status}${reason === undefined ? '' : ` (${reason})`}`;
    });
    if (lost.length > first.length) first.push(`and ${lost.length - first.length} more`);
    return `${seconds.toFixed(1)} s without text: ${first.join(', ')}`;
  }
}
