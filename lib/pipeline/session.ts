import { Duplex, PassThrough, Readable } from 'node:stream';
import { HearkenError } from '../errors.js';
import type { MemoryUsage } from '../memory.js';
import { ResourceManager } from '../models/manager.js';
import type { AudioSource, TranscribeOptions, TranscriptionJob, TranscriptionResult } from '../types.js';
import { hasten, startJob } from './job.js';
import { resolveKeeping } from './keep-options.js';
import { resolveOptions } from './options.js';
import { startTranscription } from './transcribe.js';

/** What all jobs of a session have in common: the options of {@link transcribe} but those of one job. Each may say otherwise. */
export type SessionOptions = Omit<TranscribeOptions, 'signal' | 'onProgress' | 'onMemory'>;

/** Bytes of an audio file go in, events come out ({@link TranscribeEvent}); `result` is the whole, once it is there. */
export type TranscriptionStream = Duplex & { readonly result: Promise<TranscriptionResult> };

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** The listeners of all sessions: a signal that nobody else listens to ends the process. */
const ours = new WeakSet<object>();
const stopping = new Set<Promise<void>>();

// Only a safety net, as with handles.
const forgotten = new FinalizationRegistry<ResourceManager>((manager) => {
  manager.close().catch(() => {});
  process.emitWarning('a PipelineSession was garbage collected without close()', { code: 'HEARKEN_NOT_CLOSED' });
});

/** Many files over the same models: each loaded once, at the first job that needs it, and freed when the session ends. */
export class PipelineSession implements AsyncDisposable {
  readonly #options: SessionOptions;
  // For as long as the session lives; under pressure of memory, what no job uses goes earlier.
  readonly #manager = new ResourceManager({ idleTimeoutMs: Number.POSITIVE_INFINITY });
  readonly #jobs = new Set<TranscriptionJob>();
  #closed: Promise<void> | undefined;

  /**
   * Loads nothing yet.
   *
   * @throws HearkenError ERR_INVALID_ARG
   */
  constructor(options: SessionOptions = {}) {
    resolveOptions(options);
    resolveKeeping(options);
    this.#options = { ...options };
    ours.add(this.#onSignal);
    forgotten.register(this, this.#manager, this);
  }

  /**
   * A job as {@link transcribeChunked} starts it, with the session's models. Any number may run at once.
   *
   * @throws HearkenError ERR_CLOSED once the session is closed; see {@link transcribeChunked}
   */
  process(audio: AudioSource, options: TranscribeOptions = {}): TranscriptionJob {
    if (this.#closed) {
      return startJob(undefined, async () => {
        throw new HearkenError('ERR_CLOSED', 'the session is closed: open a new one');
      });
    }
    const ended = () => {
      this.#jobs.delete(job);
      if (this.#jobs.size === 0) for (const name of SIGNALS) process.removeListener(name, this.#onSignal);
    };
    const job = startTranscription(audio, { ...this.#options, ...options }, this.#manager, ended);
    if (this.#jobs.size === 0) for (const name of SIGNALS) process.on(name, this.#onSignal);
    this.#jobs.add(job);
    return job;
  }

  /**
   * A job whose audio is written into a stream, and whose events are read from it. Destroying it stops the job. Its errors are the
   * stream's, and those of `result`.
   */
  stream(options: TranscribeOptions = {}): TranscriptionStream {
    const input = new PassThrough();
    const job = this.process(input, options);
    const stream = Duplex.from({ writable: input, readable: Readable.from(job) });
    job.catch(() => {}); // the stream has the error
    return Object.assign(stream, { result: job as Promise<TranscriptionResult> });
  }

  /** Memory of the process now; `leases` are those of this session's jobs. */
  usage(): MemoryUsage {
    return this.#manager.usage();
  }

  /** Refuses new jobs, waits for those that run, frees the models; when it resolves the memory is gone. Idempotent. */
  async close(): Promise<void> {
    this.#closed ??= (async () => {
      forgotten.unregister(this);
      for (const job of this.#jobs) hasten(job); // their reader may be who waits here
      await Promise.allSettled(this.#jobs);
      await this.#manager.close();
    })();
    await this.#closed;
  }

  /** {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Ends the jobs in good order, then lets the signal do what it would have done without us. */
  readonly #onSignal = (name: NodeJS.Signals): void => {
    for (const job of this.#jobs) job.abort(new HearkenError('ERR_ABORTED', `the process got ${name}`));
    const alone = process.listeners(name).every((listener) => ours.has(listener));
    stopping.add(this.close());
    const end = () => alone && process.kill(process.pid, name);
    // When all sessions that got it are closed, and after whoever waits for their jobs has gone on.
    setImmediate(() => void Promise.allSettled(stopping).then(() => setImmediate(end)));
  };
}
