import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isAlive } from '../alive.js';
import { removeStaleLock } from '../lock.js';
import { lockOf } from './aside.js';

/** Removes what processes that are gone have left beside a database: their lock, and locks that they were about to remove. */
export async function removeLeftovers(path: string): Promise<void> {
  const folder = dirname(path);
  const lock = basename(lockOf(path));
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((name) => name.startsWith(lock))) {
    const owner = /^\.(\d+)\.[\w-]+$/.exec(name.slice(lock.length))?.[1];
    if (name === lock) await removeStaleLock(join(folder, name));
    else if (owner && !isAlive(Number(owner))) await rm(join(folder, name), { force: true }).catch(() => {});
  }
}
