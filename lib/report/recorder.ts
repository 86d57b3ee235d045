import type { MemorySample, MemoryUsage, NativeMemory, Receipt } from '../memory.js';
import { Timeline } from './timeline.js';
import type { MemoryReport, Moment, ReportFile, UsageReader } from './types.js';

const CATEGORIES = ['weights', 'states', 'audio', 'diarization', 'total'] as const;

/** Follows a run from before its first file to after the cleanup, and makes the report of it. */
export class MemoryRecorder {
  readonly #usage: UsageReader;
  readonly #now: () => number;
  readonly #began: number;
  readonly #started = new Date().toISOString();
  readonly #timeline = new Timeline();
  readonly #files: ReportFile[] = [];
  readonly #before: Moment;
  #peak: Moment;
  #after: Moment | undefined;
  #cleaned: Moment | undefined;
  #limit = 0;
  #latest = 0;

  /** Begins at once. `now` is in milliseconds. */
  constructor(usage: UsageReader, now: () => number = () => performance.now()) {
    this.#usage = usage;
    this.#now = now;
    this.#began = now();
    this.#before = momentOf(usage());
    this.#peak = this.#before;
    this.#look();
  }

  get #seconds(): number {
    return (this.#now() - this.#began) / 1000;
  }

  /** A moment between jobs, when nothing decodes. */
  #look(): Moment {
    const { rss, native, limit } = this.#usage();
    this.#add({ seconds: this.#seconds, rss, native, limit, workers: 0 });
    this.#limit = limit;
    return { rss, native };
  }

  #add(sample: MemorySample): void {
    // What a job says may come late, when something later has been seen: the line never goes back.
    this.#latest = Math.max(this.#latest, sample.seconds);
    this.#timeline.add({ ...sample, seconds: this.#latest });
    this.#raise(sample.rss, sample.native);
  }

  #raise(rss: number, native: NativeMemory): void {
    const highest = Object.fromEntries(
      CATEGORIES.map((name) => [name, Math.max(this.#peak.native[name], native[name])]),
    );
    this.#peak = { rss: Math.max(this.#peak.rss, rss), native: highest as unknown as NativeMemory };
  }

  begin(name: string): void {
    const start = this.#seconds;
    this.#look();
    this.#files.push({ name, start, end: start });
  }

  /** What the job of the file that was begun last says of itself. */
  sample(sample: MemorySample): void {
    this.#add({ ...sample, seconds: (this.#files.at(-1)?.start ?? 0) + sample.seconds });
  }

  /** The file that was begun last is done, or failed. */
  finish(outcome: Pick<ReportFile, 'receipt' | 'error'>): void {
    const file = this.#files.at(-1);
    if (!file) return;
    file.end = this.#seconds;
    Object.assign(file, outcome);
    if (outcome.receipt) this.#learn(outcome.receipt);
    this.#look();
  }

  #learn({ rssBefore, rssPeak, rssAfter, nativePeak }: Receipt): void {
    this.#raise(Math.max(rssBefore, rssPeak, rssAfter), nativePeak);
  }

  /** After the last file. */
  after(): void {
    this.#after = this.#look();
  }

  /** After everything has been freed. */
  cleaned(): void {
    this.#cleaned = this.#look();
  }

  report(
    about: Pick<MemoryReport, 'hearken' | 'platform' | 'node' | 'end'> & {
      files: readonly string[];
      error: MemoryReport['error'];
    },
  ): MemoryReport {
    const { hearken, platform, node, end, files, error } = about;
    const after = this.#after ?? this.#look();
    const afterCleanup = this.#cleaned ?? after;
    return {
      hearken,
      platform,
      node,
      started: this.#started,
      end,
      ...(error ? { error } : {}),
      limit: this.#limit,
      before: this.#before,
      files: this.#files.map((file) => ({ ...file })),
      notBegun: files.slice(this.#files.length),
      samples: this.#timeline.samples(),
      peak: this.#peak,
      after,
      afterCleanup,
      freedBytes: Math.max(0, after.native.total - afterCleanup.native.total),
    };
  }
}

const momentOf = ({ rss, native }: MemoryUsage): Moment => ({ rss, native });
