import { binding, type NativeAddon, type NativeCancelToken } from '../binding.js';
import { HearkenError, toHearkenError } from '../errors.js';

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
