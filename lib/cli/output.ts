import { basename, extname, join, resolve, sep } from 'node:path';
import { formatOfPath, OUTPUT_FORMATS } from '../formats/index.js';
import type { OutputFormat, TranscriptionResult } from '../types.js';
import { printable, UsageError } from './io.js';

export interface OutputPlan {
  format: OutputFormat;
  /** Where each input's transcript goes, in their order; undefined: stdout. */
  targets: (string | undefined)[];
  /** To make before anything is written. */
  folder?: string;
}

const isFolderName = (path: string) => path.endsWith('/') || path.endsWith(sep);

/**
 * Where every transcript goes and in what format, decided before any work begins: a mistake found after an hour of decoding
 * would be one too late.
 */
export function planOutput(
  files: readonly string[],
  options: { output?: string; format?: OutputFormat },
  isFolder: (path: string) => boolean,
): OutputPlan {
  const { output } = options;
  if (files.filter((file) => file === '-').length > 1) throw new UsageError('stdin (-) can be read only once');
  if (output === '') throw new UsageError('the output path is empty');
  if (output === undefined || output === '-') {
    return { format: options.format ?? 'txt', targets: files.map(() => undefined) };
  }

  const inFolder = isFolderName(output) || isFolder(output);
  if (!inFolder && files.length > 1) {
    throw new UsageError(
      `${files.length} files can't share the output file ${output}: give a folder (existing, or ending in ${sep})`,
    );
  }
  const format = options.format ?? (inFolder ? 'txt' : formatOfPath(output));
  if (format === undefined) {
    throw new UsageError(`the extension of ${output} names no format: give -f ${OUTPUT_FORMATS.join('|')}`);
  }
  const targets = inFolder ? inside(output, files, format) : [output];
  for (const target of targets) {
    const input = files.find((file) => file !== '-' && resolve(file) === resolve(target));
    if (input !== undefined) throw new UsageError(`the output ${target} would overwrite the input ${input}`);
  }
  return { format, targets, ...(inFolder ? { folder: output } : {}) };
}

/** A name for each file in the folder: `talk.mp3` → `talk.srt`; where two would meet, `talk.mp3.srt` and `talk.wav.srt`. */
function inside(folder: string, files: readonly string[], format: OutputFormat): string[] {
  const full = files.map((file) => (file === '-' ? 'stdin' : basename(file)));
  const stems = full.map((name) => basename(name, extname(name)));
  // Not every file system tells cases apart.
  const twice = (names: string[], name: string) =>
    names.filter((n) => n.toLowerCase() === name.toLowerCase()).length > 1;
  const names = stems.map((stem, index) => (twice(stems, stem) ? (full[index] as string) : stem));
  const clash = names.findIndex((name) => twice(names, name));
  if (clash >= 0) {
    throw new UsageError(
      `more than one file would be written to ${join(folder, `${names[clash]}.${format}`)}: split the call`,
    );
  }
  return names.map((name) => join(folder, `${name}.${format}`));
}

/**
 * What goes to stdout for a file. An only one is the bare document. Of several, JSON comes as JSON Lines, each object
 * with its `file`; the others under a header line with the file's name.
 */
export function stdoutText(
  result: TranscriptionResult,
  format: OutputFormat,
  file: string,
  place: { first: boolean; only: boolean },
): string {
  if (place.only) return result.format(format);
  if (format === 'json') return `${JSON.stringify({ file, ...result.toJSON() })}\n`;
  const header = format === 'md' ? `## ${printable(file)}\n\n` : `==> ${printable(file)} <==\n`;
  return `${place.first ? '' : '\n'}${header}${result.format(format)}`;
}
