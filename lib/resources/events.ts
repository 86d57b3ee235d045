/** Emits an event. What a listener throws is thrown for the process to see, but not into the bookkeeping that tells of it. */
export function tell<Name extends string, Event>(
  emitter: { emit(name: Name, event: Event): unknown },
  name: Name,
  event: Event,
): void {
  try {
    emitter.emit(name, event);
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}
