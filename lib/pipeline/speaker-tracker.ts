import type { NativeAddon, NativeCancelToken, NativeDiarization, NativeTurn } from '../binding.js';
import type { LoadedDiarizer } from '../models/diarizer.js';
import type { SpeakerTrack, SpeakerTurn } from '../types.js';
import type { KeptVoices } from './kept-voices.js';
import type { SpeakerJob } from './speaker-options.js';
import { seconds } from './time.js';
import { labelled, labelOf, TurnList } from './voices.js';

interface TrackerOptions {
  addon: NativeAddon;
  job: SpeakerJob;
  /** The first sample that will be fed. */
  begin: number;
  threads: number;
  /** Path of the weights that find speech, where each channel is a speaker. */
  vadModel: string;
  kept: KeptVoices;
  cancel: NativeCancelToken;
}

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
  readonly #kept: KeptVoices;
  readonly #waiting: (() => void)[] = [];
  readonly #turns = new TurnList();
  #decided: number;
  /** Windows were told whose turns are still to come. */
  #stepping = false;
  #ended = false;
  #running: Promise<void> | undefined;
  #failure: { error: unknown } | undefined;
  #key: string | undefined;

  static async open(diarizer: LoadedDiarizer, options: TrackerOptions): Promise<SpeakerTracker> {
    const { threads, job, vadModel } = options;
    const { channels } = job;
    const maxSpeakers = job.numSpeakers || job.maxSpeakers;
    return new SpeakerTracker(await diarizer.open({ threads, maxSpeakers, channels, vadModel }), options);
  }

  private constructor(native: NativeDiarization, { addon, job, begin, cancel, kept }: TrackerOptions) {
    this.#addon = addon;
    this.#native = native;
    this.#job = job;
    this.#begin = begin;
    this.#decided = begin;
    this.#cancel = cancel;
    this.#kept = kept;
  }

  /** Where the final speakers are kept, once they are. */
  get key(): string | undefined {
    return this.#key;
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
    const run = this.#job.channels ? this.#native.run(this.#cancel, take) : this.#windows(take);
    this.#running = run.catch((error: unknown) => {
      if (this.#cancel.cancelled) return;
      this.#failure = { error };
      this.#cancel.cancel();
    });
    void this.#running.then(() => {
      this.#ended = true;
      this.#wake();
    });
  }

  /** Window by window, so that each that is done is kept, and none that is kept is computed again. */
  async #windows(take: (turns: NativeTurn[], decided: number) => void): Promise<void> {
    const native = this.#native;
    const kept = this.#kept;
    const cancel = this.#cancel;
    try {
      for (let digests = await native.listen(cancel); digests; digests = await native.listen(cancel)) {
        this.#stepping = true; // for the native side they are done with before we are
        try {
          const { turns, decided, records } = await native.advance(await kept.windows(digests, cancel), cancel);
          await kept.keep(digests, records);
          take(turns, decided);
        } catch (error) {
          await kept.drop(digests);
          throw error;
        } finally {
          this.#stepping = false;
        }
      }
    } finally {
      native.end();
    }
  }

  /** Resolves once the provisional turns reach the sample, or can't without more audio being fed. */
  async settled(sample: number): Promise<void> {
    while (this.#decided < sample && !this.#ended && (this.#stepping || this.#native.busy)) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** The final speakers of all that was heard, after the audio has ended or the job was stopped. */
  async finish(): Promise<SpeakerTrack> {
    await this.#running;
    if (this.#failure) throw this.#failure.error;
    const { numSpeakers, minSpeakers, maxSpeakers } = this.#job;
    const count = { numSpeakers, minSpeakers, maxSpeakers };
    // Of a stopped job, too: what was heard until then has its speakers.
    const cancel = this.#cancel.cancelled ? new this.#addon.CancelToken() : this.#cancel;
    const find = () => this.#native.finish(count, cancel);
    const { digest } = this.#native;
    if (digest === undefined) return labelled(await find(), this.#begin, this.#job);
    const { speakers, key } = await this.#kept.speakers(digest, { ...count, channels: this.#job.channels }, find);
    this.#key = key;
    return labelled(speakers, this.#begin, this.#job);
  }

  async close(): Promise<void> {
    await this.#running;
    await this.#native.close();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
