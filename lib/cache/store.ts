import { setImmediate as turn } from 'node:timers/promises';
import { HearkenError } from '../errors.js';
import { claimKeys, releaseKey } from './claims.js';
import { type Access, Database, databasePath } from './database.js';
import { BATCH, deleteEntry, type Entry, findEntries, putEntry, useEntry } from './entries.js';
import { modelDigest } from './files.js';
import type { JobStart } from './jobs.js';
import { type PlanRow, sealedPlan } from './plan.js';
import { Run } from './run.js';
import { settle } from './runs.js';

/** Databases that are open, by path and access. */
const open = new Map<string, { database: Database; users: number }>();

/** What is kept of finished work: entries by key, and the jobs that they are part of. */
export class Store {
  readonly folder: string;
  readonly access: Access;
  readonly database: Database;
  readonly #runs = new Set<Run>();
  #closed = false;

  private constructor(folder: string, access: Access, database: Database) {
    this.folder = folder;
    this.access = access;
    this.database = database;
  }

  /**
   * All users of one folder in this process share one connection; the last close() closes it. 'readonly' makes and writes
   * nothing: undefined if there is no database.
   */
  static async open(folder: string, access: Access): Promise<Store | undefined> {
    const path = databasePath(folder);
    const shared = open.get(`${access} ${path}`) ?? { database: new Database(path, access), users: 0 };
    open.set(`${access} ${path}`, shared);
    shared.users++;
    const store = new Store(folder, access, shared.database);
    try {
      if (await shared.database.open()) return store;
    } catch (error) {
      await store.close();
      throw error;
    }
    await store.close();
    return undefined;
  }

  /** Runs that were not ended count as interrupted. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const run of this.#runs) await run.abandon().catch(() => {});
    const key = `${this.access} ${this.database.path}`;
    const shared = open.get(key);
    if (!shared || --shared.users > 0) return;
    open.delete(key);
    this.database.close();
  }

  /** Entries that are there and are what was put there. */
  async find(keys: readonly string[]): Promise<Map<string, Buffer>> {
    this.#check();
    const found = new Map<string, Buffer>();
    for (let begin = 0; begin < keys.length; begin += BATCH) {
      if (begin > 0) await turn();
      const batch = keys.slice(begin, begin + BATCH);
      const answer = await this.database.read((sql) => findEntries(sql, batch));
      for (const [key, value] of answer?.found ?? []) found.set(key, value);
      if (answer?.wrong.length) await this.#discard(answer.wrong);
    }
    return found;
  }

  /**
   * At once for all: what there is, what is this run's to compute from now on, and what another live run computes now. With
   * `force`, what there is does not count.
   */
  async claim(
    keys: readonly string[],
    run: Run,
    force = false,
  ): Promise<{ found: Map<string, Buffer>; ours: Set<string>; theirs: Set<string> }> {
    this.#check();
    const answer = await this.database.write((sql) => {
      run.note(sql);
      settle(sql);
      const { found, wrong } = force ? { found: new Map<string, Buffer>(), wrong: [] } : findEntries(sql, keys);
      for (const key of wrong) deleteEntry(sql, key);
      for (const key of found.keys()) useEntry(sql, run.job, key);
      const missing = keys.filter((key) => !found.has(key));
      return { found, ...claimKeys(sql, missing, run.id) };
    });
    if (answer) return answer;
    const found = force ? new Map<string, Buffer>() : await this.find(keys);
    return { found, ours: new Set(keys.filter((key) => !found.has(key))), theirs: new Set() };
  }

  /** They will not be computed by this run after all. */
  async unclaim(keys: readonly string[], run: Run): Promise<void> {
    this.#check();
    await this.database.write((sql) => {
      for (const key of keys) releaseKey(sql, key, run.id);
    });
  }

  /** Keeps them, all or none, as part of the run's job, and gives up the claims. */
  async put(entries: readonly Entry[], run: Run): Promise<void> {
    this.#check();
    await this.database.write((sql) => {
      run.note(sql);
      for (const entry of entries) {
        putEntry(sql, entry);
        useEntry(sql, run.job, entry.key);
        releaseKey(sql, entry.key, run.id);
      }
    });
  }

  /** Digest of a model's file; computed only if the file is not the one that it was. */
  modelDigest(path: string, compute: () => Promise<string>): Promise<string> {
    this.#check();
    return modelDigest(this.database, path, compute);
  }

  /** Whether a file of this fingerprint was finished with this request: then its content is worth looking at. */
  async likely(request: string, fingerprint: string): Promise<boolean> {
    this.#check();
    const query =
      'SELECT 1 AS one FROM jobs WHERE request = ? AND fingerprint = ? AND content IS NOT NULL AND seal IS NOT NULL LIMIT 1';
    return (await this.database.read((sql) => sql.get(query, request, fingerprint))) !== undefined;
  }

  /** A finished job of this request over a file of this content. Its entries have to be found yet: some may be gone. */
  async finished(
    request: string,
    content: string,
  ): Promise<{ id: string; outcome: unknown; plan: PlanRow[] } | undefined> {
    this.#check();
    return this.database.read((sql) => {
      const jobs = sql.all<{ id: string; outcome: string }>(
        'SELECT id, outcome FROM jobs WHERE request = ? AND content = ? AND seal IS NOT NULL ORDER BY used DESC',
        ...[request, content],
      );
      for (const { id, outcome } of jobs) {
        const plan = sealedPlan(sql, id);
        if (plan) return { id, outcome: JSON.parse(outcome) as unknown, plan };
      }
      return undefined;
    });
  }

  /** A job's result was used: it is among the last to go. It is done, whatever came of doing it once more. */
  async used(id: string): Promise<void> {
    this.#check();
    await this.database.write((sql) => {
      settle(sql);
      const now = Date.now();
      sql.run('UPDATE jobs SET used = ? WHERE id = ?', now, id);
      sql.run(
        `UPDATE jobs SET status = 'done', error = NULL, ended = coalesce(ended, ?)
         WHERE id = ? AND status NOT IN ('running', 'done')`,
        ...[now, id],
      );
    });
  }

  async begin(start: JobStart): Promise<Run> {
    this.#check();
    const run = await Run.begin(this.database, start, (run) => this.#runs.delete(run));
    this.#runs.add(run);
    return run;
  }

  /** Removes entries that are wrong, unless they were put right meanwhile. */
  async #discard(keys: readonly string[]): Promise<void> {
    await this.database.write((sql) => {
      for (const key of findEntries(sql, keys).wrong) deleteEntry(sql, key);
    });
  }

  #check(): void {
    if (this.#closed) throw new HearkenError('ERR_CLOSED', 'the cache was closed');
  }
}
