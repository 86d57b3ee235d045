import type { MemorySample, NativeMemory } from '../../lib/memory.js';
import type { MemoryReport } from '../../lib/report/index.js';
import { RECEIPT } from './receipt.js';

const MB = 2 ** 20;

const nativeOf = (weights: number, states: number, audio: number, diarization: number): NativeMemory => ({
  weights: weights * MB,
  states: states * MB,
  audio: audio * MB,
  diarization: diarization * MB,
  total: (weights + states + audio + diarization) * MB,
});

const NONE = nativeOf(0, 0, 0, 0);

/** A run of two jobs of `minutes` each, a sample a second: up, along, down; a worker less in the second half. */
export function timelineOf(minutes: number, limit: number): MemorySample[] {
  const length = minutes * 60;
  return Array.from({ length: length * 2 + 1 }, (_, seconds) => {
    const at = seconds % length;
    const workers = at === 0 ? 0 : at > length / 2 ? 1 : 2;
    const native = workers === 0 ? NONE : nativeOf(44, 56 * workers, at % 7, 50);
    const rss = native.total + (60 + (seconds / length) * 5) * MB;
    return { seconds, rss, native, limit, workers };
  });
}

/** What such a run's report says; anything in it may be said otherwise. */
export function reportOf(change: Partial<MemoryReport> = {}): MemoryReport {
  const limit = change.limit ?? 512 * MB;
  const samples = change.samples ?? timelineOf(3, limit);
  const end = samples.at(-1)?.seconds ?? 0;
  return {
    hearken: '0.1.0',
    platform: 'linux-x64',
    node: 'v20.19.0',
    started: '2026-01-02T03:04:05.678Z',
    end: 'done',
    limit,
    before: { rss: 52 * MB, native: NONE },
    files: [
      { name: 'first.wav', start: 0, end: end / 2, receipt: { ...RECEIPT, audioSeconds: 1800 } },
      { name: 'second.wav', start: end / 2, end, receipt: RECEIPT },
    ],
    notBegun: [],
    samples,
    peak: { rss: 281.4 * MB, native: nativeOf(44, 112, 6, 50) },
    after: { rss: 160 * MB, native: nativeOf(44, 0, 0, 20) },
    afterCleanup: { rss: 55.5 * MB, native: NONE },
    freedBytes: 64 * MB,
    ...change,
  };
}
