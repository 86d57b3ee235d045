// What hearken says of memory, in bytes.

/** Native memory that hearken holds, in bytes by what it is for: exact, counted where it is allocated and freed. */
export interface NativeMemory {
  /** Whisper models. */
  weights: number;
  /** Their workers: key-value caches, compute buffers. */
  states: number;
  /** Audio that was read and not decoded yet. */
  audio: number;
  /** The nets that tell speakers apart: weights and buffers. */
  diarization: number;
  /** The sum of these. */
  total: number;
}

/** Memory at one moment, in bytes. */
export interface MemoryUsage {
  /** What hearken holds. */
  native: NativeMemory;
  /** Resident set of the whole process, as the operating system counts it. */
  rss: number;
  /** The process's limit that is enforced: the tighter one of {@link setMemoryLimit} and 95 % of the container's. 0: none. */
  limit: number;
  /** Leases that are held. */
  leases: number;
  /** Models and diarizers that are loaded, whether leased, idle, or loaded by hand. */
  handles: number;
}

/** Memory at one moment of a job, in bytes. */
export interface MemorySample {
  /** Wall seconds since the job began. */
  seconds: number;
  /** Resident set of the whole process. */
  rss: number;
  /** What hearken holds. */
  native: NativeMemory;
  /** The process's limit; 0: none. */
  limit: number;
  /** Workers that decode at once, as the limit allows now; 0 for a job that decodes none. */
  workers: number;
}

/** What a job took. Bytes and seconds. RSS and native memory are of the process: jobs that ran beside it are in them. */
export interface Receipt {
  /** Resident set, bytes, before anything of the job was loaded. */
  rssBefore: number;
  /** The highest, sampled every 20 ms off the event loop, and at the end. */
  rssPeak: number;
  /** When all that the job does not leave for the next was freed. */
  rssAfter: number;
  /** Bytes: the highest of each category, and of their sum: these need not have been at one moment. */
  nativePeak: NativeMemory;
  /** The limit at the end, bytes. 0: none. */
  limit: number;
  /** The most workers that decoded at once. */
  workers: number;
  /** How often memory that was kept for later had to be freed for this job. */
  evictions: number;
  /** Seconds of audio that the result accounts for. */
  audioSeconds: number;
  /** Chunks whose text is in the result. */
  chunks: number;
  /** Those of them that were kept from earlier work instead of decoded. */
  reusedChunks: number;
  /** From the call to the result. */
  wallSeconds: number;
  /** Of all threads of the process, meanwhile. */
  cpuSeconds: number;
}
