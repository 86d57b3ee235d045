import { memoryPage } from './page.js';
import type { MemoryReport } from './types.js';

export { MemoryRecorder } from './recorder.js';
export type { MemoryReport } from './types.js';

/** What a report can be written as; also the extensions of its file. */
export const REPORT_FORMATS = ['html', 'json'] as const;

export type ReportFormat = (typeof REPORT_FORMATS)[number];

const WRITERS: Record<ReportFormat, (report: MemoryReport) => string> = {
  html: memoryPage,
  json: (report) => `${JSON.stringify(report, null, 2)}\n`,
};

export const formatReport = (report: MemoryReport, format: ReportFormat): string => WRITERS[format](report);
