import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { HearkenError } from '../errors.js';

/**
 * What an error of the database calls for. `busy`: another process writes, try again. `moved`: the file has another place now,
 * open what is at the path. `corrupt`: move it aside. The others are for the caller.
 */
export type Trouble = 'busy' | 'moved' | 'corrupt' | 'full' | 'access' | 'io' | 'other';

/** SQLite's result codes, without the upper bits that say more about some of them. */
const PRIMARY: Record<number, Trouble> = {
  3: 'access', // PERM
  5: 'busy', // BUSY
  6: 'busy', // LOCKED
  8: 'access', // READONLY
  10: 'io', // IOERR
  11: 'corrupt', // CORRUPT
  13: 'full', // FULL
  14: 'access', // CANTOPEN
  15: 'busy', // PROTOCOL: two processes made the log's index at once
  23: 'access', // AUTH
  26: 'corrupt', // NOTADB
};
const READONLY_DBMOVED = 1032;
const IOERR_SHORT_READ = 522;

/** Files that cannot be made or written, as Node says it. */
const ERRNO: Record<string, Trouble> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EACCES: 'access',
  EPERM: 'access',
  EROFS: 'access',
  ENOTDIR: 'access',
  EEXIST: 'access',
  EISDIR: 'access',
  ELOOP: 'access',
  ENAMETOOLONG: 'access',
  ENOENT: 'access',
  EIO: 'io',
};

export function troubleOf(error: unknown): Trouble {
  const { code, rawCode, message } = error as { code?: unknown; rawCode?: unknown; message?: unknown };
  const number = typeof rawCode === 'number' && rawCode > 0 ? rawCode : openCode(message);
  if (number === READONLY_DBMOVED) return 'moved';
  // The file ends before a page that its header counts.
  if (number === IOERR_SHORT_READ) return 'corrupt';
  // A table or column is gone from a database whose version says that it is there.
  if (number === 1 && /no such (table|column)|has no column/.test(String(message))) return 'corrupt';
  if (number !== undefined) return PRIMARY[number & 0xff] ?? 'other';
  return (typeof code === 'string' && ERRNO[code]) || 'other';
}

/** An error of opening carries SQLite's code only at the end of its message. */
function openCode(message: unknown): number | undefined {
  const found = /^ConnectionFailed\(.*: (\d+)"?\)$/s.exec(String(message));
  return found ? Number(found[1]) : undefined;
}

/** The typed error for trouble that cannot be helped. */
export async function toCacheError(error: unknown, path: string, waitedMs: number): Promise<HearkenError> {
  if (error instanceof HearkenError) return error;
  const trouble = troubleOf(error);
  const what = reason(error);
  const cause = { cause: error };
  if (trouble === 'busy') {
    const waited = `another process has had it locked for ${(waitedMs / 1000).toFixed(1)} s`;
    return new HearkenError(
      'ERR_CACHE_LOCKED',
      `cannot use ${path}: ${waited}; end that process, or go without the cache`,
      cause,
    );
  }
  if (trouble === 'full' || (trouble === 'io' && (await isFull(path)))) {
    return new HearkenError(
      'ERR_CACHE_FULL',
      `cannot write ${path}: no space left (${what}); make room there, or choose another data folder`,
      cause,
    );
  }
  if (trouble === 'corrupt') return new HearkenError('ERR_CACHE_CORRUPT', `${path} is damaged: ${what}`, cause);
  if (trouble === 'access' || trouble === 'io') {
    return new HearkenError(
      'ERR_CACHE_ACCESS',
      `cannot use ${path}: ${what}; give this user the right to write there, or choose another data folder`,
      cause,
    );
  }
  return new HearkenError('ERR_INTERNAL', `${path}: ${what}`, cause);
}

export function reason(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const text = String(message ?? error);
  return typeof code === 'string' && code !== '' && !text.includes(code) ? `${text} (${code})` : text;
}

/** SQLite calls it an input or output error where the log's index cannot grow; what it means is that the disk is full. */
async function isFull(path: string): Promise<boolean> {
  const space = await statfs(dirname(path)).catch(() => undefined);
  return space !== undefined && space.bavail * space.bsize < 64 * 1024;
}
