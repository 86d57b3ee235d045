import type {
  NativeCancelToken,
  NativeChunk,
  NativeDecodeOptions,
  NativeDecodeResult,
  NativePlanner,
  NativeSegment,
  NativeState,
} from '../binding.js';
import { Bell } from './bell.js';
import type { Workers } from './workers.js';

/** A chunk and what came of it. */
export interface Decoded {
  chunk: NativeChunk;
  result: NativeDecodeResult;
  /** Why nothing of it could be decoded. */
  error?: unknown;
}

export interface Work {
  planner: NativePlanner;
  cancel: NativeCancelToken;
  workers: Workers;
  /** The options of a chunk; asked in the order of the chunks. */
  decodeOptions(chunk: NativeChunk, state: NativeState): Promise<NativeDecodeOptions>;
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
  const { planner, cancel, workers } = work;
  const running: Promise<Decoded>[] = []; // in the order of the chunks
  const bell = new Bell();
  let planning = true;

  const decode = async (chunk: NativeChunk, state: NativeState, options: NativeDecodeOptions): Promise<Decoded> => {
    try {
      return { chunk, ...(await decodeChunk(chunk, state, options, cancel, work.onWindow)) };
    } finally {
      chunk.release();
      workers.release(state);
    }
  };
  const plan = async () => {
    for (;;) {
      await bell.until(() => running.length < 2 * workers.limit || !planning);
      const chunk = planning ? await planner.next(cancel) : null;
      if (!chunk) return;
      let state: NativeState;
      let options: NativeDecodeOptions;
      try {
        state = await workers.acquire();
        options = await work.decodeOptions(chunk, state);
      } catch (error) {
        chunk.release();
        throw error;
      }
      const job = decode(chunk, state, options);
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

/** One chunk. What the engine can't decode even at a second attempt is reported as failed; it does not end the whole job. */
async function decodeChunk(
  chunk: NativeChunk,
  state: NativeState,
  options: NativeDecodeOptions,
  cancel: NativeCancelToken,
  onWindow: Work['onWindow'],
): Promise<Omit<Decoded, 'chunk'>> {
  const done: NativeSegment[] = [];
  const report = (segments: NativeSegment[]) => {
    done.push(...segments);
    onWindow?.(chunk, segments);
  };
  for (let attempt = 1; ; attempt++) {
    try {
      return { result: await state.decode(chunk, options, cancel, report) };
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_DECODE') throw error;
      // A second attempt must not hand out again what the first one did.
      if (attempt === 1 && done.length === 0) continue;
      const reason = error instanceof Error ? error.message : String(error);
      // What was decoded before the failure stays, whether or not it was this chunk's turn to be handed out.
      const begin = done.at(-1)?.end ?? chunk.begin;
      const remarks = [{ begin, end: chunk.end, status: 'failed' as const, reason }];
      const result = { segments: done, remarks, windows: 0, fallbacks: 0 };
      return done.length > 0 ? { result } : { result, error };
    }
  }
}
