import type { Receipt } from '../../lib/memory.js';

const MB = 2 ** 20;

/** Of a job that nobody ran. */
export const RECEIPT: Receipt = {
  rssBefore: 50 * MB,
  rssPeak: 280 * MB,
  rssAfter: 60 * MB,
  nativePeak: { weights: 44 * MB, states: 112 * MB, audio: 6 * MB, diarization: 50 * MB, total: 210 * MB },
  limit: 512 * MB,
  workers: 2,
  evictions: 1,
  audioSeconds: 20.00049,
  chunks: 3,
  reusedChunks: 1,
  wallSeconds: 4,
  cpuSeconds: 7.1236,
};
