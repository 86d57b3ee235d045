import { HearkenError } from '../errors.js';
import { isSignal } from '../signal.js';
import type { TranscribeOptions } from '../types.js';

// Options come from JavaScript as often as from TypeScript: each of these gives the option's value, or its default, or an
// error that names it.

export function number(
  name: string,
  value: number | undefined,
  fallback: number,
  low: number,
  high: number,
  integer = false,
): number {
  if (value === undefined) return fallback;
  if (
    typeof value !== 'number' ||
    Number.isNaN(value) ||
    value < low ||
    value > high ||
    (integer && !Number.isInteger(value))
  ) {
    const kind = integer ? 'a whole number' : 'a number';
    const range = high === Number.POSITIVE_INFINITY ? `of at least ${low}` : `from ${low} to ${high}`;
    throw new HearkenError('ERR_INVALID_ARG', `${name} must be ${kind} ${range}, not ${String(value)}`);
  }
  return value;
}

export function flag(name: string, value: boolean | undefined, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  if (typeof value !== 'boolean')
    throw new HearkenError('ERR_INVALID_ARG', `${name} must be true or false, not ${String(value)}`);
  return value;
}

export function text(name: string, value: string | undefined): string {
  if (value === undefined) return '';
  if (typeof value !== 'string') throw new HearkenError('ERR_INVALID_ARG', `${name} must be a string`);
  return value;
}

export { isSignal };

/** Of an options object that may have come from JavaScript: is it one, and does it name nothing that there is not? */
export function checkShape(options: CommonOptions, known: Record<string, true>): void {
  if (typeof options !== 'object' || options === null) {
    throw new HearkenError('ERR_INVALID_ARG', `options must be an object, not ${String(options)}`);
  }
  const unknown = Object.keys(options).filter((key) => !Object.hasOwn(known, key));
  if (unknown.length > 0) {
    throw new HearkenError(
      'ERR_INVALID_ARG',
      `unknown option ${unknown.join(', ')}: there are ${Object.keys(known).join(', ')}`,
    );
  }
  if (options.signal !== undefined && !isSignal(options.signal)) {
    throw new HearkenError('ERR_INVALID_ARG', 'signal must be an AbortSignal');
  }
  for (const name of ['onProgress', 'onMemory'] as const) {
    if (options[name] !== undefined && typeof options[name] !== 'function') {
      throw new HearkenError('ERR_INVALID_ARG', `${name} must be a function`);
    }
  }
  text('ffmpegPath', options.ffmpegPath);
  if (options.channel !== undefined) number('channel', options.channel, 0, 0, 63, true);
}

type CommonOptions = Pick<
  TranscribeOptions,
  'signal' | 'onMemory' | 'onProgress' | 'ffmpegPath' | 'channel' | 'startTime' | 'endTime'
>;

export function range(options: CommonOptions): { start: number; end: number } {
  const start = number('startTime', options.startTime, 0, 0, Number.POSITIVE_INFINITY);
  const end = number('endTime', options.endTime, Number.POSITIVE_INFINITY, 0, Number.POSITIVE_INFINITY);
  if (!Number.isFinite(start)) throw new HearkenError('ERR_INVALID_ARG', 'startTime must be finite');
  if (end <= start) throw new HearkenError('ERR_INVALID_ARG', `endTime (${end}) must be after startTime (${start})`);
  return { start, end };
}
