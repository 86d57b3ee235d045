import { rename, stat } from 'node:fs/promises';
import { acquireLock } from '../lock.js';

export type Why = 'corrupt' | 'newer' | 'reset';

/** Which file a path names: device and number, for a moved file keeps them and a new one has others. */
export async function identityOf(path: string): Promise<string | undefined> {
  const info = await stat(path, { bigint: true }).catch(() => undefined);
  return info && `${info.dev}:${info.ino}`;
}

export const lockOf = (path: string): string => `${path}.lock`;

/**
 * Renames a database with its log, if it is still the one that is meant: of two processes that find it damaged, the second must
 * not move what the first has made anew. Undefined: it was not there any more. Rejects with the system's error.
 */
export async function moveAside(path: string, identity: string, why: Why): Promise<string | undefined> {
  const lock = await acquireLock(lockOf(path));
  try {
    return (await identityOf(path)) === identity ? await renameDatabase(path, why) : undefined;
  } finally {
    await lock.release();
  }
}

/** The caller holds the lock. The log goes along under the name that SQLite looks for, so that the backup can be opened. */
export async function renameDatabase(path: string, why: Why): Promise<string> {
  const backup = await freeName(`${path}.${why}-${new Date().toISOString().replace(/[-:]/g, '').replace('.', '')}`);
  // The database first: should this process die in between, SQLite drops a log that belongs to no database.
  await rename(path, backup);
  for (const suffix of ['-wal', '-shm']) {
    await rename(path + suffix, backup + suffix).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }
  return backup;
}

async function freeName(name: string): Promise<string> {
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name}-${number}`;
    if (!(await identityOf(candidate))) return candidate;
  }
}
