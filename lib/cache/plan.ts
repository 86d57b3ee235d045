import { checksum, isChecksum } from './checksum.js';
import type { Sql } from './sql.js';

/** A chunk of a job, in samples at 16 kHz. */
export interface PlanRow {
  index: number;
  key: string;
  begin: number;
  end: number;
  ownedBegin: number;
  ownedEnd: number;
  endsInSpeech: boolean;
}

interface Row extends Omit<PlanRow, 'endsInSpeech'> {
  endsInSpeech: number;
}

export function putPlanRow(sql: Sql, job: string, row: PlanRow): void {
  sql.run(
    `INSERT OR REPLACE INTO plans (job, number, key, begins, ends, owned_begin, owned_end, ends_in_speech)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[job, row.index, row.key, row.begin, row.end, row.ownedBegin, row.ownedEnd, row.endsInSpeech ? 1 : 0],
  );
}

/** In order. */
function planOf(sql: Sql, job: string): PlanRow[] {
  const rows = sql.all<Row>(
    `SELECT number AS "index", key, begins AS "begin", ends AS "end", owned_begin AS ownedBegin, owned_end AS ownedEnd,
            ends_in_speech AS endsInSpeech FROM plans WHERE job = ? ORDER BY number`,
    job,
  );
  return rows.map((row) => ({ ...row, endsInSpeech: row.endsInSpeech === 1 }));
}

/**
 * Says that a job is finished and that its plan is whole. A plan that has gaps (the database was replaced while the job ran) gets
 * none: the job is then not answered from here, though its entries are.
 */
export function sealJob(sql: Sql, job: string, planned: number): void {
  const plan = planOf(sql, job);
  const whole = plan.length === planned && plan.every((row, index) => row.index === index);
  const seal = whole ? sealOf(sql, job, plan) : undefined;
  sql.run('UPDATE jobs SET seal = ? WHERE id = ?', seal ?? null, job);
}

/** The plan of a finished job; undefined if anything of it is not what it was. */
export function sealedPlan(sql: Sql, job: string): PlanRow[] | undefined {
  const plan = planOf(sql, job);
  const row = sql.get<{ seal: Uint8Array | null }>('SELECT seal FROM jobs WHERE id = ?', job);
  const right = sealOf(sql, job, plan);
  return right && isChecksum(row?.seal, right) ? plan : undefined;
}

function sealOf(sql: Sql, job: string, plan: readonly PlanRow[]): Buffer | undefined {
  const row = sql.get<{ kind: string; request: string; content: string | null; outcome: string | null }>(
    'SELECT kind, request, content, outcome FROM jobs WHERE id = ?',
    job,
  );
  if (!row) return undefined;
  const rows = plan.map((r) => [r.index, r.key, r.begin, r.end, r.ownedBegin, r.ownedEnd, r.endsInSpeech]);
  return checksum(JSON.stringify([row.kind, row.request, row.content, row.outcome, rows]));
}
