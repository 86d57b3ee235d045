import { isMainThread } from 'node:worker_threads';
import { dataFolder } from '../cache/index.js';
import { HearkenError } from '../errors.js';
import type { CacheOptions } from '../types.js';
import { flag, number, text } from './checks.js';

/** How a job uses what is kept. */
export interface Keeping {
  mode: 'off' | 'readonly' | 'write';
  force: boolean;
  /** The data folder. */
  folder: string;
  /** Bytes that the database may have after the job; 0: no limit. */
  limit: number;
}

const MODES: Record<string, Keeping['mode']> = { on: 'write', off: 'off', readonly: 'readonly' };

/**
 * The default of `cache`: HEARKEN_CACHE (on, off, readonly). In a worker_thread it takes that to be on: libsql ends the whole
 * process if the thread is terminated while a statement runs, which is rare, but not for us to risk unasked.
 */
function usualMode(value: string | undefined): Keeping['mode'] {
  if (value === undefined || value === '') return isMainThread ? 'write' : 'off';
  const mode = Object.hasOwn(MODES, value) ? MODES[value] : undefined;
  if (mode) return mode;
  throw new HearkenError('ERR_INVALID_ARG', `HEARKEN_CACHE must be on, off or readonly, not '${value}'`);
}

function usualLimit(value: string | undefined): number {
  if (value === undefined || value === '') return 0;
  const limit = Number(value);
  if (Number.isFinite(limit) && limit >= 0) return limit;
  throw new HearkenError('ERR_INVALID_ARG', `HEARKEN_CACHE_LIMIT must be a number of megabytes, not '${value}'`);
}

export function resolveKeeping(options: CacheOptions, env: NodeJS.ProcessEnv = process.env): Keeping {
  const { cache } = options;
  if (cache !== undefined && typeof cache !== 'boolean' && cache !== 'readonly') {
    throw new HearkenError('ERR_INVALID_ARG', `cache must be true, false or 'readonly', not ${String(cache)}`);
  }
  const force = flag('force', options.force, false);
  if (force && cache !== undefined && cache !== true) {
    const message = 'force computes again what is kept, and replaces it: leave it out, or cache';
    throw new HearkenError('ERR_INVALID_ARG', message);
  }
  const mode =
    cache === undefined ? usualMode(env.HEARKEN_CACHE) : cache === 'readonly' ? cache : cache ? 'write' : 'off';
  const megabytes = number('cacheLimitMB', options.cacheLimitMB, usualLimit(env.HEARKEN_CACHE_LIMIT), 0, 2 ** 40);
  const dataDir = text('dataDir', options.dataDir);
  if (dataDir.includes('\0')) throw new HearkenError('ERR_INVALID_ARG', 'dataDir has a NUL character');
  return {
    mode,
    force,
    folder: dataFolder(dataDir || undefined),
    limit: Math.round(megabytes * 2 ** 20),
  };
}
