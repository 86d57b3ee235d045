/** Of what is kept of finished work, and of the jobs that it is part of. */

/** `interrupted`: its process is gone without having ended it; the same work goes on where it stopped. */
export type JobStatus = 'running' | 'interrupted' | 'done' | 'failed' | 'cancelled';

/** A job as the store remembers it. */
export interface JobInfo {
  /** Eight characters; any beginning that no other job has will do where one is asked for. */
  id: string;
  kind: 'transcribe' | 'diarize';
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
  /** Seconds of audio that its result accounts for so far, from startTime, and of the whole range where that is known. */
  processed: number;
  total: number | undefined;
  created: Date;
  /** When it was last worked on, or its result last used. */
  used: Date;
  /** When it ended, in whatever way. */
  ended: Date | undefined;
  /** Of a failed one. */
  error: { code: string; message: string } | undefined;
  /** What is kept of it takes so many bytes; what several jobs share counts for each. */
  bytes: number;
}

/** Where the store is. */
export interface StoreOptions {
  /** The data folder. Default: HEARKEN_DATA_DIR, else `~/.local/share/hearken` (XDG_DATA_HOME) or `%LOCALAPPDATA%\hearken`. */
  dataDir?: string;
}

export interface CacheInfo {
  /** The data folder, and the database in it. */
  folder: string;
  path: string;
  /** Bytes on disk, with the log that the database writes to first. 0: there is none yet. */
  bytes: number;
  jobs: Record<JobStatus, number>;
  /** What is kept, by kind: text of chunks, detected languages, windows of diarization, speakers of whole recordings. */
  entries: Record<'chunk' | 'language' | 'window' | 'speakers', { count: number; bytes: number }>;
  /** Databases that were moved aside, oldest first: corrupt ones, those of another version, those that were reset. */
  backups: { path: string; bytes: number }[];
}

export interface CleanOptions extends StoreOptions {
  /** Jobs to keep, the most recently used. Default 5; no default where one of the two below is given. */
  keep?: number;
  /** Bytes, in MB (2^20), that the database may have: the least recently used jobs go until it has. */
  maxSizeMB?: number;
  /** Seconds: jobs that were not used for so long go. */
  olderThanSeconds?: number;
  /** Only say what would go. */
  dryRun?: boolean;
}

export interface CacheCleanup {
  /** The jobs that went; those that run never do. */
  jobs: JobInfo[];
  /** Entries that went with them: those that no other job has. */
  entries: number;
  /** Bytes that the disk has back; with `dryRun`, about what it would have. */
  freedBytes: number;
}

export interface CacheReset {
  /** Where the old database is now; undefined if there was none. */
  backup: string | undefined;
}
