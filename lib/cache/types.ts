/** Of what is kept of finished work, and of the jobs that it is part of. */

/** What has become of a job. */
export type JobStatus =
  /** Some process works on it. */
  | 'running'
  /** Its process is gone without having ended it; the same work goes on where it stopped. */
  | 'interrupted'
  /** Its result can be had again without computing it. */
  | 'done'
  /** It ended with an error, which {@link JobInfo.error} tells. */
  | 'failed'
  /** It was stopped: by {@link cancelJob}, a signal, an `AbortSignal`, or `job.abort()`. */
  | 'cancelled';

/** A job as the store remembers it. */
export interface JobInfo {
  /** Eight characters; any beginning that no other job has will do where one is asked for. */
  id: string;
  /** Which function began it. */
  kind: 'transcribe' | 'diarize';
  /** What has become of it. */
  status: JobStatus;
  /** Absolute path of the audio; undefined of audio that was no file. */
  source: string | undefined;
  /** Hash of the file's bytes (BLAKE2b-512, the first 32 bytes, hex), once the whole of it was read. */
  content: string | undefined;
  /** The hash of each model's file, by what it is for: `whisper`, `vad`, `segmentation`, `embedding`. */
  models: Record<string, string>;
  /** The options that it was called with: those that are plain data. */
  options: Record<string, unknown>;
  /** Chunks whose text is kept, and chunks that were planned so far: all of them once it is done. */
  chunks: { done: number; planned: number };
  /** Seconds of audio that its result accounts for so far, from startTime. */
  processed: number;
  /** Seconds of audio in its range, where that is known. */
  total: number | undefined;
  /** When it was begun. */
  created: Date;
  /** When it was last worked on, or its result last used. */
  used: Date;
  /** When it ended, in whatever way. */
  ended: Date | undefined;
  /** Why a failed one failed. */
  error: { code: string; message: string } | undefined;
  /** What is kept of it takes so many bytes; what several jobs share counts for each. */
  bytes: number;
}

/** Where what is kept is. */
export interface StoreOptions {
  /** The data folder. Default: HEARKEN_DATA_DIR, else `~/.local/share/hearken` (XDG_DATA_HOME) or `%LOCALAPPDATA%\hearken`. */
  dataDir?: string;
}

/** Which jobs {@link listJobs} lists. */
export interface ListJobsOptions extends StoreOptions {
  /** Only jobs of this status. Default: all. */
  status?: JobStatus;
}

/** What is kept, and what it takes. */
export interface CacheInfo {
  /** The data folder. */
  folder: string;
  /** The database in it, whether or not it is there. */
  path: string;
  /** Bytes on disk, with the log that the database writes to first. 0: there is none yet. */
  bytes: number;
  /** How many jobs there are of each status. */
  jobs: Record<JobStatus, number>;
  /** Entries and their bytes by kind: text of chunks, detected languages, windows of diarization, speakers of whole recordings. */
  entries: Record<'chunk' | 'language' | 'window' | 'speakers', { count: number; bytes: number }>;
  /** Databases that were moved aside, oldest first: corrupt ones, those of another version, those that were reset. */
  backups: { path: string; bytes: number }[];
}

/** Which jobs {@link cleanCache} removes: one that any of the three names goes. */
export interface CleanOptions extends StoreOptions {
  /** Jobs to keep, the most recently used; at least 0. Default 5; no default where one of the two below is given. */
  keep?: number;
  /** Megabytes (2^20 bytes) that the database may have, above 0: the least recently used jobs go until it has. Default: as many as it has. */
  maxSizeMB?: number;
  /** Seconds, above 0: jobs that were not used for so long go. Default: age does not matter. */
  olderThanSeconds?: number;
  /** Only say what would go. Default false. */
  dryRun?: boolean;
}

/** What {@link cleanCache} and {@link deleteJob} did. */
export interface CacheCleanup {
  /** The jobs that went; those that run never do. */
  jobs: JobInfo[];
  /** Entries that went with them: those that no other job has. */
  entries: number;
  /** Bytes that the disk has back; with `dryRun`, about what it would have. */
  freedBytes: number;
}

/** What {@link resetCache} did. */
export interface CacheReset {
  /** Where the old database is now; undefined if there was none. */
  backup: string | undefined;
}
