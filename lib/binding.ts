import { loadEngine } from './engine.js';

// The addon's own interface, as native/addon implements it. Times are 16 kHz samples here and seconds only above.
// Every function that does long work returns a promise and runs on the addon's own threads; it rejects with an Error that
// carries `code`. A cancel token stops it at the next node of a graph or block of audio.

export interface NativeCancelToken {
  cancel(): void;
  readonly cancelled: boolean;
}

export interface NativeModelInfo {
  type: string;
  multilingual: boolean;
  quantization: string;
  /** What the ledger will count, known from the header: of the weights, */
  weightBytes: number;
  /** of one worker that decodes chunks of up to 30 s with one decoder, */
  stateBytes: number;
  /** for each second that its chunks are longer than that (or, negative, shorter), */
  secondBytes: number;
  /** and of n > 1 decoders (of beamSize, bestOf): decodersBytes + (n - 1) * decoderBytes more. */
  decodersBytes: number;
  decoderBytes: number;
  vocabulary: number;
  audioContext: number;
  textContext: number;
}

export interface NativeModel {
  readonly info: NativeModelInfo;
  readonly byteSize: number;
  readonly closed: boolean;
  /** One worker: its key-value caches and compute buffers. Holds the model. */
  createState(): Promise<NativeState>;
  close(): Promise<void>;
}

export interface NativeWord {
  begin: number;
  end: number;
  text: string;
  /** No space stands before it. */
  glued: boolean;
  probability: number;
}

export interface NativeSegment {
  begin: number;
  end: number;
  text: string;
  avgLogprob: number;
  noSpeechProb: number;
  words: NativeWord[];
}

export interface NativeDecodeOptions {
  language: string; // ISO 639-1
  translate: boolean;
  words: boolean;
  beamSize: number;
  bestOf: number;
  temperature: number;
  temperatureIncrement: number;
  initialPrompt: string;
  context: boolean;
  suppressNonSpeech: boolean;
  maxSegmentLength: number;
  threads: number;
}

export interface NativeDecodeResult {
  segments: NativeSegment[];
  /** Stretches of the chunk whose text was withheld, or that were kept with a remark. */
  remarks: { begin: number; end: number; status: 'suppressed' | 'failed' | 'decoded'; reason: string }[];
  /** Encoder runs and retries at a higher temperature. */
  windows: number;
  fallbacks: number;
}

export interface NativeState {
  readonly byteSize: number;
  readonly closed: boolean;
  /** Segments in absolute samples. `onSegments` gets each window's as they are done; the result has them all. */
  decode(
    chunk: NativeChunk,
    options: NativeDecodeOptions,
    cancel: NativeCancelToken,
    onSegments?: (segments: NativeSegment[]) => void,
  ): Promise<NativeDecodeResult>;
  /** The language of the chunk's first 30 s. */
  detectLanguage(
    chunk: NativeChunk,
    threads: number,
    cancel: NativeCancelToken,
  ): Promise<{ language: string; probability: number }>;
  close(): Promise<void>;
}

export interface NativeSpan {
  begin: number;
  end: number;
}

/** A planned stretch of audio; its samples stay native. */
export interface NativeChunk {
  readonly index: number;
  readonly begin: number;
  readonly end: number;
  /** The part that no other chunk has. */
  readonly owned: NativeSpan;
  readonly endsInSpeech: boolean;
  readonly speech: NativeSpan[];
  /** Of the samples and the speech in them, wherever they lie in the audio: all that a decode depends on but its options. */
  readonly digest: string;
  /** Frees the samples now instead of at garbage collection. */
  release(): void;
}

export interface NativeAudioInfo {
  container: string;
  codec: string;
  decoder: 'builtin' | 'ffmpeg';
  sampleRate: number;
  channels: number;
  /** 16 kHz samples; undefined where the source does not tell. */
  frames: number | undefined;
  seekable: boolean;
}

export interface NativePlanner {
  readonly info: NativeAudioInfo;
  /** Samples read so far, from the start of the audio. */
  readonly position: number;
  /** The next chunk, or null at the end. One call at a time. */
  next(cancel: NativeCancelToken): Promise<NativeChunk | null>;
  /** Reads to the end for the diarization alone. */
  drain(cancel: NativeCancelToken): Promise<void>;
  /**
   * After the last chunk, or drain(). Rejects with ERR_AUDIO_CHANGED where what was read of a file is not, or not surely, what it
   * holds now. With `whole`, the digest of the file that was read: what is left of it is read for that. Undefined without `whole`,
   * where the file only grew, and for all that is no regular file.
   */
  contentDigest(cancel: NativeCancelToken, whole: boolean): Promise<string | undefined>;
  close(): Promise<void>;
}

/** Encoded bytes (or bare PCM) on their way from a JS stream to the decoder. */
export interface NativeByteQueue {
  /** Copies the bytes. Resolves when there is room for more; false once the reader is gone. */
  push(bytes: Uint8Array): Promise<boolean>;
  finish(): void;
  fail(message: string): void;
}

/** A copy of bytes that the caller holds, made piece by piece. */
export interface NativeByteBuffer {
  append(bytes: Uint8Array): void;
}

export type NativeSource =
  | { path: string }
  | { buffer: NativeByteBuffer }
  | { queue: NativeByteQueue; pcm?: { sampleFormat: 's16' | 'f32'; sampleRate: number; channels: number } };

export interface NativeTurn {
  begin: number;
  end: number;
  speaker: number;
}

export interface NativeSpeakers {
  turns: NativeTurn[];
  exclusiveTurns: NativeTurn[];
  /** By the number of the turns: how much speech there is of each, and the voice as a unit vector. */
  speakers: { samples: number; embedding: Float32Array }[];
}

/** 0: not given. */
export interface NativeSpeakerCount {
  numSpeakers: number;
  minSpeakers: number;
  maxSpeakers: number;
}

/** Who spoke when, of one audio. Samples from the first one that a planner fed it. */
export interface NativeDiarization {
  readonly byteSize: number;
  readonly closed: boolean;
  /** More turns will come without more audio being fed. */
  readonly busy: boolean;
  /** Computes until the audio has ended. `onTurns` gets provisional turns, and up to where all of them are known. */
  run(cancel: NativeCancelToken, onTurns?: (turns: NativeTurn[], decided: number) => void): Promise<void>;
  /**
   * Instead of run(), by voice only: listen() and advance() in turn, one call at a time, so that what was found in a window can be
   * kept and given back. listen() waits until windows can be computed and resolves with their digests: what is found in a window
   * depends on what its digest is of, and on the nets. Null once the audio has ended and all of it was gone through.
   */
  listen(cancel: NativeCancelToken): Promise<string[] | null>;
  /**
   * Goes through the windows of the last listen(). `known`: for each of them a record that was given for the same digest, or null;
   * one that is damaged, or another window's, is not used. A known window costs neither net.
   */
  advance(known: (Uint8Array | null)[], cancel: NativeCancelToken): Promise<NativeDiarizationStep>;
  /**
   * Ends it where it is, so that no planner waits for it: after a call that failed or was cancelled it has ended, after others it is
   * for who goes no further. Throws while a call runs; otherwise once more changes nothing.
   */
  end(): void;
  /** Of all samples that it was fed (by channel: of all channels), once it was heard to the end of the audio. */
  readonly digest: string | undefined;
  /** The speakers of all that was heard, once run() has settled, listen() gave null, or it has ended. Throws while a call runs. */
  finish(count: NativeSpeakerCount, cancel: NativeCancelToken): Promise<NativeSpeakers>;
  close(): Promise<void>;
}

export interface NativeDiarizationStep {
  /** Provisional, and up to where all of them are known. */
  turns: NativeTurn[];
  decided: number;
  /** What to keep of each window; null of those that were known. */
  records: (Uint8Array | null)[];
}

export interface NativeDiarizationOptions {
  threads: number;
  /** Of the provisional turns; 0: no limit. */
  maxSpeakers: number;
  /** Each channel of the audio is a speaker; the others of these options then say nothing but `vadModel`. */
  channels: boolean;
  /** Path of the Silero weights, which find the speech of each channel; '' where `channels` is false. */
  vadModel: string;
}

/** What telling speakers apart takes, known from the nets' headers: what the ledger will count. */
export interface NativeDiarizerMemory {
  weightBytes: number;
  /** By voice: a session with n threads takes sessionBytes + n * threadBytes, and hourBytes an hour of dense speech. */
  sessionBytes: number;
  threadBytes: number;
  hourBytes: number;
  /** By channel: what a session takes with its speech detectors, for the given format of the audio. */
  channelSessionBytes: number;
}

export interface NativeDiarizer {
  readonly byteSize: number;
  readonly closed: boolean;
  open(options: NativeDiarizationOptions): Promise<NativeDiarization>;
  close(): Promise<void>;
}

export interface NativePlanOptions {
  channel: number; // -1: mix down
  ffmpegPath: string;
  begin: number;
  end: number; // Infinity: to the end
  chunkSamples: number;
  vadModel: string; // path of the Silero weights; '' : no detection
  /** Gets all samples of the range as they are read; reading waits while it is full. */
  diarization?: NativeDiarization;
}

/** Of the whole process, in bytes, since the watch was made. */
export interface NativeMemoryReading {
  rss: number;
  rssBefore: number;
  /** Sampled every 20 ms by a thread of the addon's, and by each read(). */
  rssPeak: number;
  /** Exact: the highest of each category, and of their sum. */
  peak: { weights: number; states: number; audio: number; diarization: number; total: number };
}

export interface NativeMemoryWatch {
  /** Throws ERR_CLOSED after close(). */
  read(): NativeMemoryReading;
  close(): void;
}

export interface NativeAddon {
  /** `engine`: a digest of the sources that decide results; `compiler`: what compiled them; `level`: for which CPUs. */
  version: { hearken: string; whisper: string; napi: number; engine: string; compiler: string; level: string };
  /** Codes of the languages that Whisper knows. */
  languages(): string[];
  /** What ggml was built with, by feature name. */
  cpuFeatures(): Record<string, boolean>;
  CancelToken: new () => NativeCancelToken;
  ByteQueue: new () => NativeByteQueue;
  ByteBuffer: new (size: number) => NativeByteBuffer;
  MemoryWatch: new () => NativeMemoryWatch;
  loadModel(path: string, cancel: NativeCancelToken): Promise<NativeModel>;
  /** Reads and checks the header only. */
  inspectModel(path: string): Promise<NativeModelInfo>;
  loadDiarizer(segmentation: string, embedding: string, cancel: NativeCancelToken): Promise<NativeDiarizer>;
  /** Reads and checks the headers only. `format`: of audio whose channels are a speaker each; 48 kHz stereo if absent. */
  inspectDiarizer(
    segmentation: string,
    embedding: string,
    format?: { sampleRate: number; channels: number },
  ): Promise<NativeDiarizerMemory>;
  /** What a planner takes with so many of its chunks alive, its speech detector and the chunk being made included. */
  audioBytes(chunkSamples: number, chunksInFlight: number): number;
  openPlanner(source: NativeSource, options: NativePlanOptions, cancel: NativeCancelToken): Promise<NativePlanner>;
  /** The digest of a file's bytes, as contentDigest() gives it. */
  hashFile(path: string, cancel: NativeCancelToken): Promise<string>;
  /** Native bytes held now, and the peaks, by category. */
  memory(): Record<'weights' | 'states' | 'audio' | 'diarization', { bytes: number; peak: number }>;
  /** Bytes outside of its heap that V8 was told of, by anybody: process.memoryUsage() leaves out what addons tell. */
  externalMemory(): number;
  /** Gives what the heap holds of freed memory back to the system, where the C library can (glibc). */
  trimMemory(): Promise<void>;
  /** Cancels everything and joins all threads: called once at exit. */
  shutdown(): void;
  /** Native calls so far, for tests: nothing else counts work as reliably. */
  counters(): {
    decodes: number;
    encodes: number;
    liveJobs: number;
    liveModels: number;
    liveStates: number;
    livePlanners: number;
    /** Windows of diarization, and pieces of speech whose voice was computed. */
    segmented: number;
    embedded: number;
    liveDiarizers: number;
    liveDiarizations: number;
  };
}

let addon: NativeAddon | undefined;

/** The addon, if anything has used it by now. */
export function loadedBinding(): NativeAddon | undefined {
  return addon;
}

/** The addon, loaded at first use, so that importing hearken costs nothing and cannot fail. */
export function binding(): NativeAddon {
  if (addon) return addon;
  addon = loadEngine<NativeAddon>();
  const loaded = addon;
  // Threads that still decode while the process tears itself down would run into freed statics.
  process.once('exit', () => loaded.shutdown());
  return loaded;
}
