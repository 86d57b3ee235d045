import type { TranscriptionResult } from './types.js';

/** Every code that a {@link HearkenError} can carry. Codes are stable; messages are for people and may change. */
export type HearkenErrorCode =
  /** An argument or option has the wrong type or lies outside its range. */
  | 'ERR_INVALID_ARG'
  /** The signal or `job.abort()` stopped it. */
  | 'ERR_ABORTED'
  /** A handle was used after `close()`. */
  | 'ERR_CLOSED'
  /** A fault in hearken: please report it. */
  | 'ERR_INTERNAL'
  /** What was asked does not fit the memory limit, or the system has no more memory. */
  | 'ERR_MEMORY_LIMIT'
  /** There is no such file, or it may not be read. */
  | 'ERR_AUDIO_NOT_FOUND'
  /** The source failed while it was read. */
  | 'ERR_AUDIO_READ'
  /** Not audio, damaged beyond use, or in a form that nothing here decodes. */
  | 'ERR_AUDIO_FORMAT'
  /** This container needs ffmpeg, and there is none. */
  | 'ERR_AUDIO_FFMPEG'
  /** The file changed while it was read: run it again. */
  | 'ERR_AUDIO_CHANGED'
  /** No model of that name or path is on this machine. */
  | 'ERR_MODEL_NOT_FOUND'
  /** The file is no model of the kind that is needed, or it is truncated or damaged. */
  | 'ERR_MODEL_FORMAT'
  /** A sound model that could not be loaded. */
  | 'ERR_MODEL_LOAD'
  /** The download failed; a further pull resumes it. */
  | 'ERR_MODEL_DOWNLOAD'
  /** The file is not what its checksum says. */
  | 'ERR_MODEL_CHECKSUM'
  /** It would have to be downloaded, and connections are forbidden. */
  | 'ERR_MODEL_OFFLINE'
  /** The engine failed on a stretch of audio. */
  | 'ERR_DECODE'
  /** The result could not be written. */
  | 'ERR_OUTPUT'
  /** Another process has had the database locked for too long. */
  | 'ERR_CACHE_LOCKED'
  /** There is no space left to keep finished work in. */
  | 'ERR_CACHE_FULL'
  /** The data folder, or the database in it, can't be made, read or written. */
  | 'ERR_CACHE_ACCESS'
  /** The database is damaged, and could not be moved aside. */
  | 'ERR_CACHE_CORRUPT'
  /** There is no such job. */
  | 'ERR_CACHE_NOT_FOUND'
  /** What was asked can't be done with a job that is running. */
  | 'ERR_CACHE_RUNNING'
  /** The package `libsql`, which the database needs, is not there. */
  | 'ERR_CACHE_UNAVAILABLE'
  /** There is no addon for this platform, or it could not be loaded. */
  | 'ERR_BINDING';

/**
 * The one error class of hearken: what was wrong, where, and what to do, with a stable {@link HearkenError.code | code}. The error
 * behind it, where there is one, is its `cause`.
 */
export class HearkenError extends Error {
  /** Always `HearkenError`. */
  override readonly name = 'HearkenError';
  /** What went wrong, for programs. */
  readonly code: HearkenErrorCode;
  /** With ERR_ABORTED, where a job had begun: what was finished, its coverage marked `aborted` from there on. */
  declare readonly partial?: TranscriptionResult;
  /** With ERR_MEMORY_LIMIT, where a limit refused it: bytes needed, left below the limit, the limit, and one that would do. */
  declare readonly memory?: {
    neededBytes: number;
    availableBytes: number;
    limitBytes: number;
    fittingLimitBytes: number;
  };

  /** Thrown by hearken; there is no need to make one. */
  constructor(code: HearkenErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A HearkenError from whatever the addon or Node threw; errors that carry one of our codes keep it. */
export function toHearkenError(error: unknown, fallback: HearkenErrorCode = 'ERR_INTERNAL'): HearkenError {
  if (error instanceof HearkenError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = (error as { code?: unknown } | null)?.code;
  const ours =
    typeof code === 'string' &&
    /^ERR_(INVALID_ARG$|ABORTED$|CLOSED$|INTERNAL$|MEMORY_LIMIT$|AUDIO_|MODEL_|DECODE$)/.test(code);
  return new HearkenError(ours ? (code as HearkenErrorCode) : fallback, message, { cause: error });
}
