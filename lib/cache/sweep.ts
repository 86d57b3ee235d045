import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import type { Database } from './database.js';
import { allJobs, removeJob } from './jobs.js';
import { settle } from './runs.js';
import type { Sql } from './sql.js';
import type { JobInfo } from './types.js';

/** What may stay; each limit that is given counts. Jobs that run stay in any case. */
export interface Limits {
  /** The most recently used jobs. */
  keep?: number;
  /** Jobs used since then. */
  usedSince?: number;
  /** As many jobs, the most recently used, as make the database no larger. */
  maxBytes?: number;
}

export interface Swept {
  jobs: JobInfo[];
  entries: number;
}

/** In a transaction. Entries that no job has go first. */
export function sweep(sql: Sql, { keep, usedSince, maxBytes }: Limits): Swept {
  const live = new Set(settle(sql).map(({ job }) => job));
  const swept: Swept = { jobs: [], entries: removeUnused(sql) };
  const remove = (job: JobInfo) => {
    swept.entries += removeWithEntries(sql, job.id);
    swept.jobs.push(job);
  };
  const staying: JobInfo[] = [];
  for (const [rank, job] of allJobs(sql).entries()) {
    const goes = (keep !== undefined && rank >= keep) || (usedSince !== undefined && job.used.getTime() < usedSince);
    if (live.has(job.id)) continue;
    if (goes) remove(job);
    else staying.push(job);
  }
  while (maxBytes !== undefined && bytesInUse(sql) > maxBytes && staying.length > 0) remove(staying.pop() as JobInfo);
  return swept;
}

/** Removes a job and the entries that no other has; says how many these were. */
export function removeWithEntries(sql: Sql, job: string): number {
  const entries = sql.run(
    `DELETE FROM entries WHERE key IN (SELECT key FROM uses WHERE job = ?1)
     AND NOT EXISTS (SELECT 1 FROM uses WHERE uses.key = entries.key AND job <> ?1)`,
    job,
  );
  removeJob(sql, job);
  return entries;
}

function removeUnused(sql: Sql): number {
  return sql.run('DELETE FROM entries WHERE NOT EXISTS (SELECT 1 FROM uses WHERE uses.key = entries.key)');
}

/** What the file would have without the pages that hold nothing. */
export function bytesInUse(sql: Sql): number {
  return (Number(sql.pragma('page_count')) - Number(sql.pragma('freelist_count'))) * Number(sql.pragma('page_size'));
}

const PAGES = 500;

/** Gives pages that hold nothing back to the disk, some at a time, and empties the log. */
export async function shrink(database: Database): Promise<void> {
  for (let left = Number.POSITIVE_INFINITY; left > 0; ) {
    const now = await database.bare((sql) => {
      sql.exec(`PRAGMA incremental_vacuum(${PAGES})`);
      return Number(sql.pragma('freelist_count'));
    });
    if (now === undefined || now >= left) break;
    left = now;
    await turn();
  }
  // Another process that reads just now keeps it from being emptied: it is worth a little patience, and no more.
  for (let attempt = 0; attempt < 20; attempt++) {
    const busy = await database.bare((sql) => sql.get<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)')?.busy);
    if (busy !== 1) break;
    await sleep(50);
  }
}
