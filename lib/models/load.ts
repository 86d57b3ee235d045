import { binding, type NativeAddon, type NativeCancelToken } from '../binding.js';
import { HearkenError, toHearkenError } from '../errors.js';
import { isSignal } from '../signal.js';

/** Refuses what is no object, an option that there is not, and a signal that is none. */
export function checkLoadOptions(options: { signal?: AbortSignal }, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new HearkenError('ERR_INVALID_ARG', `options must be an object, not ${String(options)}`);
  }
  const unknown = Object.keys(options).filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new HearkenError('ERR_INVALID_ARG', `unknown option ${unknown.join(', ')}: there are ${known.join(', ')}`);
  }
  if (options.signal !== undefined && !isSignal(options.signal)) {
    throw new HearkenError('ERR_INVALID_ARG', 'signal must be an AbortSignal');
  }
}

/** A load that a signal can stop; the promise then rejects with ERR_ABORTED and nothing stays loaded. */
export async function loadStoppable<T>(
  signal: AbortSignal | undefined,
  load: (addon: NativeAddon, cancel: NativeCancelToken) => Promise<T>,
): Promise<T> {
  if (signal?.aborted) throw new HearkenError('ERR_ABORTED', 'loading the model was aborted', { cause: signal.reason });
  const addon = binding();
  const cancel = new addon.CancelToken();
  const abort = () => cancel.cancel();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    return await load(addon, cancel);
  } catch (error) {
    throw toHearkenError(error, 'ERR_MODEL_LOAD');
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}
