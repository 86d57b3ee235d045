import { dataFolder } from '../data-folder.js';
import { backupsOf, bytesOnDisk } from './aside.js';
import { databasePath } from './database.js';
import { ENTRY_KINDS, type EntryKind } from './entries.js';
import { allJobs } from './jobs.js';
import { withStore } from './present.js';
import type { Sql } from './sql.js';
import { toCacheError } from './trouble.js';
import type { CacheInfo, StoreOptions } from './types.js';
import { checkOptions } from './validate.js';

/**
 * What is kept, and what it takes. Where nothing is kept yet all figures are 0.
 *
 * @throws HearkenError ERR_INVALID_ARG, ERR_CACHE_ACCESS, ERR_CACHE_LOCKED, ERR_CACHE_UNAVAILABLE
 */
export async function cacheInfo(options: StoreOptions = {}): Promise<CacheInfo> {
  checkOptions(options);
  const folder = dataFolder(options.dataDir);
  const path = databasePath(folder);
  const counts = await withStore(options, 'readonly', (store) => store.database.read(count));
  const backups = await backupsOf(path).catch(async (error) => {
    throw await toCacheError(error, path, 0);
  });
  return { folder, path, bytes: await bytesOnDisk(path), ...(counts ?? zeros()), backups };
}

function zeros(): Pick<CacheInfo, 'jobs' | 'entries'> {
  const none = () => ({ count: 0, bytes: 0 });
  return {
    jobs: { running: 0, interrupted: 0, done: 0, failed: 0, cancelled: 0 },
    entries: { chunk: none(), language: none(), window: none(), speakers: none() },
  };
}

function count(sql: Sql): Pick<CacheInfo, 'jobs' | 'entries'> {
  const counts = zeros();
  for (const { status } of allJobs(sql)) counts.jobs[status]++;
  const rows = sql.all<{ kind: EntryKind; count: number; bytes: number }>(
    'SELECT kind, count(*) AS count, sum(length(key) + length(value)) AS bytes FROM entries GROUP BY kind',
  );
  for (const { kind, count, bytes } of rows) if (ENTRY_KINDS.includes(kind)) counts.entries[kind] = { count, bytes };
  return counts;
}
