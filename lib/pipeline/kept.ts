import type { NativeCancelToken } from '../binding.js';
import type { JobStart, PlanRow } from '../cache/index.js';
import { toHearkenError } from '../errors.js';
import type { AudioSource, DiarizeOptions, TranscribeOptions } from '../types.js';
import type { Frame } from './frame.js';
import type { Keeping } from './keep-options.js';
import { contentOf, type KnownAudio, lookAt } from './kept-audio.js';
import { KeptText } from './kept-text.js';
import { KeptVoices } from './kept-voices.js';
import { requestKey } from './keys.js';
import { type ModelFiles, modelDigests } from './model-digests.js';
import { plainOptions } from './plain-options.js';
import { Shelf } from './shelf.js';
import type { Spoken } from './transcript.js';

/** What a job is, to be found again. */
export interface KeptWork {
  kind: 'transcribe' | 'diarize';
  audio: AudioSource;
  options: TranscribeOptions | DiarizeOptions;
  /** All of the options that changes the result. */
  asked: Record<string, unknown>;
}

/** What a finished job's result is made of, beside the text of its chunks. */
export interface Outcome extends Spoken {
  /** Samples read, and seconds of the whole audio where they were known before. */
  position: number;
  duration?: number | undefined;
  /** The key of the speakers. */
  speakers?: string | undefined;
}

/** A job that is done. */
export interface Ended<T> {
  result: T;
  /** The digest of the audio's bytes, where all of them were read. */
  content: string | undefined;
  /** Seconds that the result accounts for. */
  processed: number;
  outcome: Outcome;
}

interface KnownJob {
  start: JobStart;
  known: KnownAudio;
  files: ModelFiles;
}

/**
 * What one job finds of earlier work, and keeps of its own. What is found was checked by the store, and its key holds all that
 * it depends on.
 */
export class Kept {
  readonly text: KeptText;
  readonly voices: KeptVoices;
  readonly #shelf: Shelf;
  readonly #audio: AudioSource;
  readonly #job: KnownJob | undefined;

  static async open(keeping: Keeping, work: KeptWork, files: ModelFiles, cancel: NativeCancelToken): Promise<Kept> {
    const shelf = await Shelf.open(keeping);
    try {
      const { kind, audio, options, asked } = work;
      const models = await shelf.ask((store) => modelDigests(store, files, cancel), undefined);
      if (!models) {
        await shelf.stop(); // none, or a loaded model whose file is another one by now
        return new Kept(shelf, audio, undefined);
      }
      const known = await lookAt(audio);
      const request = requestKey(kind, models, asked);
      return new Kept(shelf, audio, {
        start: { kind, request, options: plainOptions(options), models, ...known },
        known,
        files,
      });
    } catch (error) {
      await shelf.close();
      throw error;
    }
  }

  private constructor(shelf: Shelf, audio: AudioSource, job: KnownJob | undefined) {
    const models = job?.start.models ?? {};
    this.#shelf = shelf;
    this.#audio = audio;
    this.#job = job;
    this.text = new KeptText(shelf, models);
    this.voices = new KeptVoices(shelf, models);
  }

  /** A model was loaded: if its file was replaced since we looked, nothing of what we know is about it. */
  async check(what: 'whisper' | 'diarizer', identity: string): Promise<void> {
    if (this.#job?.files[what]?.identity !== identity) await this.#shelf.stop();
  }

  /** A finished job of the same request over the same bytes. */
  async earlier(cancel: NativeCancelToken): Promise<{ id: string; plan: PlanRow[]; outcome: Outcome } | undefined> {
    const job = this.#job;
    if (!job || this.#shelf.force) return undefined;
    const { request, fingerprint } = job.start;
    return this.#shelf.ask(async (store) => {
      // Only if a look at the file says that there may be one, all of it is read for that.
      const known = job.known.content !== undefined || (fingerprint && (await store.likely(request, fingerprint)));
      const content = known ? await contentOf(job.known, cancel) : undefined;
      const found = content === undefined ? undefined : await store.finished(request, content);
      return found?.outcome ? { ...found, outcome: found.outcome as Outcome } : undefined;
    }, undefined);
  }

  /** Its result was used again. */
  async used(id: string): Promise<void> {
    await this.#shelf.used(id);
  }

  /** Does the work of a new job, and tells how it ended. `cancel` is called when somebody cancels it by its id. */
  async during<T>(frame: Frame, cancel: () => void, work: () => Promise<Ended<T>>): Promise<T> {
    if (this.#job) await this.#shelf.begin(this.#job.start, cancel);
    try {
      const { result, content, processed, outcome } = await work();
      await this.#shelf.end('done', { outcome, processed, content: content ?? (await this.#inMemory()) });
      return result;
    } catch (error) {
      const { code, message } = toHearkenError(frame.explain(error));
      if (frame.signal.aborted) await this.#shelf.end('cancelled');
      else await this.#shelf.end('failed', { error: { code, message } });
      throw error;
    }
  }

  /** What is computed now is kept: somebody may look for it by the digest of its audio. */
  get writing(): boolean {
    return this.#shelf.writing;
  }

  /** The digest of bytes in memory, unless their owner has changed them meanwhile: then nobody can say what was read of them. */
  async #inMemory(): Promise<string | undefined> {
    const before = this.#job?.known.content;
    if (before === undefined || !this.writing) return undefined;
    return (await lookAt(this.#audio)).content === before ? before : undefined;
  }

  /** Seconds of the range that are accounted for. */
  async progress(processed: number, total: number | undefined): Promise<void> {
    await this.#shelf.during((run) => run.progress(processed, total));
  }

  async close(): Promise<void> {
    await this.#shelf.close();
  }
}
