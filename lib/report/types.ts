import type { MemorySample, MemoryUsage, NativeMemory, Receipt } from '../memory.js';

/** Memory at one moment, in bytes. */
export interface Moment {
  rss: number;
  native: NativeMemory;
}

/** One audio file of a run. */
export interface ReportFile {
  name: string;
  /** Seconds since the report began. */
  start: number;
  end: number;
  /** Of a job that came to its end, or that was interrupted and left a part. */
  receipt?: Receipt;
  error?: { code: string; message: string };
}

/** What a run of the command took of memory. Plain data: bytes, and seconds since the report began. */
export interface MemoryReport {
  /** The version of hearken. */
  hearken: string;
  platform: string;
  node: string;
  /** When it began, as ISO 8601. */
  started: string;
  end: 'done' | 'failed' | 'interrupted';
  /** Of what all files share, such as a model that is not there. */
  error?: { code: string; message: string };
  /** The limit at the end. 0: none. */
  limit: number;
  /** The program alone, before any model or code of the engine. */
  before: Moment;
  files: ReportFile[];
  /** Names of those that an interruption, or a failure of what all of them share, left alone. */
  notBegun: string[];
  /** At most {@link MOST_SAMPLES}, however long the run: of each stretch the highest and lowest. */
  samples: MemorySample[];
  /** The highest of each: these need not have been at one moment. Jobs are watched more closely than `samples` are taken. */
  peak: Moment;
  /** After the last file, with what was kept for a next one. */
  after: Moment;
  afterCleanup: Moment;
  /** Native bytes that were freed between the two, with what the files had shared. */
  freedBytes: number;
}

/** What a report asks of the process. */
export type UsageReader = () => MemoryUsage;

/** So many samples a report has at most. */
export const MOST_SAMPLES = 600;
