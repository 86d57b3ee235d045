// What the soak reads after each round: the operating system's figure, V8's, and the addon's own.
import { existsSync, readFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';

const EXACT = '/proc/self/smaps_rollup';
const exact = existsSync(EXACT);

/** Resident bytes. /proc/self/stat lags behind by some pages for each CPU; this counts them. */
export function residentBytes() {
  if (!exact) return process.memoryUsage.rss();
  return Number(/^Rss:\s+(\d+) kB/m.exec(readFileSync(EXACT, 'utf8'))?.[1]) * 1024;
}

/** Without garbage: two collections, because the finalizers that the first one sets off run after it. */
export async function settle() {
  for (let round = 0; round < 2; round++) {
    globalThis.gc();
    await turn();
  }
}

export function sample() {
  const { heapUsed, external } = process.memoryUsage();
  return { rss: residentBytes(), heapUsed, external };
}

/** What is still held, in words; empty when nothing is. */
export function held(addon) {
  const live = Object.entries(addon.counters()).filter(([name, count]) => name.startsWith('live') && count !== 0);
  const bytes = Object.entries(addon.memory())
    .filter(([, kind]) => kind.bytes !== 0)
    .map(([name, kind]) => [name, kind.bytes]);
  return [...live, ...bytes].map(([name, count]) => `${name} ${count}`).join(', ');
}
