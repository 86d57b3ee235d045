import type { Progress } from '../types.js';
import { type CliIO, printable } from './io.js';

const REDRAW_MS = 100;
const CLEAR = '\r\u001b[2K';

/** `7:03` or `1:02:03`. */
export function shortTime(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const pad = (n: number) => String(n).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
}

/** Columns that text takes: East Asian characters and emoji take two. An estimate on the wide side keeps to one line. */
export function columnsOf(text: string): number {
  return [...text].reduce((sum, character) => sum + ((character.codePointAt(0) ?? 0) >= 0x1100 ? 2 : 1), 0);
}

function shorten(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  const kept = [...text];
  while (kept.length > 0 && columnsOf(kept.join('')) > columns - 2) kept.pop();
  return kept.length === 0 ? '' : `${kept.join('')}…`;
}

/** The line for one state of progress, no wider than `columns`: the name gives way first. */
export function progressText(label: string, progress: Progress | undefined, columns: number): string {
  const figures: string[] = [];
  if (progress === undefined) {
    figures.push('starting');
  } else {
    if (progress.fraction !== undefined) figures.push(`${Math.floor(progress.fraction * 100)}%`.padStart(4));
    const total = progress.total === undefined ? '' : ` of ${shortTime(progress.total)}`;
    figures.push(`${shortTime(progress.processed)}${total}`);
    figures.push(`${progress.speed.toFixed(1)}x`);
    if (progress.eta !== undefined) figures.push(`ETA ${shortTime(Math.ceil(progress.eta))}`);
  }
  const tail = figures.join('  ');
  const name = shorten(printable(label), columns - tail.length - 3);
  return shorten(name === '' ? tail : `${name}  ${tail}`, columns - 1);
}

/** One line on a terminal, redrawn in place. Draws nothing anywhere else; has no timer, so it never holds the process. */
export class ProgressLine {
  readonly #stream: CliIO['stderr'];
  readonly #now: () => number;
  readonly #enabled: boolean;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #shown = '';

  constructor(stream: CliIO['stderr'], quiet: boolean, now: () => number = () => performance.now()) {
    this.#stream = stream;
    this.#now = now;
    this.#enabled = stream.isTTY === true && !quiet && process.env.TERM !== 'dumb';
  }

  /** A new file: drawn at once. */
  begin(label: string): void {
    this.#draw(label, undefined);
  }

  update(label: string, progress: Progress): void {
    if (this.#now() - this.#drawnAt >= REDRAW_MS) this.#draw(label, progress);
  }

  /** Leaves an empty line for what is printed next. */
  clear(): void {
    if (this.#shown !== '') this.#stream.write(CLEAR);
    this.#shown = '';
  }

  #draw(label: string, progress: Progress | undefined): void {
    if (!this.#enabled) return;
    this.#drawnAt = this.#now();
    const text = progressText(label, progress, this.#stream.columns || 80);
    if (text === this.#shown) return;
    this.#shown = text;
    this.#stream.write(CLEAR + text);
  }
}
