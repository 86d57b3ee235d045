import { type Command, InvalidArgumentError } from 'commander';
import type { CacheOptions } from '../types.js';
import { UsageError } from './io.js';
import { number } from './parse.js';

/** Of what is kept of finished work: flags that transcribe and diarize have in common. */
export interface CacheFlags {
  cache?: boolean;
  cacheReadonly?: boolean;
  force?: boolean;
  dataDir?: string;
  cacheLimit?: number;
}

/** A petabyte: whoever asks for more has mistaken the unit. */
export const MOST_MEGABYTES = 2 ** 30;

export const dataDirOption = (command: Command): Command =>
  command.option(
    '--data-dir <folder>',
    "where finished work is kept (default: HEARKEN_DATA_DIR, or the system's place)",
    parseFolder,
  );

// `--cache readonly` beside `--no-cache` would set one and the same value: of both, the last would win without a word.
export const cacheOptions = (command: Command): Command =>
  dataDirOption(
    command
      .option('--cache', 'use and keep finished work (the default, unless HEARKEN_CACHE says off or readonly)')
      .option('--no-cache', 'neither use nor keep finished work')
      .option('--cache-readonly', 'use what is kept, keep nothing more')
      .option('--force', 'compute again what is kept, and replace it'),
  ).option(
    '--cache-limit <MB>',
    'most that is kept, least recently used work goes first; 0: no limit',
    number(0, MOST_MEGABYTES),
  );

export const CACHE = `What is finished is kept, transcripts included, and not computed again: hearken cache info says where and how much, hearken
jobs list of which files. HEARKEN_CACHE (on, off, readonly), HEARKEN_DATA_DIR and HEARKEN_CACHE_LIMIT are for all commands.`;

/** Flags that can't both be meant. */
export function checkCache({ cache, cacheReadonly, force, dataDir, cacheLimit }: CacheFlags): void {
  const refuse = (what: string, others: [string, unknown][]) => {
    const other = others.find(([, value]) => value !== undefined);
    if (other) throw new UsageError(`${what}: leave it out, or ${other[0]}`);
  };
  if (cache === false) {
    refuse('--no-cache neither uses nor keeps anything', [
      ['--cache-readonly', cacheReadonly],
      ['--force', force],
      ['--data-dir', dataDir],
      ['--cache-limit', cacheLimit],
    ]);
  }
  if (cacheReadonly) {
    refuse('--cache-readonly changes nothing of what is kept', [
      ['--cache', cache],
      ['--force', force],
      ['--cache-limit', cacheLimit],
    ]);
  }
}

/** The library's options of the flags. */
export function libraryCache(flags: CacheFlags): { [K in keyof CacheOptions]: CacheOptions[K] | undefined } {
  const cache = flags.cacheReadonly ? 'readonly' : flags.cache;
  return { cache, force: flags.force, dataDir: flags.dataDir, cacheLimitMB: flags.cacheLimit };
}

function parseFolder(value: string): string {
  if (value === '') throw new InvalidArgumentError('It must be a folder, and is empty.');
  return value;
}
