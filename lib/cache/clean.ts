import { HearkenError } from '../errors.js';
import { bytesOnDisk } from './aside.js';
import { noJob, pickJob } from './manage.js';
import { withStore } from './present.js';
import { settle } from './runs.js';
import type { Sql } from './sql.js';
import type { Store } from './store.js';
import { bytesInUse, type Limits, removeWithEntries, type Swept, shrink, sweep } from './sweep.js';
import type { CacheCleanup, CleanOptions, StoreOptions } from './types.js';
import { checkFlag, checkId, checkOptions, checkPositive, checkWhole } from './validate.js';

const NOTHING: CacheCleanup = { jobs: [], entries: 0, freedBytes: 0 };
const DEFAULT_KEEP = 5;
const MB = 2 ** 20;

/**
 * Removes jobs that were not used lately, with what only they need. Those that run stay.
 *
 * @throws HearkenError ERR_INVALID_ARG, ERR_CACHE_ACCESS, ERR_CACHE_FULL, ERR_CACHE_LOCKED, ERR_CACHE_UNAVAILABLE
 */
export async function cleanCache(options: CleanOptions = {}): Promise<CacheCleanup> {
  checkOptions(options, ['keep', 'maxSizeMB', 'olderThanSeconds', 'dryRun']);
  checkWhole('keep', options.keep);
  checkPositive('maxSizeMB', options.maxSizeMB);
  checkPositive('olderThanSeconds', options.olderThanSeconds);
  checkFlag('dryRun', options.dryRun);
  const { keep, maxSizeMB, olderThanSeconds, dryRun } = options;
  const limits: Limits = {};
  if (keep !== undefined) limits.keep = keep;
  if (maxSizeMB !== undefined) limits.maxBytes = maxSizeMB * MB;
  if (olderThanSeconds !== undefined) limits.usedSince = Date.now() - olderThanSeconds * 1000;
  if (Object.keys(limits).length === 0) limits.keep = DEFAULT_KEEP;
  const work = (sql: Sql) => sweep(sql, limits);
  return (
    (await withStore(options, 'write', (store) => (dryRun ? pretend(store, work) : remove(store, work)))) ?? NOTHING
  );
}

/**
 * Removes a job that does not run, with what only it needs.
 *
 * @param id as {@link listJobs} gives it, or a beginning of it that no other job has
 * @throws HearkenError ERR_CACHE_NOT_FOUND; ERR_CACHE_RUNNING: cancel it first; as {@link cleanCache}
 */
export async function deleteJob(id: string, options: StoreOptions = {}): Promise<CacheCleanup> {
  const beginning = checkId(id);
  checkOptions(options);
  const cleanup = await withStore(options, 'write', (store) =>
    remove(store, (sql) => {
      const live = settle(sql);
      const job = pickJob(sql, beginning);
      if (live.some((run) => run.job === job.id)) {
        throw new HearkenError(
          'ERR_CACHE_RUNNING',
          `job ${job.id} is running: cancel it first (hearken jobs cancel ${job.id})`,
        );
      }
      return { jobs: [job], entries: removeWithEntries(sql, job.id) };
    }),
  );
  if (!cleanup) throw noJob(beginning);
  return cleanup;
}

/** Makes the database no larger than that, if jobs that do not run are enough for it. For a limit that is always kept. */
export async function evict(store: Store, maxBytes: number): Promise<CacheCleanup> {
  const pages = await store.database.read((sql) => Number(sql.pragma('page_count')) * Number(sql.pragma('page_size')));
  if (pages === undefined || pages <= maxBytes) return NOTHING;
  return remove(store, (sql) => sweep(sql, { maxBytes }));
}

async function remove(store: Store, work: (sql: Sql) => Swept): Promise<CacheCleanup> {
  const { database } = store;
  const before = await bytesOnDisk(database.path);
  const swept = (await database.write(work)) ?? NOTHING;
  await shrink(database);
  return { ...swept, freedBytes: Math.max(0, before - (await bytesOnDisk(database.path))) };
}

/** Does all of it, looks at what has become of it, and undoes it. */
async function pretend(store: Store, work: (sql: Sql) => Swept): Promise<CacheCleanup> {
  const { database } = store;
  const before = await bytesOnDisk(database.path);
  let cleanup = NOTHING;
  const undo = new HearkenError('ERR_INTERNAL', 'a trial that was not undone');
  await database
    .write((sql) => {
      cleanup = { ...work(sql), freedBytes: Math.max(0, before - bytesInUse(sql)) };
      throw undo;
    })
    .catch((error) => {
      if (error !== undo) throw error;
    });
  return cleanup;
}
