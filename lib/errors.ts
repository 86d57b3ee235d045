import type { TranscriptionResult } from './types.js';

/** Every code that a {@link HearkenError} can carry. Codes are stable; messages are for people and may change. */
export type HearkenErrorCode =
  | 'ERR_INVALID_ARG'
  | 'ERR_ABORTED'
  | 'ERR_CLOSED'
  | 'ERR_INTERNAL'
  | 'ERR_MEMORY_LIMIT'
  | 'ERR_AUDIO_NOT_FOUND'
  | 'ERR_AUDIO_READ'
  | 'ERR_AUDIO_FORMAT'
  | 'ERR_AUDIO_FFMPEG'
  | 'ERR_AUDIO_CHANGED'
  | 'ERR_MODEL_NOT_FOUND'
  | 'ERR_MODEL_FORMAT'
  | 'ERR_MODEL_LOAD'
  | 'ERR_MODEL_DOWNLOAD'
  | 'ERR_MODEL_CHECKSUM'
  | 'ERR_MODEL_OFFLINE'
  | 'ERR_DECODE'
  | 'ERR_OUTPUT'
  | 'ERR_CACHE_LOCKED'
  | 'ERR_CACHE_FULL'
  | 'ERR_CACHE_ACCESS'
  | 'ERR_CACHE_CORRUPT'
  | 'ERR_CACHE_NOT_FOUND'
  | 'ERR_CACHE_RUNNING'
  | 'ERR_CACHE_UNAVAILABLE'
  | 'ERR_BINDING';

/** The one error class of hearken: what was wrong, where, and what to do, with a stable {@link HearkenError.code | code}. */
export class HearkenError extends Error {
  override readonly name = 'HearkenError';
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
