import type { NativeAddon, NativeMemoryWatch } from '../binding.js';
import type { MemorySample, Receipt } from '../memory.js';
import { budget } from './budget.js';
import { memoryLimit } from './limit.js';
import { nativeMemory } from './usage.js';

/** How often a job looks at its memory, in milliseconds. The peak is sampled by the addon, more often and off the event loop. */
const TICK_MS = 250;

/** Shares of the limit: above the first, workers are halved; below the second, for a while, they come back. */
const HIGH = 0.98;
const LOW = 0.85;
const CALM_MS = 2_000;

// One for all jobs of this thread: two of them must not halve twice for one peak.
let lastShort = 0;
let relieving = false;

/** Acts on what the forecast could not know, such as what the user's own code allocates. */
async function guard(rss: number): Promise<void> {
  const limit = memoryLimit();
  if (limit === 0 || relieving) return;
  const now = performance.now();
  if (rss > HIGH * limit) {
    if (now - lastShort < CALM_MS / 2) return; // what was done last takes effect at the next chunk
    lastShort = now;
    relieving = true;
    try {
      await budget.relieve();
      if (process.memoryUsage.rss() > HIGH * limit) budget.halve();
    } finally {
      relieving = false;
    }
  } else if (rss < LOW * limit && now - lastShort > CALM_MS) {
    lastShort = now; // in steps: a worker that comes back takes a while to fill its memory
    budget.restore();
  }
}

export interface Watched {
  /** Workers that may decode now. */
  workers(): number;
  onMemory: ((sample: MemorySample) => void) | undefined;
  /** Told what onMemory threw. */
  onFailure(error: unknown): void;
}

/** Follows the memory of the process during one job. */
export class MemoryMonitor {
  readonly #addon: NativeAddon;
  readonly #watch: NativeMemoryWatch;
  readonly #watched: Watched;
  readonly #began = performance.now();
  readonly #cpu = process.cpuUsage();
  readonly #timer: NodeJS.Timeout;

  constructor(addon: NativeAddon, watched: Watched) {
    this.#addon = addon;
    this.#watched = watched;
    this.#watch = new addon.MemoryWatch();
    this.#timer = setInterval(() => this.#look(), TICK_MS);
    this.#timer.unref();
    this.#look();
  }

  #look(): void {
    const { rss } = this.#watch.read();
    void guard(rss).catch(() => {}); // an eviction that fails is told to whoever closes that object
    const { onMemory } = this.#watched;
    if (!onMemory) return;
    try {
      onMemory({
        seconds: this.#seconds(),
        rss,
        native: nativeMemory(this.#addon),
        limit: memoryLimit(),
        workers: this.#watched.workers(),
      });
    } catch (error) {
      clearInterval(this.#timer);
      this.#watched.onFailure(error);
    }
  }

  #seconds(): number {
    return Math.round(performance.now() - this.#began) / 1000;
  }

  /** What the job took so far. */
  receipt(job: Pick<Receipt, 'workers' | 'evictions' | 'audioSeconds' | 'chunks' | 'reusedChunks'>): Receipt {
    const { rss, rssBefore, rssPeak, peak } = this.#watch.read();
    const { user, system } = process.cpuUsage(this.#cpu);
    return {
      rssBefore,
      rssPeak,
      rssAfter: rss,
      nativePeak: { ...peak },
      limit: memoryLimit(),
      ...job,
      wallSeconds: this.#seconds(),
      cpuSeconds: Math.round((user + system) / 1000) / 1000,
    };
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#watch.close();
  }
}
