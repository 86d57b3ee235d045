import type { MemorySample } from '../memory.js';
import { PARTS } from './parts.js';
import { duration, mb, plural } from './text.js';

/** A stretch of the timeline, told by the sample in it with the highest RSS. */
export interface Slice {
  start: number;
  end: number;
  highest: MemorySample;
}

/** The timeline in at most `most` stretches without gaps. */
export function slices(samples: readonly MemorySample[], most: number): Slice[] {
  const size = Math.ceil(samples.length / most);
  const groups: MemorySample[][] = [];
  for (let i = 0; i < samples.length; i += size) groups.push(samples.slice(i, i + size));
  const begins = groups.map((group, i) => {
    const first = (group[0] as MemorySample).seconds;
    const before = groups[i - 1]?.at(-1)?.seconds;
    return before === undefined ? first : (before + first) / 2;
  });
  return groups.map((group, i) => ({
    start: begins[i] as number,
    end: begins[i + 1] ?? (group.at(-1) as MemorySample).seconds,
    highest: group.reduce((best, sample) => (sample.rss > best.rss ? sample : best)),
  }));
}

/** A sample in words: what hovering over the picture shows. */
export function sampleText({ seconds, rss, native, limit, workers }: MemorySample): string {
  const parts = PARTS.filter(({ key }) => native[key] > 0).map(({ key, label }) => `${label} ${mb(native[key])}`);
  return [
    `${duration(seconds)}: ${mb(rss)} resident`,
    ...parts,
    `Everything else ${mb(Math.max(0, rss - native.total))}`,
    ...(limit > 0 ? [`Limit ${mb(limit)}`] : []),
    plural(workers, 'worker'),
  ].join('\n');
}
