import type {
  NativeCancelToken,
  NativeChunk,
  NativeDecodeOptions,
  NativeDecodeResult,
  NativePlanner,
  NativeSegment,
  NativeState,
} from '../binding.js';
import { HearkenError } from '../errors.js';
import { Bell } from './bell.js';
import type { Claim } from './kept-text.js';
import type { Workers } from './workers.js';

/** A chunk and what came of it. */
export interface Decoded {
  chunk: Pick<NativeChunk, 'index' | 'begin' | 'end' | 'owned' | 'endsInSpeech'>;
  result: NativeDecodeResult;
  /** Why nothing of it could be decoded. */
  error?: unknown;
}

/** Where the text of chunks is kept. */
export interface ChunkStore {
  claim(chunk: NativeChunk, options: NativeDecodeOptions): Promise<Claim>;
}

export interface Work {
  planner: NativePlanner;
  cancel: NativeCancelToken;
  workers: Workers;
  kept: ChunkStore;
  /** The options of a chunk; asked in the order of the chunks. `worker` is for what has to be computed to know them. */
  decodeOptions(chunk: NativeChunk, worker: () => Promise<NativeState>): Promise<NativeDecodeOptions>;
  /** Told of each window of a chunk as it is done, in any order of chunks: a long chunk has many. */
  onWindow?(chunk: NativeChunk, segments: NativeSegment[]): void;
}

/**
 * Decodes chunks on several workers and gives them in order. Audio is planned only as far ahead as workers need it: at most
 * `2 * workers + 1` chunks are in memory, however long the file and however slow the consumer.
 *
 * The order of completion does not show: a chunk's result depends on nothing but the chunk.
 */
export async function* decodeInOrder(work: Work): AsyncGenerator<Decoded> {
  const { planner, cancel, workers, kept } = work;
  const running: Promise<Decoded>[] = []; // in the order of the chunks
  const bell = new Bell();
  let planning = true;

  const decode = async (chunk: NativeChunk, options: NativeDecodeOptions, first: Claim, held?: NativeState) => {
    let state = held;
    let claim = first;
    try {
      while ('theirs' in claim) {
        if (cancel.cancelled) throw new HearkenError('ERR_ABORTED', 'the job was stopped');
        claim = await claim.theirs();
      }
      if ('result' in claim) return { chunk, result: claim.result };
      state ??= await workers.acquire();
      const { whole, ...decoded } = await decodeChunk(chunk, state, options, cancel, work.onWindow);
      if (whole) await claim.ours.keep(decoded.result);
      return { chunk, ...decoded };
    } finally {
      if (state) workers.release(state);
      chunk.release();
      if ('ours' in claim) await claim.ours.end();
    }
  };
  const plan = async () => {
    for (;;) {
      await bell.until(() => running.length < 2 * workers.limit || !planning);
      const chunk = planning ? await planner.next(cancel) : null;
      if (!chunk) return;
      let state: NativeState | undefined;
      let claim: Claim | undefined;
      const worker = async () => {
        state ??= await workers.acquire();
        return state;
      };
      let options: NativeDecodeOptions;
      try {
        options = await work.decodeOptions(chunk, worker);
        claim = await kept.claim(chunk, options);
        if ('ours' in claim) await worker();
      } catch (error) {
        if (state) workers.release(state);
        chunk.release();
        if (claim && 'ours' in claim) await claim.ours.end();
        throw error;
      }
      const ours = 'ours' in claim;
      if (state && !ours) workers.release(state);
      const job = decode(chunk, options, claim, ours ? state : undefined);
      job.catch(() => {}); // thrown where it is awaited, or given up together with the whole
      running.push(job);
      bell.ring();
    }
  };
  const stop = () => {
    planning = false;
    bell.ring();
  };
  const planned = plan().finally(stop);
  planned.catch(() => {});

  try {
    for (;;) {
      await bell.until(() => running.length > 0 || !planning);
      const next = running.shift();
      if (!next) break;
      bell.ring();
      yield await next;
    }
    await planned; // its error, if it failed
  } finally {
    // Left early or failed: nothing may be running when the caller goes on.
    if (planning || running.length > 0) cancel.cancel();
    stop();
    await planned.catch(() => {}); // it may still begin one
    await Promise.allSettled(running);
    await workers.close();
  }
}

/** One chunk; `whole` if nothing of it failed. What the engine can't decode even at a second attempt is reported as failed; it does not end the whole job. */
async function decodeChunk(
  chunk: NativeChunk,
  state: NativeState,
  options: NativeDecodeOptions,
  cancel: NativeCancelToken,
  onWindow: Work['onWindow'],
): Promise<Omit<Decoded, 'chunk'> & { whole: boolean }> {
  const done: NativeSegment[] = [];
  const report = (segments: NativeSegment[]) => {
    done.push(...segments);
    onWindow?.(chunk, segments);
  };
  for (let attempt = 1; ; attempt++) {
    try {
      return { result: await state.decode(chunk, options, cancel, report), whole: true };
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_DECODE') throw error;
      // A second attempt must not hand out again what the first one did.
      if (attempt === 1 && done.length === 0) continue;
      const reason = error instanceof Error ? error.message : String(error);
      // What was decoded before the failure stays, whether or not it was this chunk's turn to be handed out.
      const begin = done.at(-1)?.end ?? chunk.begin;
      const remarks = [{ begin, end: chunk.end, status: 'failed' as const, reason }];
      const result = { segments: done, remarks, windows: 0, fallbacks: 0 };
      return done.length > 0 ? { result, whole: false } : { result, error, whole: false };
    }
  }
}
