import { randomUUID } from 'node:crypto';
import { HearkenError } from '../errors.js';
import type { Database } from './database.js';
import { useEntry } from './entries.js';
import { beginJob, endJob, type JobEnd, type JobStart, restoreJob } from './jobs.js';
import { type PlanRow, putPlanRow } from './plan.js';
import { beat, dropRun, settle } from './runs.js';
import type { Sql } from './sql.js';

const HEARTBEAT_MS = 1_000;
/** Who abandons a run has waited for a locked database already: others see that it is dead by its heart, if a little later. */
const ABANDON_MS = 500;

/** This process at work on a job, from `begin` to `end`. With 'readonly' nothing of it is written. */
export class Run {
  readonly id: string;
  readonly job: string;
  readonly #database: Database;
  readonly #start: JobStart;
  readonly #closed: () => void;
  readonly #listeners: (() => void)[] = [];
  #planned = 0;
  #processed: { seconds: number; total: number | undefined } | undefined;
  #cancelled = false;
  #ended = false;
  #beating = false;
  readonly #timer: NodeJS.Timeout;

  private constructor(database: Database, id: string, job: string, start: JobStart, closed: () => void) {
    this.id = id;
    this.job = job;
    this.#database = database;
    this.#start = start;
    this.#closed = closed;
    this.#timer = setInterval(() => void this.#beat(), HEARTBEAT_MS);
    this.#timer.unref();
  }

  /** `closed` is called when it has ended. */
  static async begin(database: Database, start: JobStart, closed: (run: Run) => void): Promise<Run> {
    const id = randomUUID();
    const job = await database.write((sql) => {
      settle(sql);
      const job = beginJob(sql, start);
      beat(sql, id, job);
      return job;
    });
    const run: Run = new Run(database, id, job ?? '', start, () => closed(run));
    return run;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Adds chunks to the plan, or replaces those of the same index. */
  async plan(rows: readonly PlanRow[]): Promise<void> {
    this.#check();
    await this.#database.write((sql) => {
      this.note(sql);
      for (const row of rows) putPlanRow(sql, this.job, row);
    });
    for (const { index } of rows) this.#planned = Math.max(this.#planned, index + 1);
  }

  /** These entries, found and not written by this run, belong to its job, too. */
  async uses(keys: readonly string[]): Promise<void> {
    this.#check();
    if (keys.length === 0) return;
    await this.#database.write((sql) => {
      this.note(sql);
      for (const key of keys) useEntry(sql, this.job, key);
    });
  }

  /** Seconds; written with the next heartbeat. */
  async progress(processed: number, total: number | undefined): Promise<void> {
    this.#processed = { seconds: processed, total };
  }

  /** Somebody called cancelJob. */
  onCancel(listener: () => void): void {
    if (this.#cancelled) listener();
    else this.#listeners.push(listener);
  }

  /** Gives up all claims. The second call does nothing. */
  async end(status: JobEnd['status'], more: Omit<JobEnd, 'status' | 'total'> = {}): Promise<void> {
    if (!this.#stop()) return;
    const { seconds, total } = this.#processed ?? {};
    const { content } = this.#start;
    const known = { ...(seconds === undefined ? {} : { processed: seconds }), ...(content ? { content } : {}), total };
    const end: JobEnd = { ...known, ...more, status };
    try {
      await this.#database.write((sql) => {
        restoreJob(sql, this.job, this.#start);
        dropRun(sql, this.id);
        endJob(sql, this.job, end, this.#planned);
      });
    } finally {
      this.#closed();
    }
  }

  /** The store is closed and the run was not ended: its job counts as interrupted. */
  async abandon(): Promise<void> {
    if (!this.#stop()) return;
    await this.#database.write((sql) => {
      dropRun(sql, this.id);
      settle(sql);
    }, ABANDON_MS);
  }

  /** In a transaction: the rows of this run and its job are there, whatever has become of the database since it began. */
  note(sql: Sql): void {
    if (this.#ended) return;
    restoreJob(sql, this.job, this.#start);
    beat(sql, this.id, this.job);
    sql.run("UPDATE jobs SET status = 'running' WHERE id = ? AND status = 'interrupted'", this.job);
  }

  #check(): void {
    if (this.#ended) throw new HearkenError('ERR_CLOSED', `the run of job ${this.job} has ended`);
  }

  #stop(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    clearInterval(this.#timer);
    return true;
  }

  /** Not waited for, and without patience: where the database is of no use now, the next claim or put says so. */
  async #beat(): Promise<void> {
    if (this.#beating || this.#ended) return;
    this.#beating = true;
    try {
      const asked = await this.#database.write((sql) => this.#report(sql), 0);
      if (asked && !this.#cancelled && !this.#ended) {
        this.#cancelled = true;
        for (const listener of this.#listeners.splice(0)) listener();
      }
    } catch {
    } finally {
      this.#beating = false;
    }
  }

  /** Whether this run is to be cancelled. */
  #report(sql: Sql): boolean {
    this.note(sql);
    const { seconds, total } = this.#processed ?? {};
    sql.run(
      'UPDATE jobs SET used = ?, processed = coalesce(?, processed), total = coalesce(?, total) WHERE id = ?',
      ...[Date.now(), seconds ?? null, total ?? null, this.job],
    );
    return sql.get<{ cancel: number }>('SELECT cancel FROM runs WHERE id = ?', this.id)?.cancel === 1;
  }
}
