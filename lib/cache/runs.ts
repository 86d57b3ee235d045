import { hostname } from 'node:os';
import { isAlive } from '../alive.js';
import type { Sql } from './sql.js';

// A run is one process at work on one job (a process may have several). It shows that it is alive by a heartbeat; on the same
// machine, a process that is gone is seen at once.

const DEAD_MS = 60_000;

/** When this process began: another one that had its number, before the machine or the container was started anew, began earlier. */
const BORN = Math.round(Date.now() - process.uptime() * 1000);

export interface RunRow {
  id: string;
  job: string;
  host: string;
  pid: number;
  born: number;
  beat: number;
  cancel: number;
}

/** Notes the run, or that it is still there: also after somebody took it for dead, as after the machine's sleep. */
export function beat(sql: Sql, id: string, job: string): void {
  sql.run(
    `INSERT INTO runs (id, job, host, pid, born, beat) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET beat = excluded.beat`,
    ...[id, job, hostname(), process.pid, BORN, Date.now()],
  );
}

function isLive(run: RunRow): boolean {
  if (Date.now() - run.beat > DEAD_MS) return false;
  if (run.host !== hostname()) return true;
  if (run.pid === process.pid) return Math.abs(run.born - BORN) < 10_000;
  return isAlive(run.pid);
}

export function liveRuns(sql: Sql): RunRow[] {
  return sql.all<RunRow>('SELECT id, job, host, pid, born, beat, cancel FROM runs').filter(isLive);
}

export function dropRun(sql: Sql, id: string): void {
  sql.run('DELETE FROM claims WHERE run = ?', id);
  sql.run('DELETE FROM runs WHERE id = ?', id);
}

/** Frees what dead runs have claimed, and says of their jobs that they were interrupted. Gives those that are alive. */
export function settle(sql: Sql): RunRow[] {
  const live = liveRuns(sql);
  const ids = JSON.stringify(live.map(({ id }) => id));
  sql.run('DELETE FROM claims WHERE run NOT IN (SELECT value FROM json_each(?))', ids);
  sql.run('DELETE FROM runs WHERE id NOT IN (SELECT value FROM json_each(?))', ids);
  sql.run("UPDATE jobs SET status = 'interrupted' WHERE status = 'running' AND id NOT IN (SELECT job FROM runs)");
  return live;
}
