import type { JobInfo } from '../cache/types.js';
import { printable } from './io.js';
import { shortTime } from './progress.js';
import { columns, dateText, sizeText } from './text.js';

const NO_FILE = '(not a file)';

/** A table of jobs; what a file is called comes last, as it may be long. */
export function jobsTable(jobs: readonly JobInfo[]): string {
  const rows = jobs.map((job) => [
    printable(job.id),
    job.status,
    job.kind,
    progress(job),
    dateText(job.used),
    sizeText(job.bytes),
    fileOf(job),
  ]);
  return columns([['ID', 'STATUS', 'KIND', 'PROGRESS', 'USED', 'SIZE', 'FILE'], ...rows], [5]);
}

/** Everything that is known of a job. */
export function jobText(job: JobInfo): string {
  const { chunks } = job;
  const rows: [string, string][] = [
    ['id', job.id],
    ['kind', job.kind],
    ['status', job.status],
    ['file', fileOf(job)],
    ['progress', progress(job)],
  ];
  if (job.kind === 'transcribe') rows.push(['chunks', chunksText(chunks)]);
  rows.push(['created', dateText(job.created)], ['used', dateText(job.used)]);
  if (job.ended) rows.push(['ended', dateText(job.ended)]);
  if (job.error) rows.push(['error', `${job.error.message} [${job.error.code}]`]);
  rows.push(['size', sizeText(job.bytes)]);
  if (job.content !== undefined) rows.push(['content', job.content]);
  for (const [purpose, hash] of Object.entries(job.models)) rows.push([`${purpose} model`, hash]);
  for (const [name, value] of Object.entries(job.options)) rows.push([name, valueText(value)]);
  const text = columns(rows.map((row) => row.map(printable)));
  return isUnfinished(job) && job.source !== undefined
    ? `${text}\n'hearken jobs resume ${printable(job.id)}' goes on with it.\n`
    : text;
}

/** `1a2b3c4d: /talks/a.mp3`. */
export const nameOfJob = (job: Pick<JobInfo, 'id' | 'source'>): string => `${printable(job.id)}: ${fileOf(job)}`;

const fileOf = ({ source }: Pick<JobInfo, 'source'>) => (source === undefined ? NO_FILE : printable(source));

const isUnfinished = ({ status }: JobInfo) => status !== 'done' && status !== 'running';

/** Of time where the whole is known, else of chunks. */
function progress({ status, processed, total, chunks }: JobInfo): string {
  if (status === 'done') return shortTime(total ?? processed);
  if (total !== undefined) return `${shortTime(processed)} of ${shortTime(total)}`;
  return chunks.planned > 0 ? chunksText(chunks) : shortTime(processed);
}

const chunksText = ({ done, planned }: JobInfo['chunks']) => `${done}/${planned} chunks`;

/** An option in a line: of a table, such as of voices, the names alone; of what is long, the beginning. */
function valueText(value: unknown): string {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.keys(value).join(', ');
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
