import { HearkenError } from '../errors.js';
import { allJobs } from './jobs.js';
import { withStore } from './present.js';
import { settle } from './runs.js';
import type { Sql } from './sql.js';
import type { JobInfo, JobStatus, ListJobsOptions, StoreOptions } from './types.js';
import { checkId, checkOptions, invalid } from './validate.js';

const STATUSES: readonly JobStatus[] = ['running', 'interrupted', 'done', 'failed', 'cancelled'];

/**
 * Jobs that the store remembers, those that were used last first; none where there is no store.
 *
 * @throws HearkenError ERR_INVALID_ARG, ERR_CACHE_ACCESS, ERR_CACHE_LOCKED, ERR_CACHE_UNAVAILABLE
 */
export async function listJobs(options: ListJobsOptions = {}): Promise<JobInfo[]> {
  checkOptions(options, ['status']);
  const { status } = options;
  if (status !== undefined && !STATUSES.includes(status)) {
    throw invalid(`status must be one of ${STATUSES.join(', ')}, not ${String(status)}`);
  }
  const jobs = (await withStore(options, 'readonly', (store) => store.database.read(allJobs))) ?? [];
  return status === undefined ? jobs : jobs.filter((job) => job.status === status);
}

/**
 * Everything about one job.
 *
 * @param id as {@link listJobs} gives it, or a beginning of it that no other job has
 * @throws HearkenError ERR_CACHE_NOT_FOUND; ERR_INVALID_ARG where several jobs begin so; as {@link listJobs}
 */
export async function showJob(id: string, options: StoreOptions = {}): Promise<JobInfo> {
  const beginning = checkId(id);
  checkOptions(options);
  const job = await withStore(options, 'readonly', (store) => store.database.read((sql) => pickJob(sql, beginning)));
  if (!job) throw noJob(beginning);
  return job;
}

/**
 * Asks whoever works on a job to stop, which takes about a second plus what a job needs to stop; what was computed stays. A job
 * that was interrupted is cancelled at once, and one that has ended stays as it is. Resolves with the job as it is by then, not
 * when it has stopped.
 *
 * @param id as {@link listJobs} gives it, or a beginning of it that no other job has
 * @throws HearkenError as {@link showJob}
 */
export async function cancelJob(id: string, options: StoreOptions = {}): Promise<JobInfo> {
  const beginning = checkId(id);
  checkOptions(options);
  const job = await withStore(options, 'write', (store) =>
    store.database.write((sql) => {
      settle(sql);
      const { id, status } = pickJob(sql, beginning);
      sql.run('UPDATE runs SET cancel = 1 WHERE job = ?', id);
      if (status === 'interrupted') {
        sql.run("UPDATE jobs SET status = 'cancelled', ended = ? WHERE id = ?", Date.now(), id);
      }
      return pickJob(sql, id);
    }),
  );
  if (!job) throw noJob(beginning);
  return job;
}

export function pickJob(sql: Sql, beginning: string): JobInfo {
  const matches = allJobs(sql).filter(({ id }) => id.startsWith(beginning));
  const exact = matches.find(({ id }) => id === beginning);
  if (exact) return exact;
  if (matches.length > 1) {
    throw invalid(`${beginning} is the beginning of several jobs: ${matches.map(({ id }) => id).join(', ')}`);
  }
  if (!matches[0]) throw noJob(beginning);
  return matches[0];
}

export function noJob(beginning: string): HearkenError {
  return new HearkenError(
    'ERR_CACHE_NOT_FOUND',
    `there is no job ${beginning}: hearken jobs list shows those that there are`,
  );
}
