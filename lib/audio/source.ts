import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { NativeAddon, NativeCancelToken, NativePlanner, NativePlanOptions, NativeSource } from '../binding.js';
import { HearkenError, toHearkenError } from '../errors.js';
import type { AudioOptions, AudioSource, PcmFormat } from '../types.js';

/** Rate of everything behind the reader, in Hz. */
export const SAMPLE_RATE = 16_000;

/** What one step of copying takes from the event loop: well under a millisecond. */
const PIECE = 1 << 20;

const DEFAULT_PCM: Required<PcmFormat> = { sampleFormat: 's16', sampleRate: SAMPLE_RATE, channels: 1 };

export interface OpenAudio {
  planner: NativePlanner;
  /** Seconds of the whole audio, where they are known before the end. */
  duration: number | undefined;
  /**
   * The digest of a file's bytes, once it was read to its end (`whole`: the range has no other); undefined of anything else.
   * Throws ERR_AUDIO_CHANGED where what was read is no longer what the file holds.
   */
  content(whole: boolean, cancel: NativeCancelToken): Promise<string | undefined>;
  /** Stops what feeds it and frees it. */
  close(): Promise<void>;
}

interface Opened {
  source: NativeSource;
  /** Starts what pushes the bytes; returns what stops it, and closes the stream that they come from. */
  feed?: () => () => void;
  duration?: number;
}

/** Opens any kind of audio for planning. The samples stay native; a stream is fed as fast as it is decoded. */
export async function openAudio(
  addon: NativeAddon,
  audio: AudioSource,
  options: AudioOptions,
  plan: Omit<NativePlanOptions, 'channel' | 'ffmpegPath'>,
  cancel: NativeCancelToken,
): Promise<OpenAudio> {
  if (options.pcm !== undefined) checkPcm(options.pcm, audio);
  const { source, feed, duration } = await prepare(addon, audio, options.pcm).catch((error: unknown) => {
    throw toHearkenError(error, 'ERR_AUDIO_READ');
  });
  let stop: (() => void) | undefined;
  try {
    stop = feed?.();
    const planner = await addon.openPlanner(
      source,
      {
        ...plan,
        channel: options.channel ?? -1,
        ffmpegPath: options.ffmpegPath ?? process.env.HEARKEN_FFMPEG ?? '',
      },
      cancel,
    );
    const { frames } = planner.info;
    return {
      planner,
      duration: duration ?? (frames === undefined ? undefined : frames / SAMPLE_RATE),
      content: async (whole, stop) => {
        try {
          return await planner.contentDigest(stop, whole);
        } catch (error) {
          if (stop.cancelled) return undefined; // all was read: an abort has nothing to stop any more
          throw toHearkenError(error, 'ERR_AUDIO_READ');
        }
      },
      close: async () => {
        stop?.();
        await planner.close();
      },
    };
  } catch (error) {
    stop?.();
    throw toHearkenError(error, 'ERR_AUDIO_READ');
  }
}

async function prepare(addon: NativeAddon, audio: AudioSource, pcm: PcmFormat | undefined): Promise<Opened> {
  if (typeof audio === 'string' || audio instanceof URL) return { source: { path: pathOf(audio) } };
  if (audio instanceof Float32Array) {
    const bytes = new Uint8Array(audio.buffer, audio.byteOffset, audio.byteLength);
    const opened = queued(addon, pieces(bytes), { sampleFormat: 'f32' });
    return { ...opened, duration: audio.length / SAMPLE_RATE };
  }
  if (audio instanceof ArrayBuffer || audio instanceof Uint8Array) {
    const bytes = audio instanceof ArrayBuffer ? new Uint8Array(audio) : audio;
    if (pcm) return queued(addon, pieces(bytes), pcm);
    const buffer = new addon.ByteBuffer(bytes.byteLength);
    for await (const piece of pieces(bytes)) buffer.append(piece);
    return { source: { buffer } };
  }
  if (audio && typeof (audio as AsyncIterable<Uint8Array>)[Symbol.asyncIterator] === 'function') {
    return queued(addon, audio as AsyncIterable<Uint8Array>, pcm);
  }
  throw new HearkenError(
    'ERR_INVALID_ARG',
    'audio must be a path, a file: URL, the bytes of a file (Uint8Array, ArrayBuffer), 16 kHz samples (Float32Array), or a stream of bytes',
  );
}

function pathOf(audio: string | URL): string {
  if (typeof audio === 'string') {
    if (audio === '') throw new HearkenError('ERR_INVALID_ARG', 'the path of the audio is empty');
    if (audio.includes('\0')) throw new HearkenError('ERR_INVALID_ARG', 'the path of the audio has a NUL character');
    return audio;
  }
  if (audio.protocol !== 'file:') {
    throw new HearkenError(
      'ERR_INVALID_ARG',
      `hearken opens no ${audio.protocol} address: pass a path, or the response's body as a stream`,
    );
  }
  return fileURLToPath(audio);
}

/** The bytes in pieces, giving way to the event loop between them. */
async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  const { byteLength } = bytes;
  for (let at = 0; at < byteLength; at += PIECE) {
    if (at > 0) await new Promise((resolve) => setImmediate(resolve));
    if (bytes.byteLength !== byteLength) throw new Error('the buffer was detached while it was read');
    yield bytes.subarray(at, Math.min(at + PIECE, byteLength));
  }
}

function queued(addon: NativeAddon, stream: AsyncIterable<Uint8Array>, pcm: PcmFormat | undefined): Opened {
  const queue = new addon.ByteQueue();
  const source: NativeSource = { queue };
  if (pcm) source.pcm = { ...DEFAULT_PCM, ...pcm };
  const feed = () => {
    const iterator = stream instanceof ReadableStream ? overReader(stream) : stream[Symbol.asyncIterator]();
    let stopped = false;
    // By hand instead of for await: a loop would hold a stream that stalls, and what is behind it, for ever.
    const run = async () => {
      while (!stopped) {
        const step = await iterator.next();
        if (stopped) return;
        if (step.done) return queue.finish();
        const piece: unknown = step.value;
        if (!(piece instanceof Uint8Array)) {
          const what = typeof piece === 'string' ? 'text' : `a ${typeof piece}`;
          throw new Error(`the stream gave ${what}: it must give bytes (Buffer, Uint8Array)`);
        }
        // Large pieces are cut, so that the queue keeps its bound.
        for (let at = 0; at < piece.byteLength && !stopped; at += PIECE) {
          if (!(await queue.push(piece.subarray(at, at + PIECE)))) return stop(); // nobody reads any more
        }
      }
    };
    const stop = () => {
      if (stopped) return;
      stopped = true;
      if (stream instanceof Readable) stream.destroy();
      // Not waited for: a generator that stalls takes no return() before it goes on.
      else Promise.resolve(iterator.return?.()).catch(() => {});
    };
    run().catch((error: unknown) => {
      queue.fail(`the audio stream failed: ${error instanceof Error ? error.message : String(error)}`);
      stop();
    });
    return stop;
  };
  return { source, feed };
}

/** A web stream by its reader: its own iterator can't be stopped while a read is under way, a reader can. */
function overReader(stream: ReadableStream<Uint8Array>): AsyncIterator<Uint8Array, undefined> {
  const reader = stream.getReader();
  return {
    next: async () => {
      const step = await reader.read();
      return step.done ? { done: true, value: undefined } : { done: false, value: step.value };
    },
    return: async () => {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}

function checkPcm(pcm: PcmFormat, audio: AudioSource): void {
  const refuse = (message: string) => {
    throw new HearkenError('ERR_INVALID_ARG', message);
  };
  const whole = (value: number, low: number, high: number) => Number.isInteger(value) && value >= low && value <= high;
  if (typeof pcm !== 'object' || pcm === null) refuse('pcm must be an object');
  if (typeof audio === 'string' || audio instanceof URL)
    refuse('pcm is for bytes and streams: a file tells its format itself');
  if (audio instanceof Float32Array) refuse('pcm is for bytes and streams: a Float32Array holds 16 kHz mono samples');
  const { sampleFormat, sampleRate, channels } = { ...DEFAULT_PCM, ...pcm };
  if (!['s16', 'f32'].includes(sampleFormat)) refuse(`pcm.sampleFormat must be 's16' or 'f32'`);
  if (!whole(sampleRate, 1000, 384_000)) refuse('pcm.sampleRate must be from 1000 to 384000 Hz');
  if (!whole(channels, 1, 64)) refuse('pcm.channels must be from 1 to 64');
}
