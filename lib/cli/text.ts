import { HearkenError } from '../errors.js';
import { bytesText } from './download-bar.js';
import { type CliIO, Output } from './io.js';
import { columnsOf } from './progress.js';

/** `812 B`, `12.3 kB`, and from a megabyte on as everywhere. */
export function sizeText(bytes: number): string {
  if (bytes >= 999_950) return bytesText(bytes);
  return bytes < 1000 ? `${bytes} B` : `${(bytes / 1000).toFixed(1)} kB`;
}

/** `2025-03-01 14:05`, as the clock on the wall has it. */
export function dateText(date: Date): string {
  const pad = (n: number) => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}`;
}

/** `1 job`, `3 jobs`. */
export const counted = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;

/** Rows in columns; those of numbers, named by place, end at one edge. The last column is as wide as it is. */
export function columns(rows: readonly (readonly string[])[], numbers: readonly number[] = []): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => columnsOf(row[column] ?? '')))) ?? [];
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => {
        const gap = ' '.repeat(Math.max(0, (widths[column] ?? 0) - columnsOf(cell)));
        return numbers.includes(column) ? gap + cell : cell + gap;
      })
      .join('  ')
      .trimEnd();
  return `${rows.map(line).join('\n')}\n`;
}

/** JSON for programs: every key is there, null where nothing is known. */
export const jsonText = (value: unknown): string =>
  `${JSON.stringify(value, (_key, each: unknown) => (each === undefined ? null : each), 2)}\n`;

/** Writes a command's answer to stdout; a reader that went away is no error. */
export async function print(io: CliIO, text: string): Promise<void> {
  try {
    await new Output(io.stdout).write(text);
  } catch (cause) {
    throw new HearkenError('ERR_OUTPUT', `cannot write to stdout: ${(cause as Error).message}`, { cause });
  }
}

/** Says something to whoever sits in front of it; that it could not be said is no reason to stop. */
export async function remark(io: CliIO, text: string): Promise<void> {
  await new Output(io.stderr).write(`hearken: ${text}\n`).catch(() => {});
}
