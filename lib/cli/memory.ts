import { resolve } from 'node:path';
import { formatOfPath } from '../formats/index.js';
import type { MemorySample, Receipt } from '../memory.js';
import { formatReport, MemoryRecorder, type MemoryReport, REPORT_FORMATS, type ReportFormat } from '../report/index.js';
import { saveAtomically } from '../save.js';
import type { CommonFlags } from './flags.js';
import { type Library, UsageError } from './io.js';
import type { OutputPlan } from './output.js';
import { version } from './version.js';

/** What a command was told of memory. */
export interface MemoryPlan {
  /** Megabytes. */
  limit?: number;
  report?: { path: string; format: ReportFormat };
}

/** A report that can't be is refused before any work. */
export function planMemory(
  files: readonly string[],
  { memoryLimit, memoryReport }: CommonFlags,
  { targets }: Pick<OutputPlan<string>, 'targets'>,
): MemoryPlan {
  const limit = memoryLimit === undefined ? {} : { limit: memoryLimit };
  if (memoryReport === undefined) return limit;
  const format = formatOfPath(memoryReport, REPORT_FORMATS);
  if (format === undefined) {
    throw new UsageError(`--memory-report writes .html or .json, and ${memoryReport || 'an empty path'} is neither`);
  }
  const same = (other: string | undefined) => other !== undefined && resolve(other) === resolve(memoryReport);
  if (files.some((file) => file !== '-' && same(file))) {
    throw new UsageError(`the memory report would overwrite the input ${memoryReport}`);
  }
  if (targets.some(same)) throw new UsageError(`the memory report and the output would both be ${memoryReport}`);
  return { ...limit, report: { path: memoryReport, format } };
}

/** A library that has been told the limit, and the memory of what is done with it. */
export class MemoryWatcher {
  readonly #library: Library;
  readonly #report: MemoryPlan['report'];
  readonly #recorder: MemoryRecorder | undefined;

  constructor(library: Library, { limit, report }: MemoryPlan) {
    this.#library = library;
    this.#report = report;
    if (limit !== undefined) library.setMemoryLimit(limit);
    if (report) this.#recorder = new MemoryRecorder(() => library.resources.usage());
  }

  /** For a job's options. */
  get reins(): { onMemory?: (sample: MemorySample) => void } {
    const recorder = this.#recorder;
    return recorder ? { onMemory: (sample) => recorder.sample(sample) } : {};
  }

  begin(name: string): void {
    this.#recorder?.begin(name);
  }

  finish(receipt: Receipt | undefined): void {
    this.#recorder?.finish(receipt ? { receipt } : {});
  }

  failed({ code, message }: { code: string; message: string }): void {
    this.#recorder?.finish({ error: { code, message } });
  }

  /** After the last file, while what the files share is still there. */
  after(): void {
    this.#recorder?.after();
  }

  /** Cleans up and writes the report, if one was asked for. */
  async write(end: MemoryReport['end'], files: readonly string[], error: MemoryReport['error']): Promise<void> {
    if (!this.#recorder || !this.#report) return;
    await this.#library.cleanupResources();
    this.#recorder.cleaned();
    const { path, format } = this.#report;
    const about = { hearken: version(), platform: `${process.platform}-${process.arch}`, node: process.version };
    const report = this.#recorder.report({ ...about, end, files, error });
    await saveAtomically(path, formatReport(report, format));
  }
}
