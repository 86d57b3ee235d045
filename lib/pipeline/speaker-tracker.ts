import type { NativeAddon, NativeCancelToken, NativeDiarization, NativeTurn } from '../binding.js';
import type { LoadedDiarizer } from '../models/diarizer.js';
import { resolveVadModel } from '../models/resolve.js';
import type { SpeakerTrack, SpeakerTurn } from '../types.js';
import type { SpeakerJob } from './speaker-options.js';
import { seconds } from './time.js';
import { labelled, labelOf, TurnList } from './voices.js';

/**
 * Follows who speaks while a job reads its audio: provisional turns as they are decided, the final ones at the end. All
 * samples are of the whole audio here; the native side counts from the beginning of the range.
 */
export class SpeakerTracker {
  readonly #native: NativeDiarization;
  readonly #addon: NativeAddon;
  readonly #cancel: NativeCancelToken;
  readonly #begin: number;
  readonly #job: SpeakerJob;
  readonly #waiting: (() => void)[] = [];
  readonly #turns = new TurnList();
  #decided: number;
  #ended = false;
  #running: Promise<void> | undefined;
  #failure: { error: unknown } | undefined;

  /** `begin`: the first sample that will be fed. */
  static async open(
    addon: NativeAddon,
    diarizer: LoadedDiarizer,
    job: SpeakerJob,
    options: { begin: number; threads: number },
    cancel: NativeCancelToken,
  ): Promise<SpeakerTracker> {
    const { threads, begin } = options;
    const { channels } = job;
    const vadModel = channels ? await resolveVadModel() : '';
    const maxSpeakers = job.numSpeakers || job.maxSpeakers;
    const native = await diarizer.open({ threads, maxSpeakers, channels, vadModel });
    return new SpeakerTracker(addon, native, job, begin, cancel);
  }

  private constructor(
    addon: NativeAddon,
    native: NativeDiarization,
    job: SpeakerJob,
    begin: number,
    cancel: NativeCancelToken,
  ) {
    this.#addon = addon;
    this.#native = native;
    this.#job = job;
    this.#begin = begin;
    this.#decided = begin;
    this.#cancel = cancel;
  }

  /** What a planner feeds. */
  get native(): NativeDiarization {
    return this.#native;
  }

  /** Why it ended early, if it did: the rest of the job was cancelled because of it. */
  get failure(): { error: unknown } | undefined {
    return this.#failure;
  }

  /** Up to which sample provisional turns are known. */
  get decided(): number {
    return this.#decided;
  }

  /** Provisional turns in and around a stretch, in order of start; overlapping where several speak. */
  turnsNear(start: number, end: number): SpeakerTurn[] {
    return this.#turns.near(start, end);
  }

  /** Starts it; `onTurns` gets each batch of provisional turns. A failure cancels the whole job. */
  start(onTurns?: (turns: SpeakerTurn[]) => void): void {
    const take = (native: NativeTurn[], decided: number) => {
      const turns = native.map(({ begin, end, speaker }) => ({
        start: seconds(this.#begin + begin),
        end: seconds(this.#begin + end),
        speaker: labelOf(speaker),
      }));
      this.#turns.push(turns);
      this.#decided = this.#begin + decided;
      onTurns?.(turns);
      this.#wake();
    };
    this.#running = this.#native.run(this.#cancel, take).catch((error: unknown) => {
      if (this.#cancel.cancelled) return;
      this.#failure = { error };
      this.#cancel.cancel();
    });
    void this.#running.then(() => {
      this.#ended = true;
      this.#wake();
    });
  }

  /** Resolves once the provisional turns reach the sample, or can't without more audio being fed. */
  async settled(sample: number): Promise<void> {
    while (this.#decided < sample && !this.#ended && this.#native.busy) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** The final speakers of all that was heard, after the audio has ended or the job was stopped. */
  async finish(): Promise<SpeakerTrack> {
    await this.#running;
    if (this.#failure) throw this.#failure.error;
    const { numSpeakers, minSpeakers, maxSpeakers } = this.#job;
    // Of a stopped job, too: what was heard until then has its speakers.
    const cancel = this.#cancel.cancelled ? new this.#addon.CancelToken() : this.#cancel;
    const native = await this.#native.finish({ numSpeakers, minSpeakers, maxSpeakers }, cancel);
    return labelled(native, this.#begin, this.#job);
  }

  async close(): Promise<void> {
    await this.#running;
    await this.#native.close();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
