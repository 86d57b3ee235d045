import { existsSync, renameSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { acquireLock } from '../lock.js';

export type Why = 'corrupt' | 'newer' | 'reset';

/** Which file a path names: device and number, for a moved file keeps them and a new one has others. */
export async function identityOf(path: string): Promise<string | undefined> {
  const info = await stat(path, { bigint: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  return info ? `${info.dev}:${info.ino}` : undefined;
}

export const lockOf = (path: string): string => `${path}.lock`;

/**
 * Renames a database with its log, if it is still the one that is meant: of two processes that find it damaged, the second must
 * not move what the first has made anew. Undefined: it was not there any more. Rejects with the system's error.
 */
export async function moveAside(path: string, identity: string, why: Why): Promise<string | undefined> {
  const lock = await acquireLock(lockOf(path));
  try {
    return (await identityOf(path)) === identity ? renameDatabase(path, why) : undefined;
  } finally {
    await lock.release();
  }
}

/** The caller holds the lock. The log goes along under the name that SQLite looks for, so that the backup can be opened. */
export function renameDatabase(path: string, why: Why): string {
  const backup = freeName(`${path}.${why}-${new Date().toISOString().replace(/[-:]/g, '').replace('.', '')}`);
  // The database first: should this process die in between, SQLite drops a log that belongs to no database.
  renameSync(path, backup);
  for (const suffix of ['-wal', '-shm']) {
    if (existsSync(path + suffix)) renameSync(path + suffix, backup + suffix);
  }
  return backup;
}

function freeName(name: string): string {
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name}-${number}`;
    if (!existsSync(candidate)) return candidate;
  }
}

/** Databases that were moved aside, oldest first. */
export async function backupsOf(path: string): Promise<{ path: string; bytes: number }[]> {
  const names = await readdir(dirname(path)).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const pattern = /^\.(?:corrupt|newer|reset)-(\d{8}T\d{9}Z(?:-\d+)?)(-wal|-shm)?$/;
  const found = names
    .filter((name) => name.startsWith(basename(path)))
    .map((name) => ({ name, match: pattern.exec(name.slice(basename(path).length)) }))
    .filter(({ match }) => match && !match[2])
    .sort((a, b) => ((a.match?.[1] ?? '') < (b.match?.[1] ?? '') ? -1 : 1));
  return Promise.all(
    found.map(async ({ name }) => {
      const backup = join(dirname(path), name);
      return { path: backup, bytes: await bytesOnDisk(backup) };
    }),
  );
}

/** Of a database and its log. */
export async function bytesOnDisk(path: string): Promise<number> {
  let bytes = 0;
  for (const name of [path, `${path}-wal`])
    bytes += await stat(name).then(
      ({ size }) => size,
      () => 0,
    );
  return bytes;
}
