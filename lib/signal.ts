/** Whether it is an AbortSignal, of any realm or polyfill: what is used of it is there. */
export function isSignal(signal: unknown): signal is AbortSignal {
  const given = signal as Partial<AbortSignal> | null | undefined;
  return (
    typeof given?.aborted === 'boolean' &&
    typeof given.addEventListener === 'function' &&
    typeof given.removeEventListener === 'function'
  );
}
