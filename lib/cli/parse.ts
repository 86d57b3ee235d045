import { InvalidArgumentError } from 'commander';

const TIME = /^(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)$/;

/** Seconds from `300`, `300.5`, `5:00` or `1:02:03.5`. */
export function parseTime(value: string): number {
  const fields = TIME.exec(value);
  const [hours, minutes, seconds] = [fields?.[1], fields?.[2], fields?.[3]];
  // Only the first field may run over: 90:00 is an hour and a half, 1:90 is a slip.
  const overrun = (minutes !== undefined && Number(seconds) >= 60) || (hours !== undefined && Number(minutes) >= 60);
  const time = Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? Number.NaN);
  if (overrun || !Number.isFinite(time)) {
    throw new InvalidArgumentError('A time is seconds (300 or 300.5), minutes:seconds (5:00) or h:mm:ss (1:02:03.5).');
  }
  return time;
}

/** A parser of numbers within bounds. */
export function number(low: number, high: number, kind: 'whole' | 'any' = 'whole'): (value: string) => number {
  return (value) => {
    const shape = kind === 'whole' ? /^\d+$/ : /^-?\d+(\.\d+)?$/;
    const parsed = Number(value);
    if (!shape.test(value) || parsed < low || parsed > high) {
      const range = high === Number.MAX_SAFE_INTEGER ? `${low} or more` : `from ${low} to ${high}`;
      throw new InvalidArgumentError(`It must be a ${kind === 'whole' ? 'whole number' : 'number'}, ${range}.`);
    }
    return parsed;
  };
}

/** A language's code; whether the model knows it is for the model to say. */
export function parseLanguage(value: string): string {
  if (!/^(auto|[a-z]{2,3})$/i.test(value)) {
    throw new InvalidArgumentError('It must be a code such as en or de, or auto.');
  }
  return value.toLowerCase();
}

/** Somebody's name and a clip in which only that person speaks. */
export interface VoiceClip {
  name: string;
  clip: string;
}

/** `Ada=ada.wav`, once for each voice. */
export function parseVoice(value: string, before: readonly VoiceClip[] = []): VoiceClip[] {
  const refuse = (message: string): never => {
    throw new InvalidArgumentError(message);
  };
  const at = value.indexOf('=');
  const [name, clip] = [value.slice(0, at), value.slice(at + 1)];
  if (at < 0 || name.trim() === '' || clip === '') refuse('It must be a name, =, and a clip: Ada=ada.wav.');
  if (/\p{Cc}/u.test(name)) refuse('The name has a control character in it.');
  if (/^SPEAKER_\d+$/.test(name)) refuse(`${name} is what strangers are called: give another name.`);
  if (clip === '-') refuse('A clip is a file: stdin is for the audio to listen to.');
  if (before.some((voice) => voice.name === name)) refuse(`${name} has a clip already: one for each name.`);
  return [...before, { name, clip }];
}

const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Seconds from `30d`, `12h` or `45m`. */
export function parseDuration(value: string): number {
  const [, digits, unit = ''] = /^(\d+)([smhdw])$/.exec(value) ?? [];
  const seconds = Number(digits) * (UNITS[unit] ?? Number.NaN);
  if (!Number.isSafeInteger(seconds) || seconds === 0) {
    throw new InvalidArgumentError('A duration is a whole number above 0 and a unit: 45m, 12h, 30d or 8w.');
  }
  return seconds;
}
