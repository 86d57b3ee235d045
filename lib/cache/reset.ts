import { HearkenError } from '../errors.js';
import { acquireLock } from '../lock.js';
import { lockOf, renameDatabase } from './aside.js';
import { collectGarbage } from './garbage.js';
import { withStore } from './present.js';
import { settle } from './runs.js';
import type { Sql } from './sql.js';
import type { Store } from './store.js';
import { reason } from './trouble.js';
import type { CacheReset, StoreOptions } from './types.js';
import { checkOptions } from './validate.js';

/**
 * Moves the database aside, under a name that is told; the next job begins a new one.
 *
 * @throws HearkenError ERR_CACHE_RUNNING while a job runs; ERR_CACHE_ACCESS, ERR_CACHE_LOCKED, ERR_CACHE_UNAVAILABLE
 */
export async function resetCache(options: StoreOptions = {}): Promise<CacheReset> {
  checkOptions(options);
  const backup = await withStore(options, 'write', reset);
  return { backup };
}

async function reset(store: Store): Promise<string> {
  const { database } = store;
  // It was damaged: opening it has moved it aside already.
  if (database.backup) return database.backup;
  const lock = await database.guard(() => acquireLock(lockOf(database.path)));
  try {
    if (process.platform === 'win32') return await renameClosed(store);
    // Nobody can begin to write before it has its new name, and who waited for that sees that it has moved.
    const done: { backup?: string } = {};
    await database.write((sql) => {
      if (done.backup) return; // done, and what came after it was tried again
      refuseRunning(sql);
      done.backup = renameDatabase(database.path, 'reset');
    });
    return done.backup as string;
  } finally {
    database.drop();
    await lock.release();
  }
}

/** Windows renames no open file: should another process have it open, that is what the error says. */
async function renameClosed({ database }: Store): Promise<string> {
  await database.write(refuseRunning);
  database.drop();
  await collectGarbage();
  try {
    return renameDatabase(database.path, 'reset');
  } catch (cause) {
    throw new HearkenError(
      'ERR_CACHE_LOCKED',
      `cannot move ${database.path} aside: ${reason(cause)}; end what has it open`,
      { cause },
    );
  }
}

function refuseRunning(sql: Sql): void {
  const jobs = [...new Set(settle(sql).map(({ job }) => job))];
  if (jobs.length === 0) return;
  throw new HearkenError(
    'ERR_CACHE_RUNNING',
    `the cache is in use by ${jobs.length === 1 ? 'job' : 'jobs'} ${jobs.join(', ')}: cancel or await ${jobs.length === 1 ? 'it' : 'them'} first`,
  );
}
