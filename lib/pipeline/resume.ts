import { showJob } from '../cache/index.js';
import { HearkenError } from '../errors.js';
import { type DiarizerSpec, loadDiarizer } from '../models/diarizer.js';
import type {
  DiarizationResult,
  DiarizeEvent,
  DiarizeOptions,
  TranscribeEvent,
  TranscribeOptions,
  TranscriptionResult,
} from '../types.js';
import { checkShape, isSignal } from './checks.js';
import { diarize } from './diarize.js';
import { type Job, startJob } from './job.js';
import { transcribeChunked } from './transcribe.js';

/** What {@link resumeJob} takes: what is not of the work itself, and so is said anew. */
export type ResumeOptions = Pick<TranscribeOptions, 'dataDir' | 'cacheLimitMB' | 'signal' | 'onProgress' | 'onMemory'>;

/** A job that goes on: of a transcription or of a diarization, as it was begun. */
export interface ResumedJob
  extends Promise<TranscriptionResult | DiarizationResult>,
    AsyncIterable<TranscribeEvent | DiarizeEvent> {
  /** Stops it, as the signal does; `reason` becomes the error's `cause`. */
  abort(reason?: unknown): void;
}

const KNOWN: Record<keyof ResumeOptions, true> = {
  cacheLimitMB: true,
  dataDir: true,
  onMemory: true,
  onProgress: true,
  signal: true,
};

/**
 * Does a job of the store again, with its own options: what is kept of it is not computed again, so it goes on where it stopped,
 * and one that is done gives its result at once.
 *
 * @param id as listJobs gives it, or its beginning
 * @throws HearkenError ERR_CACHE_NOT_FOUND; ERR_CACHE_RUNNING while another process is at it; ERR_INVALID_ARG where its audio was
 * no file; see {@link transcribeChunked} and {@link diarize}
 */
export function resumeJob(id: string, options: ResumeOptions = {}): ResumedJob {
  const signal = isSignal(options?.signal) ? options.signal : undefined;
  return startJob<TranscribeEvent | DiarizeEvent, TranscriptionResult | DiarizationResult>(
    signal,
    async (emit, reins) => {
      checkShape(options, KNOWN);
      const { dataDir } = options;
      const info = await showJob(id, dataDir === undefined ? {} : { dataDir });
      const { source, status, kind } = info;
      if (status === 'running') {
        throw new HearkenError('ERR_CACHE_RUNNING', `the job ${info.id} is running: wait for it, or cancel it first`);
      }
      if (source === undefined) {
        const message = `the audio of the job ${info.id} was no file: do the same work again with it, and what is kept is found`;
        throw new HearkenError('ERR_INVALID_ARG', message);
      }
      const { diarizer: spec, ...own } = info.options as TranscribeOptions & { diarizer?: DiarizerSpec };
      const diarizer = spec ? await loadDiarizer(spec as DiarizerSpec, { signal: reins.signal }) : undefined;
      try {
        const all = { ...own, ...options, ...(diarizer ? { diarizer } : {}), cache: true, signal: reins.signal };
        const job: Job<TranscribeEvent | DiarizeEvent, TranscriptionResult | DiarizationResult> =
          kind === 'transcribe' ? transcribeChunked(source, all) : diarize(source, all as DiarizeOptions);
        if (emit.listening()) for await (const event of job) await emit(event);
        return await job;
      } finally {
        await diarizer?.close();
      }
    },
  );
}
