// Round numbers for axes.

/** 1, 2 or 5 times a power of ten: the smallest that is at least `least`. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5, 10].find((factor) => power * factor >= least * 0.999) as number);
}

const steps = (end: number, step: number) =>
  Array.from({ length: Math.floor(end / step + 1e-9) + 1 }, (_, i) => i * step);

/** From 0, five steps or so; the last one lies at or above `highest`. */
export function amountTicks(highest: number): number[] {
  const step = roundStep(Math.max(highest, 1) / 7);
  return steps(Math.ceil(Math.max(highest, 1) / step - 1e-9) * step, step);
}

const TIMES = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200];

/** From 0 up to `end` seconds, at most nine, with their texts. */
export function timeTicks(end: number): { at: number; text: string }[] {
  const step = TIMES.find((size) => end / size <= 8) ?? Math.ceil(end / 8 / 86_400) * 86_400;
  return steps(end, step).map((at) => ({ at, text: timeText(at, step, end) }));
}

function timeText(at: number, step: number, end: number): string {
  if (at === 0) return '0';
  if (end < 120) return `${step < 1 ? at.toFixed(1) : Math.round(at)} s`;
  const pad = (n: number) => String(n).padStart(2, '0');
  const [hours, minutes, seconds] = [Math.floor(at / 3600), Math.floor(at / 60), Math.round(at) % 60];
  if (end < 7200) return step % 60 === 0 ? `${minutes} min` : `${minutes}:${pad(seconds)}`;
  return step % 3600 === 0 ? `${hours} h` : `${hours}:${pad(minutes % 60)} h`;
}
