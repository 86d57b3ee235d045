// Times go through whole milliseconds before they are split into fields: rounding a field on its own is what makes
// 59.9996 s come out as 00:00:60.000.

/** Whole milliseconds, never negative; 0 for what is not a finite number. */
export function toMs(seconds: number): number {
  return Number.isFinite(seconds) && seconds > 0 ? Math.round(seconds * 1000) : 0;
}

/** `HH:MM:SS<separator>mmm`; hours grow beyond two digits where needed. */
export function clock(ms: number, separator: ',' | '.'): string {
  return `${hms(Math.floor(ms / 1000))}${separator}${String(ms % 1000).padStart(3, '0')}`;
}

/** `HH:MM:SS` of whole seconds. */
export function hms(seconds: number): string {
  const pad = (n: number) => String(n).padStart(2, '0');
  return `${pad(Math.floor(seconds / 3600))}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;
}
