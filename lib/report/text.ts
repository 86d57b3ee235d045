// How the report writes numbers and words.

const MB = 2 ** 20;

/** Text of somebody else's within HTML: nothing of it is markup, and it can't turn the line around (bidi, control characters). */
export function escapeHtml(text: string): string {
  return text
    .replace(/[\n\r\t]+/g, ' ')
    .replace(/[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '\uFFFD')
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

export const megabytes = (bytes: number): number => bytes / MB;

/** `1,234` or `4.2`: below ten, a tenth matters. */
export function amount(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 9.95 || size < 0.05 ? 0 : 1;
  const [whole = '0', tenth] = size.toFixed(digits).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  const shown = tenth === undefined ? grouped : `${grouped}.${tenth}`;
  return value < 0 && Number(size.toFixed(digits)) > 0 ? `−${shown}` : shown;
}

/** `281 MB`, never broken at the space; megabytes of 2^20 bytes, as the limit's. */
export const mb = (bytes: number): string => `${amount(megabytes(bytes))}\u00a0MB`;

/** `+235 MB`, `−3.1 MB`, `±0 MB`. */
export function change(bytes: number): string {
  const text = amount(megabytes(bytes));
  if (text === '0') return '±0\u00a0MB';
  return `${bytes > 0 ? '+' : ''}${text}\u00a0MB`;
}

/** `4.2 s`, `3:05 min`, `1:02:05 h`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds < 9.95 ? seconds.toFixed(1) : Math.floor(seconds)} s`;
  const whole = Math.floor(seconds);
  const pad = (n: number) => String(n).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(whole % 60)} h` : `${minutes}:${pad(whole % 60)} min`;
}

export const plural = (count: number, one: string, more = `${one}s`): string =>
  `${amount(count).replace(/\.0$/, '')} ${count === 1 ? one : more}`;
