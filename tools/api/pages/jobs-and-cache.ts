/**
 * Finished work that is kept, and the jobs that it is part of. The options of a job about it are `CacheOptions`.
 *
 * @module jobs-and-cache
 */
export {
  type CacheCleanup,
  type CacheInfo,
  type CacheReset,
  type CleanOptions,
  cacheInfo,
  cancelJob,
  cleanCache,
  dataFolder,
  deleteJob,
  type JobInfo,
  type JobStatus,
  type ListJobsOptions,
  listJobs,
  type ResumedJob,
  type ResumeOptions,
  resetCache,
  resumeJob,
  type StoreOptions,
  showJob,
} from '../../../lib/index.js';
