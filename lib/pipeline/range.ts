import { SAMPLE_RATE } from '../audio/source.js';
import { HearkenError } from '../errors.js';
import { samples, seconds } from './time.js';

/** The part of the audio that a job is about, in seconds; `end` may be Infinity. */
export interface Range {
  start: number;
  end: number;
}

/** In samples, as the planner takes it. */
export function planned({ start, end }: Range): { begin: number; end: number } {
  return { begin: samples(start), end: end === Number.POSITIVE_INFINITY ? end : samples(end) };
}

/** Seconds of audio in the range, where that can be told. */
export function rangeSeconds({ start, end }: Range, duration: number | undefined): number | undefined {
  if (duration === undefined) return end === Number.POSITIVE_INFINITY ? undefined : end - start;
  return Math.max(0, Math.min(end, duration) - start);
}

export function checkStart({ start }: Range, duration: number | undefined): void {
  if (duration !== undefined && start > 0 && start >= duration) {
    throw new HearkenError(
      'ERR_INVALID_ARG',
      `startTime is ${start} s, but the audio ends at ${seconds(duration * SAMPLE_RATE)} s`,
    );
  }
}

/** Seconds of the whole audio, once the range was read up to `position`: where a header promised more, the audio decides. */
export function wholeDuration({ end }: Range, promised: number | undefined, position: number): number {
  const whole = promised === undefined ? position : Math.round(promised * SAMPLE_RATE);
  return seconds(position < samples(end) ? position : Math.max(position, whole));
}
