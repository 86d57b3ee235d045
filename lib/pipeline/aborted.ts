import { HearkenError } from '../errors.js';

/** What a stopped job rejects with. A reason of our own, such as a signal or a cancel by its id, is said; the caller's is the cause. */
export function abortedError(what: string, { reason }: AbortSignal): HearkenError {
  const said = reason instanceof HearkenError ? reason.message : `${what} was aborted`;
  return new HearkenError('ERR_ABORTED', said, { cause: reason });
}
