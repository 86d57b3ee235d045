import type { Readable } from 'node:stream';
import type { MemorySample, Receipt } from './memory.js';

/**
 * Audio to transcribe. A path; the bytes of an audio file; samples (16 kHz, mono, −1…1); or a stream of the bytes of an
 * audio file. A stream of bare PCM needs {@link AudioOptions.pcm} to say what it holds.
 */
export type AudioSource = string | URL | Uint8Array | ArrayBuffer | Float32Array | Readable | AsyncIterable<Uint8Array>;

/** What a stream or buffer of bare samples holds: little endian, channels interleaved. */
export interface PcmFormat {
  /** `s16`: 16-bit integers; `f32`: floats, −1…1. Default `s16`. */
  sampleFormat?: 's16' | 'f32';
  /** Hz; 1000 to 384000. Default 16000. */
  sampleRate?: number;
  /** Channels, interleaved; 1 to 64. Default 1. */
  channels?: number;
}

/** How the audio is read. */
export interface AudioOptions {
  /** Take this channel, 0 to 63, instead of mixing all of them down: one side of a stereo call. Default: mix. */
  channel?: number;
  /** The stream or bytes are bare PCM in this format, without a header. Default: they are those of an audio file, which tells its format. */
  pcm?: PcmFormat;
  /** The ffmpeg to run for containers that hearken does not decode itself. Default: HEARKEN_FFMPEG, then the one on PATH. */
  ffmpegPath?: string;
}

/** How Whisper decodes: all of them change the text, but `words` and `threads`. */
export interface DecodeOptions {
  /** ISO 639-1 code such as `en`, or `auto` to detect it from the first speech (multilingual models). Default: `auto`; `en` for English-only models. */
  language?: string;
  /** Translate into English (multilingual models). Default false. */
  translate?: boolean;
  /** Words with start, end and probability. Default true. */
  words?: boolean;
  /** Beams searched at temperature 0; 1 to 8, 1 is greedy. More take time and memory. Default 1. */
  beamSize?: number;
  /** Candidates sampled at a temperature above 0; 1 to 8. Default 1: five give no better text here, but take time and 22 MB a worker. */
  bestOf?: number;
  /** First temperature; 0 to 1. Default 0. */
  temperature?: number;
  /** Added at each retry of a window that failed (loop, low probability); 0.05 to 1, or 0: never retry. Default 0.2. */
  temperatureIncrement?: number;
  /** Text that primes the decoder at the start of every chunk: names, spelling, style. Default: none. */
  initialPrompt?: string;
  /** Carry the text of one window into the next within a chunk. Chunks never depend on each other. Default false. */
  context?: boolean;
  /** Do not emit tokens for non-speech such as ♪ or bracketed sounds. Default true. */
  suppressNonSpeech?: boolean;
  /** Split segments longer than this many characters at a word; 0 to 10000. Default 0: don't. */
  maxSegmentLength?: number;
  /** Threads of each worker; 1 to 64. Default 1: several workers of one thread beat one worker of several, above all beside other load. */
  threads?: number;
}

/** A voice as {@link enroll} gives it: 192 numbers. */
export type VoiceEmbedding = ArrayLike<number>;

/** How many people may be heard, and who. */
export interface SpeakerOptions {
  /** How many speakers there are, where it is known; 1 to 64, and not with the bounds below. Default: found out. */
  numSpeakers?: number;
  /** At least so many speakers; 1 to 64. Default 1. */
  minSpeakers?: number;
  /** At most so many speakers; 1 to 64. Default 20, or minSpeakers where that is more. */
  maxSpeakers?: number;
  /**
   * Voices that may be heard, by name: a speaker who sounds like one gets its name as label, and two who sound like the same
   * one are one. A name is not blank, and not SPEAKER_ and a number, as strangers are called. Default: none.
   */
  voices?: Readonly<Record<string, VoiceEmbedding>>;
  /** The cosine from which on a speaker is taken for a known voice, one of `voices`; −1 to 1. Default 0.5. */
  voiceThreshold?: number;
  /** What `loadDiarizer()` gave, to share it between jobs. Default: loaded for the job. */
  diarizer?: Diarizer;
}

/** What a job finds of earlier work, and keeps of its own. It never changes a result. */
export interface CacheOptions {
  /**
   * Whether finished work is kept and found again: each chunk's text, windows of the diarization, and finished jobs as a whole.
   * `'readonly'`: found, but nothing is written. Default: what HEARKEN_CACHE says (`on`, `off`, `readonly`), else true; in a
   * worker_thread false, for terminate() in the middle of a database's statement would end the process. Where there can be no
   * cache (a read-only disk, a full one), a job warns and goes on without.
   */
  cache?: boolean | 'readonly';
  /** Compute again what is kept, and replace it. Default false. */
  force?: boolean;
  /** The folder that it is kept below. Default: HEARKEN_DATA_DIR, then the place the system has for data: see `dataFolder()`. */
  dataDir?: string;
  /**
   * Megabytes (2^20 bytes) that the cache may have, at least 0: after a job, the least recently used go until it has no more. 0: no
   * limit. Default: HEARKEN_CACHE_LIMIT, else 0.
   */
  cacheLimitMB?: number;
}

/** What {@link transcribe} and {@link transcribeChunked} take. An option that there is not, or out of its range, is ERR_INVALID_ARG. */
export interface TranscribeOptions extends AudioOptions, DecodeOptions, SpeakerOptions, CacheOptions {
  /** A name from the registry (`tiny.en`, `base`, …), a path to a ggml Whisper file, or a loaded handle. Default: the embedded `tiny.en`. */
  model?: string | WhisperModel;
  /** Never open a connection: a model that is not on this machine is an error. Default: false, or true with HEARKEN_OFFLINE=1. */
  offline?: boolean;
  /** Seconds into the audio where to begin; at least 0, and inside the audio. Default 0. */
  startTime?: number;
  /** Seconds into the audio where to stop; above startTime. Default: the end. */
  endTime?: number;
  /** Target and upper bound, in seconds, of what is decoded in one piece; cut at the best pause. 5 to 600, default 30. */
  chunkSizeSeconds?: number;
  /**
   * Chunks decoded at once; 1 to 64. A third as many further threads, at least one, compute the speakers. Default: the number of
   * cores, at most 4. Memory grows with it; the result does not depend on it.
   */
  maxWorkers?: number;
  /** Skip stretches without speech. Default true. */
  skipSilence?: boolean;
  /**
   * Tell who speaks: by voice (true), by the channel of a call recorded one side a channel (`'channels'`), or not at all. Default
   * true. By channel, SPEAKER_00 is channel 0 and SPEAKER_01 channel 1, whoever speaks first; a channel without speech is no
   * speaker. It takes audio of 2 to 8 channels. Not at all goes with no option of the speakers but `diarizer`.
   */
  diarize?: boolean | 'channels';
  /** Stops the job, which rejects with ERR_ABORTED; what was finished is in the error's `partial` result. Default: nothing but `job.abort()`. */
  signal?: AbortSignal;
  /** Called at most about ten times a second, and once at the end. */
  onProgress?: (progress: Progress) => void;
  /** Called about four times a second while the job runs, and at its begin. */
  onMemory?: (sample: MemorySample) => void;
}

/** How far a job is. */
export interface Progress {
  /** 0 to 1; undefined where the length of the audio is not known (streams). */
  fraction: number | undefined;
  /** Seconds of audio accounted for, from startTime. */
  processed: number;
  /** Seconds of audio in the range; undefined where not known. */
  total: number | undefined;
  /** Wall seconds since the job began. */
  elapsed: number;
  /** Estimated wall seconds to the end; undefined where not known. */
  eta: number | undefined;
  /** Seconds of audio a wall second, so far. */
  speed: number;
}

/** A stretch of the audio. */
export interface Span {
  /** Seconds from the start of the audio. */
  start: number;
  /** Seconds from the start of the audio. */
  end: number;
}

/** A word with its place in time, in seconds from the start of the audio. */
export interface Word extends Span {
  /** The word with its punctuation, without the space before it. */
  text: string;
  /** 0 to 1: the mean probability of the word's tokens. */
  probability: number;
  /** The label of who says it; set where speakers are known. */
  speaker?: string;
}

/** A stretch of speech with its text. Segments are ordered, do not overlap, and lie inside the audio. */
export interface Segment extends Span {
  /** Counts from 0 in the result. */
  id: number;
  /** What was said. */
  text: string;
  /** Present unless `words: false`. */
  words?: Word[];
  /** Mean log probability of the tokens, natural logarithm: 0 is certain, below −1 is a guess. */
  avgLogprob: number;
  /** Probability, 0 to 1, from the first token, that the window holds no speech. */
  noSpeechProb: number;
  /** ISO 639-1. */
  language: string;
  /** The label of who says it; set where speakers are known. */
  speaker?: string;
}

/** A stretch of one speaker's speech, in seconds. */
export interface SpeakerTurn extends Span {
  /** The label of a {@link Speaker}. */
  speaker: string;
}

/** Somebody who was heard. */
export interface Speaker {
  /** SPEAKER_00 … in order of first speech (by channel: of the channels), or the name of a known voice. */
  label: string;
  /** Seconds of speech, overlap included. */
  seconds: number;
  /** Unit vector, 192 numbers: compare by cosine. All 0 where there was too little speech to know a voice by. */
  embedding: number[];
}

/** What became of a stretch of audio. */
export type CoverageStatus =
  /** Its text is in the result. */
  | 'decoded'
  /** No speech was found in it. */
  | 'silence'
  /** Decoded, and its text left out: `reason` says why. */
  | 'suppressed'
  /** It could not be read or decoded: `reason` says why. */
  | 'failed'
  /** The job was stopped before it. */
  | 'aborted';

/** What became of a stretch of the input. The spans of a result tile its range without gaps: nothing is lost silently. */
export interface CoverageSpan extends Span {
  /** What became of it. */
  status: CoverageStatus;
  /** Why, for `suppressed` and `failed`; or what to know of `decoded`, such as a retried repetition loop. */
  reason?: string;
}

/** The plain data of a transcription, as it stands in JSON. */
export interface Transcript {
  /** All that was said. */
  text: string;
  /** ISO 639-1: as given, or as detected. */
  language: string;
  /** 0 to 1, where it was detected. */
  languageProbability?: number;
  /** Seconds of the whole audio; of a stream, what was read. */
  duration: number;
  /** What was said, in order. */
  segments: Segment[];
  /** What became of every stretch of the range, in order and without gaps. */
  coverage: CoverageSpan[];
  /** Who was heard, in order of first speech; by channel: in order of the channels. Present when diarized, as are the turns. */
  speakers?: Speaker[];
  /** Who speaks when; turns of different speakers overlap where they speak at once. */
  turns?: SpeakerTurn[];
  /** One speaker at a time: where several speak at once, who had the floor keeps it. */
  exclusiveTurns?: SpeakerTurn[];
}

/** The formats that a result can be written in. */
export type OutputFormat = 'txt' | 'json' | 'srt' | 'vtt' | 'md' | 'rttm';

/** How a result is written. */
export interface WriteOptions {
  /** JSON carries the {@link Receipt} too, as its last key. Default false, so that the same transcript is the same bytes. */
  receipt?: boolean;
}

/** Plain data with what the job took, where that was asked for. */
export type Receipted<T> = T & { receipt?: Receipt };

/** The result of a job: plain data in a class that knows the formats. */
export interface TranscriptionResult extends Transcript {
  /** What the job took: memory, workers, time. Not part of the formats, unless JSON is asked to have it. */
  readonly receipt: Receipt;
  /** All words of all segments; none with `words: false`. */
  readonly words: Word[];
  /** Plain text; with speakers, a paragraph a turn, led by the label. */
  toText(): string;
  /** Plain data, also what JSON.stringify writes: that is without the receipt. */
  toJSON(options?: WriteOptions): Receipted<Transcript>;
  /** SubRip subtitles, the speaker before the text. */
  toSRT(): string;
  /** WebVTT subtitles, speakers as voice tags. */
  toVTT(): string;
  /** Markdown, the speaker before the text. */
  toMarkdown(): string;
  /** The turns as RTTM; `uri` is the name it gives the recording (default `audio`). ERR_INVALID_ARG for a result without turns. */
  toRTTM(uri?: string): string;
  /** The text of a format; `uri` as in {@link toRTTM}. ERR_INVALID_ARG for a format that there is not. */
  format(format: OutputFormat, uri?: string, options?: WriteOptions): string;
  /**
   * Writes the format of the path's extension (or `format`) atomically: a temporary file beside it, then a rename. `uri` as
   * in {@link toRTTM}; default: the file's name without its extension. ERR_OUTPUT where it can't be written, ERR_INVALID_ARG where
   * the extension names no format.
   */
  save(path: string, format?: OutputFormat, uri?: string, options?: WriteOptions): Promise<void>;
}

/** Who speaks when, in one recording. */
export interface SpeakerTrack {
  /** In order of first speech; by channel: in order of the channels. */
  speakers: Speaker[];
  /** Turns of different speakers overlap where they speak at once. In order of start. */
  turns: SpeakerTurn[];
  /** One speaker at a time: where several speak at once, who had the floor keeps it. */
  exclusiveTurns: SpeakerTurn[];
}

/** What a {@link TranscriptionJob} tells while it runs. */
export type TranscribeEvent =
  /**
   * A segment whose text is final. Its speakers are not: labels are what could be told so far (none, where nothing could),
   * and the `speakers` event settles them, and where segments are split between speakers.
   */
  | { type: 'segment'; segment: Segment }
  /** At most about ten times a second. */
  | { type: 'progress'; progress: Progress }
  /** Once, before `done`, of a job that tells speakers apart: who was heard, and all segments with their speakers. */
  | ({ type: 'speakers'; segments: Segment[] } & SpeakerTrack)
  /** The last one. */
  | { type: 'done'; result: TranscriptionResult };

/** What {@link diarize} takes. An option that there is not, or out of its range, is ERR_INVALID_ARG. */
export interface DiarizeOptions extends AudioOptions, SpeakerOptions, CacheOptions {
  /**
   * Each channel is a speaker, as with `diarize: 'channels'` of a transcription: SPEAKER_00 is channel 0. It takes audio of 2 to 8
   * channels. Default false: told by voice.
   */
  channels?: boolean;
  /** Seconds into the audio where to begin; at least 0, and inside the audio. Default 0. */
  startTime?: number;
  /** Seconds into the audio where to stop; above startTime. Default: the end. */
  endTime?: number;
  /** Threads, 1 to 64. Default: the number of cores, at most 4. Memory grows with it; the result does not depend on it. */
  threads?: number;
  /** Stops the job, which rejects with ERR_ABORTED. There is no partial result. Default: nothing but `job.abort()`. */
  signal?: AbortSignal;
  /** Called at most about ten times a second, and once at the end. */
  onProgress?: (progress: Progress) => void;
  /** Called about four times a second while the job runs, and at its begin. */
  onMemory?: (sample: MemorySample) => void;
}

/** The plain data of a diarization, as it stands in JSON. */
export interface Diarization extends SpeakerTrack {
  /** Seconds of the whole audio; of a stream, what was read. */
  duration: number;
}

/** The formats that who speaks when can be written in without a transcript. */
export type DiarizationFormat = 'rttm' | 'json';

/** What {@link diarize} finds: plain data in a class that knows the formats. */
export interface DiarizationResult extends Diarization {
  /** What the job took: memory, time. Not part of the formats, unless JSON is asked to have it. */
  readonly receipt: Receipt;
  /** The turns as RTTM; `uri` is the name it gives the recording (default `audio`). */
  toRTTM(uri?: string): string;
  /** Plain data, also what JSON.stringify writes: that is without the receipt. */
  toJSON(options?: WriteOptions): Receipted<Diarization>;
  /** The text of a format; `uri` as in {@link toRTTM}. ERR_INVALID_ARG for a format that there is not. */
  format(format: DiarizationFormat, uri?: string, options?: WriteOptions): string;
  /** Writes the format of the path's extension (or `format`) atomically, as {@link TranscriptionResult.save} does. */
  save(path: string, format?: DiarizationFormat, uri?: string, options?: WriteOptions): Promise<void>;
}

/** What a {@link DiarizationJob} tells while it runs. */
export type DiarizeEvent =
  /** A turn as far as it can be told now, in seconds; labels and bounds may be others in the result. */
  | { type: 'turn'; turn: SpeakerTurn }
  /** At most about ten times a second. */
  | { type: 'progress'; progress: Progress }
  /** The last one. */
  | { type: 'done'; result: DiarizationResult };

/** A running job: await it for the result, or iterate over its events. */
export interface DiarizationJob extends Promise<DiarizationResult>, AsyncIterable<DiarizeEvent> {
  /** Stops it, as the signal does; `reason` becomes the error's `cause`. */
  abort(reason?: unknown): void;
}

/** The loaded nets that tell speakers apart: weights that any number of jobs share. */
export interface Diarizer extends AsyncDisposable {
  /** Native bytes of the weights. 0 once closed. */
  readonly byteSize: number;
  /** Whether close() was called. */
  readonly closed: boolean;
  /** Refuses new work, waits for what runs, frees the weights; when it resolves the memory is gone. Idempotent. */
  close(): Promise<void>;
}

/** A running job: await it for the result, or iterate over its events. */
export interface TranscriptionJob extends Promise<TranscriptionResult>, AsyncIterable<TranscribeEvent> {
  /** Stops it, as the signal does; `reason` becomes the error's `cause`. */
  abort(reason?: unknown): void;
}

/** A loaded Whisper model: weights that any number of jobs share. */
export interface WhisperModel extends AsyncDisposable {
  /** The file it was loaded from. */
  readonly path: string;
  /** `tiny`, `base`, `small`, `medium`, `large`. */
  readonly type: string;
  /** Whether it knows more than English. */
  readonly multilingual: boolean;
  /** Type of the weights, such as `q8_0` or `f16`. */
  readonly quantization: string;
  /** Native bytes of the weights. 0 once closed. */
  readonly byteSize: number;
  /** Whether close() was called. */
  readonly closed: boolean;
  /** Refuses new work, waits for what runs, frees the weights; when it resolves the memory is gone. Idempotent. */
  close(): Promise<void>;
}
