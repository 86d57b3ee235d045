import type { PullProgress } from '../models/index.js';
import { shortTime } from './progress.js';

const REDRAW_MS = 100;
/** Speed is taken over this much of the past: long enough to be steady, short enough to follow a change. */
const WINDOW_MS = 5_000;
const BAR = 24;

/** `12.3 MB`, `1.53 GB`. */
export function bytesText(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** The line for one state of a download: bar, percent, megabytes, speed, time to go. */
export function downloadText(progress: PullProgress, bytesPerSecond: number | undefined, columns: number): string {
  const { name, phase, done, total } = progress;
  const fraction = total > 0 ? Math.min(1, done / total) : 1;
  const filled = Math.floor(fraction * BAR);
  const percent = `${Math.floor(fraction * 100)}%`.padStart(4);
  const parts = [
    `${name}  ${'█'.repeat(filled)}${'░'.repeat(BAR - filled)} ${percent}`,
    `${bytesText(done)} of ${bytesText(total)}`,
  ];
  if (phase === 'verify') parts.push('checking what is there');
  if (phase === 'wait') parts.push('another process is downloading it');
  if (phase === 'download' && bytesPerSecond) {
    parts.push(`${(bytesPerSecond / 1e6).toFixed(1)} MB/s`, `${shortTime((total - done) / bytesPerSecond)} left`);
  }
  let line = parts.join('  ');
  while (line.length >= columns && parts.length > 1) {
    parts.pop();
    line = parts.join('  ');
  }
  return line.slice(0, Math.max(0, columns - 1));
}

/** Draws downloads on a terminal's line; without a terminal it draws nothing. */
export class DownloadBar {
  #samples: { at: number; done: number }[] = [];
  #drawnAt = 0;
  #drawn = false;
  #key = '';

  constructor(
    private readonly stream: NodeJS.WriteStream,
    private readonly enabled = stream.isTTY === true,
  ) {}

  update(progress: PullProgress, now = Date.now()): void {
    if (!this.enabled) return;
    const key = `${progress.name} ${progress.phase}`;
    if (key !== this.#key) {
      this.#key = key;
      this.#samples = [];
      this.#drawnAt = 0;
    }
    this.#samples.push({ at: now, done: progress.done });
    while (this.#samples.length > 2 && now - (this.#samples[0]?.at ?? now) > WINDOW_MS) this.#samples.shift();
    if (now - this.#drawnAt < REDRAW_MS) return;
    this.#drawnAt = now;
    this.#drawn = true;
    this.stream.write(`\r\u001b[2K${downloadText(progress, this.#speed(now), this.stream.columns || 80)}`);
  }

  /** Clears the line, so that what is printed next stands alone. */
  clear(): void {
    if (this.#drawn) this.stream.write('\r\u001b[2K');
    this.#drawn = false;
  }

  #speed(now: number): number | undefined {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || now - first.at < 200) return undefined;
    return ((last.done - first.done) * 1000) / (now - first.at);
  }
}
