import { randomBytes } from 'node:crypto';
import { sealJob } from './plan.js';
import { liveRuns } from './runs.js';
import type { Sql } from './sql.js';
import type { JobInfo, JobStatus } from './types.js';

/** What a job is begun with. */
export interface JobStart {
  kind: 'transcribe' | 'diarize';
  source?: string;
  /** What tells a file and its state without reading it. */
  fingerprint?: string;
  /** Hash of the file's bytes, if it is known already. */
  content?: string;
  /** Hash of all that the result depends on besides the audio. */
  request: string;
  options: Record<string, unknown>;
  models: Record<string, string>;
}

export interface JobEnd {
  status: 'done' | 'failed' | 'cancelled';
  outcome?: unknown;
  /** Hash of the bytes that it read. Default: what it was begun with; undefined: not known. */
  content?: string | undefined;
  processed?: number;
  total?: number | undefined;
  error?: { code: string; message: string };
}

/** The row of the same request and audio, else a new one; either is then running. */
export function beginJob(sql: Sql, start: JobStart): string {
  const content = start.content ?? null;
  const fingerprint = start.fingerprint ?? null;
  const same = sql.get<{ id: string }>(
    `SELECT id FROM jobs WHERE request = ?1 AND kind = ?2
     AND (content = ?3 OR ((content IS NULL OR ?3 IS NULL) AND fingerprint = ?4))
     ORDER BY content = ?3 DESC, used DESC LIMIT 1`,
    ...[start.request, start.kind, content, fingerprint],
  );
  const id = same?.id ?? freeId(sql);
  restoreJob(sql, id, start);
  sql.run(
    `UPDATE jobs SET status = 'running', error = NULL, ended = NULL, used = ?, options = ?, models = ?,
     source = coalesce(?, source), fingerprint = coalesce(?, fingerprint), content = coalesce(?, content) WHERE id = ?`,
    ...[Date.now(), JSON.stringify(start.options), JSON.stringify(start.models)],
    ...[start.source ?? null, fingerprint, content, id],
  );
  return id;
}

/** Makes the row if it is not there: the first time, or when the database was replaced while the job ran. */
export function restoreJob(sql: Sql, id: string, start: JobStart): void {
  const now = Date.now();
  sql.run(
    `INSERT INTO jobs (id, kind, status, source, fingerprint, content, request, options, models, created, used)
     VALUES (?, ?, 'running', ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    ...[id, start.kind, start.source ?? null, start.fingerprint ?? null, start.content ?? null, start.request],
    ...[JSON.stringify(start.options), JSON.stringify(start.models), now, now],
  );
}

/** `planned`: how many chunks this run planned, all of the job's if it is done. The run itself is gone already. */
export function endJob(sql: Sql, id: string, end: JobEnd, planned: number): void {
  const others = liveRuns(sql).some(({ job }) => job === id);
  // Another run may bring it to its end yet, or has done so.
  if (end.status !== 'done' && (others || statusOf(sql, id) === 'done')) return;
  const now = Date.now();
  sql.run(
    `UPDATE jobs SET status = ?, ended = ?, used = ?, error = ?, processed = coalesce(?, processed),
     total = coalesce(?, total) WHERE id = ?`,
    ...[end.status, now, now, end.error ? JSON.stringify(end.error) : null],
    ...[end.processed ?? null, end.total ?? null, id],
  );
  if (end.status !== 'done') return;
  // Also where it is not known: what an earlier run of this job has read may have been other bytes.
  sql.run('UPDATE jobs SET content = ? WHERE id = ?', end.content ?? null, id);
  sql.run('DELETE FROM plans WHERE job = ? AND number >= ?', id, planned);
  sql.run('UPDATE jobs SET outcome = ? WHERE id = ?', JSON.stringify(end.outcome ?? null), id);
  sealJob(sql, id, planned);
}

function statusOf(sql: Sql, id: string): string | undefined {
  return sql.get<{ status: string }>('SELECT status FROM jobs WHERE id = ?', id)?.status;
}

/** Eight characters, none of which looks like another. */
function freeId(sql: Sql): string {
  const digits = '0123456789abcdefghjkmnpqrstvwxyz';
  for (;;) {
    const id = Array.from(randomBytes(8), (byte) => digits[byte % 32]).join('');
    if (statusOf(sql, id) === undefined) return id;
  }
}

interface Row {
  id: string;
  kind: JobInfo['kind'];
  status: JobStatus;
  source: string | null;
  content: string | null;
  models: string;
  options: string;
  processed: number;
  total: number | null;
  created: number;
  used: number;
  ended: number | null;
  error: string | null;
  planned: number;
  done: number;
  bytes: number | null;
}

/** All jobs, those that were used last first. */
export function allJobs(sql: Sql): JobInfo[] {
  const live = new Set(liveRuns(sql).map(({ job }) => job));
  const rows = sql.all<Row>(
    `SELECT id, kind, status, source, content, models, options, processed, total, created, used, ended, error,
       (SELECT count(*) FROM plans WHERE job = jobs.id) AS planned,
       (SELECT count(*) FROM plans JOIN entries USING (key) WHERE job = jobs.id) AS done,
       (SELECT sum(length(key) + length(value)) FROM uses JOIN entries USING (key) WHERE job = jobs.id) AS bytes
     FROM jobs ORDER BY used DESC, id`,
  );
  return rows.map((row) => infoOf(row, live));
}

function infoOf(row: Row, live: ReadonlySet<string>): JobInfo {
  return {
    id: row.id,
    kind: row.kind,
    status: row.status === 'running' && !live.has(row.id) ? 'interrupted' : row.status,
    source: row.source ?? undefined,
    content: row.content ?? undefined,
    models: parse(row.models, {}),
    options: parse(row.options, {}),
    chunks: { done: row.done, planned: row.planned },
    processed: row.processed,
    total: row.total ?? undefined,
    created: new Date(row.created),
    used: new Date(row.used),
    ended: row.ended === null ? undefined : new Date(row.ended),
    error: row.error === null ? undefined : parse<JobInfo['error']>(row.error, undefined),
    bytes: row.bytes ?? 0,
  };
}

/** A row that somebody altered by hand is no reason to fail where it is only shown. */
function parse<T>(text: string, otherwise: T): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    return otherwise;
  }
}

/** Removes jobs with their plans. Their entries stay. */
export function removeJob(sql: Sql, id: string): void {
  for (const table of ['plans', 'uses', 'runs']) sql.run(`DELETE FROM ${table} WHERE job = ?`, id);
  sql.run('DELETE FROM jobs WHERE id = ?', id);
}
