import type { CacheInfo, JobInfo } from '../../lib/cache/types.js';

// What a store would tell, made up.

/** A transcription of an hour that was interrupted; the fields that a test cares about can be given. */
export function jobOf(given: Partial<JobInfo> = {}): JobInfo {
  return {
    id: '1a2b3c4d',
    kind: 'transcribe',
    status: 'interrupted',
    source: '/talks/a.mp3',
    content: 'c0'.repeat(32),
    models: { whisper: 'ab'.repeat(32) },
    options: { words: false, language: 'de' },
    chunks: { done: 12, planned: 37 },
    processed: 1100,
    total: 3600,
    created: new Date(2025, 2, 1, 9, 5),
    used: new Date(2025, 2, 1, 14, 5),
    ended: undefined,
    error: undefined,
    bytes: 12_345,
    ...given,
  };
}

export function infoOf(given: Partial<CacheInfo> = {}): CacheInfo {
  const none = { count: 0, bytes: 0 };
  return {
    folder: '/data/hearken',
    path: '/data/hearken/cache/hearken.db',
    bytes: 2_500_000,
    jobs: { running: 0, interrupted: 2, done: 3, failed: 0, cancelled: 0 },
    entries: {
      chunk: { count: 120, bytes: 1_200_000 },
      language: none,
      window: { count: 7, bytes: 812 },
      speakers: none,
    },
    backups: [],
    ...given,
  };
}

/** A function of the store that gives a value, and what it was called with. */
export function answering<T>(value: T): { calls: unknown[][]; call: (...args: unknown[]) => Promise<T> } {
  const calls: unknown[][] = [];
  const call = async (...args: unknown[]) => {
    calls.push(args);
    return value;
  };
  return { calls, call };
}
