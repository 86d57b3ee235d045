import { basename, extname, join, resolve, sep } from 'node:path';
import { formatOfPath } from '../formats/index.js';
import { rttmField } from '../formats/rttm.js';
import type { Receipt } from '../memory.js';
import type { WriteOptions } from '../types.js';
import { printable, UsageError } from './io.js';

/** A result that knows how to write itself. */
export interface Document<F extends string> {
  readonly receipt: Receipt;
  toJSON(options?: WriteOptions): object;
  format(format: F, uri?: string, options?: WriteOptions): string;
  save(path: string, format?: F, uri?: string, options?: WriteOptions): Promise<void>;
}

/** What the flags say of it. */
export interface OutputFlags<F extends string> {
  output?: string;
  format?: F;
  receipt?: boolean;
}

/** The formats that a command can write, and the one that it writes if none is asked for. */
export interface Formats<F extends string> {
  known: readonly F[];
  usual: F;
}

export interface OutputPlan<F extends string> {
  format: F;
  write?: WriteOptions;
  /** Where each input's result goes, in their order; undefined: stdout. */
  targets: (string | undefined)[];
  /** What each recording is called in a format that names it (RTTM): its file's name without the extension, where that is unique. */
  names: string[];
  /** To make before anything is written. */
  folder?: string;
}

const isFolderName = (path: string) => path.endsWith('/') || path.endsWith(sep);

/**
 * Where every result goes and in what format, decided before any work begins: a mistake found after an hour of decoding
 * would be one too late.
 */
export function planOutput<F extends string>(
  files: readonly string[],
  options: OutputFlags<F>,
  { known, usual }: Formats<F>,
  isFolder: (path: string) => boolean,
): OutputPlan<F> {
  const { output } = options;
  const writing = (format: F): Pick<OutputPlan<F>, 'format' | 'write'> => {
    if (options.receipt && format !== 'json') {
      throw new UsageError(`--receipt is for JSON, and ${format} has no place for it: use -f json, or --memory-report`);
    }
    return { format, ...(options.receipt ? { write: { receipt: true } } : {}) };
  };
  if (files.filter((file) => file === '-').length > 1) throw new UsageError('stdin (-) can be read only once');
  if (output === '') throw new UsageError('the output path is empty');
  if (output === undefined || output === '-') {
    const format = options.format ?? usual;
    // All of them in one document, so their names must tell them apart.
    return {
      ...writing(format),
      targets: files.map(() => undefined),
      names: format === 'rttm' ? uniqueNames(files, rttmClash, rttmField) : stems(files),
    };
  }

  const inFolder = isFolderName(output) || isFolder(output);
  if (!inFolder && files.length > 1) {
    throw new UsageError(
      `${files.length} files can't share the output file ${output}: give a folder (existing, or ending in ${sep})`,
    );
  }
  const format = options.format ?? (inFolder ? usual : formatOfPath(output, known));
  if (format === undefined) {
    throw new UsageError(`the extension of ${output} names no format: give -f ${known.join('|')}`);
  }
  const names = inFolder
    ? uniqueNames(files, (name) => `more than one file would be written to ${join(output, `${name}.${format}`)}`)
    : stems(files);
  const targets = inFolder ? names.map((name) => join(output, `${name}.${format}`)) : [output];
  for (const target of targets) {
    const input = files.find((file) => file !== '-' && resolve(file) === resolve(target));
    if (input !== undefined) throw new UsageError(`the output ${target} would overwrite the input ${input}`);
  }
  return { ...writing(format), targets, names, ...(inFolder ? { folder: output } : {}) };
}

const rttmClash = (name: string) => `more than one recording would be called ${name} in the RTTM`;

const fileName = (file: string) => (file === '-' ? 'stdin' : basename(file));
const stems = (files: readonly string[]) =>
  files.map((file) => {
    const name = fileName(file);
    const stem = basename(name, extname(name));
    return /^[\s\p{Cc}]*$/u.test(stem) ? name : stem;
  });

/**
 * A name for each file, of several that end up in one place: `talk` of `talk.mp3`; where two would meet, `talk.mp3` and `talk.wav`.
 * `written` is how that place writes a name, which may make one of two.
 */
function uniqueNames(
  files: readonly string[],
  clashing: (name: string) => string,
  written = (name: string) => name,
): string[] {
  // Not every file system tells cases apart.
  const key = (name: string) => written(name).toLowerCase();
  const twice = (names: string[], name: string) => names.filter((n) => key(n) === key(name)).length > 1;
  const short = stems(files);
  const names = short.map((stem, index) => (twice(short, stem) ? fileName(files[index] as string) : stem));
  const clash = names.find((name) => twice(names, name));
  if (clash !== undefined) throw new UsageError(`${clashing(written(clash))}: split the call`);
  return names;
}

/**
 * What goes to stdout for a file. An only one is the bare document. Of several, JSON comes as JSON Lines, each object
 * with its `file`, and RTTM line after line, as every line names its recording; the others under a header line with the
 * file's name.
 */
export function stdoutText<F extends string>(
  result: Document<F>,
  { format, write }: Pick<OutputPlan<F>, 'format' | 'write'>,
  file: string,
  place: { name: string; first: boolean; only: boolean },
): string {
  if (place.only || format === 'rttm') return result.format(format, place.name, write);
  if (format === 'json') return `${JSON.stringify({ file, ...result.toJSON(write) })}\n`;
  const header = format === 'md' ? `## ${printable(file)}\n\n` : `==> ${printable(file)} <==\n`;
  return `${place.first ? '' : '\n'}${header}${result.format(format)}`;
}
