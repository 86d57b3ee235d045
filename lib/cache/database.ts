import { constants, existsSync, statSync } from 'node:fs';
import { access, chmod, mkdir, open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { HearkenError } from '../errors.js';
import { identityOf, moveAside } from './aside.js';
import { collectGarbage } from './garbage.js';
import { removeLeftovers } from './leftovers.js';
import { isEmpty, MIGRATIONS, migrate, missingTable, versionOf } from './schema.js';
import { Sql } from './sql.js';
import { reason, toCacheError, troubleOf } from './trouble.js';

export type Access = 'write' | 'readonly';

/** How long a locked database is waited for. Tests make it shorter. */
export const limits = { busyMs: 10_000 };

export const databasePath = (folder: string): string => join(folder, 'cache', 'hearken.db');

/** With those above it. On a read-only disk Node says of the whole that it does not exist; of its first part it says why. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    let part = folder;
    while (!existsSync(dirname(part))) part = dirname(part);
    await mkdir(part, { mode: 0o700 });
    throw error;
  }
}

/** Thrown in a transaction: the path names another file now, or none. */
class Moved extends Error {
  override readonly message = 'it is replaced again and again';
}
/** The database is not what it should be. */
class Unfit extends Error {
  constructor(
    readonly why: 'corrupt' | 'newer' | 'older',
    message: string,
  ) {
    super(message);
  }
}

/**
 * A database file that is opened when it is needed, opened anew when it has been moved, and moved aside when it is damaged. A
 * locked one is waited for without blocking the event loop.
 *
 * Nothing else in this process may open and close the file: that would drop SQLite's locks on it (POSIX).
 */
export class Database {
  readonly path: string;
  readonly access: Access;
  /** Where this one has moved a damaged database to, if it has. */
  backup: string | undefined;
  #sql: Sql | undefined;
  #identity: string | undefined;
  /** Of an unlocked reader: the file as it was when it was opened. */
  #snapshot: string | undefined;
  #opening: Promise<Sql | undefined> | undefined;
  #closed = false;
  /** With 'readonly': what is there is of no use, and that was said. */
  #unusable = false;

  constructor(path: string, access: Access) {
    this.path = path;
    this.access = access;
  }

  /** Whether there is something to use; what is not there is made, with write access. */
  async open(): Promise<boolean> {
    return (await this.#attempt(limits.busyMs, () => true)) ?? false;
  }

  /** Nobody else writes meanwhile. `work` may run more than once. Undefined without write access. */
  async write<T>(work: (sql: Sql) => T, busyMs = limits.busyMs): Promise<T | undefined> {
    if (this.access === 'readonly') return undefined;
    return this.#attempt(busyMs, (sql) => sql.transaction('IMMEDIATE', () => work(this.#check(sql))));
  }

  /** All that `work` reads is of the same moment. Undefined if there is no database. */
  async read<T>(work: (sql: Sql) => T): Promise<T | undefined> {
    return this.#attempt(limits.busyMs, (sql) => sql.transaction('DEFERRED', () => work(this.#check(sql))));
  }

  /** Outside of a transaction. */
  async bare<T>(work: (sql: Sql) => T): Promise<T | undefined> {
    return this.#attempt(limits.busyMs, (sql) => work(this.#check(sql)));
  }

  /** What the system refuses becomes one of our errors. */
  async guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw await toCacheError(error, this.path, 0);
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      // So that the file holds everything and the log takes no space; if others are at work, they will do it.
      if (this.access === 'write') this.#sql?.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {}
    this.drop();
  }

  /** Closes the file; the next use opens what is at the path. */
  drop(): void {
    this.#sql?.close();
    this.#sql = undefined;
  }

  async #attempt<T>(busyMs: number, work: (sql: Sql) => T): Promise<T | undefined> {
    const began = performance.now();
    let repairs = 0;
    for (;;) {
      try {
        const sql = await this.#handle();
        if (!sql) return undefined;
        const result = work(sql);
        if (this.#snapshot !== undefined && this.#snapshot !== this.#state()) throw new Moved();
        return result;
      } catch (error) {
        const waited = performance.now() - began;
        const trouble = error instanceof Moved ? 'moved' : error instanceof Unfit ? 'corrupt' : troubleOf(error);
        if (trouble === 'busy' && waited < busyMs) {
          await sleep(5 + Math.random() * 45);
        } else if (trouble === 'moved' && waited < limits.busyMs) {
          this.drop();
        } else if (trouble === 'corrupt' && !this.#closed && repairs++ < 3) {
          await this.#repair(error);
        } else {
          throw await toCacheError(error, this.path, waited);
        }
      }
    }
  }

  /** An open file, or undefined with 'readonly' if there is none. */
  #handle(): Promise<Sql | undefined> | Sql {
    if (this.#closed) throw new HearkenError('ERR_CLOSED', 'the cache was closed');
    if (this.#sql) return this.#sql;
    this.#opening ??= this.#openFile().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #openFile(): Promise<Sql | undefined> {
    if (this.#unusable) return undefined;
    if (this.access === 'write') await this.#create();
    this.#identity = await identityOf(this.path);
    if (!this.#identity) {
      if (this.access === 'readonly') return undefined;
      throw new Moved();
    }
    const sql = await Sql.open(this.access === 'write' ? this.path : await this.#readonlyName());
    try {
      sql.exec('PRAGMA cache_size = -512; PRAGMA mmap_size = 0');
      if (this.access === 'write') prepare(sql);
      if (versionOf(sql) !== MIGRATIONS.length) throw misfit(sql);
      const missing = missingTable(sql);
      if (missing) throw new Unfit('corrupt', `it has no table ${missing}`);
      if (this.#closed) throw new HearkenError('ERR_CLOSED', 'the cache was closed');
    } catch (error) {
      sql.close();
      // Another process is about to make it, or to bring it up to date.
      if (this.access === 'readonly' && error instanceof Unfit && error.why === 'older') return undefined;
      throw error;
    }
    this.#sql = sql;
    return sql;
  }

  /** Folder and file are the user's alone. SQLite gives the log the rights of the database. */
  async #create(): Promise<void> {
    const folder = dirname(this.path);
    await makeFolder(folder);
    await restrict(folder, 0o700);
    try {
      await (await open(this.path, 'wx', 0o600)).close();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      await this.#checkPresent();
    }
    await removeLeftovers(this.path);
  }

  /** SQLite would open what cannot be written, and fail later. */
  async #checkPresent(): Promise<void> {
    try {
      await access(this.path, constants.W_OK);
      await restrict(this.path, 0o600);
    } catch (error) {
      // Another process has just moved it aside.
      throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? new Moved() : error;
    }
  }

  /**
   * Where there is a log, somebody writes or has died: SQLite has to read it, with locks. Where there is none, the file is read
   * without a trace (SQLite would make a log otherwise), and whether it stayed as it was is looked at after each use.
   */
  async #readonlyName(): Promise<string> {
    const url = pathToFileURL(this.path).href;
    this.#snapshot = this.#state();
    return this.#snapshot === undefined ? `${url}?mode=ro` : `${url}?immutable=1`;
  }

  /** What tells that nobody has written to the file; undefined if there is a log with something in it. */
  #state(): string | undefined {
    const log = statSync(`${this.path}-wal`, { throwIfNoEntry: false });
    if (log && log.size > 0) return undefined;
    const info = statSync(this.path, { throwIfNoEntry: false, bigint: true });
    return info ? `${info.dev}:${info.ino}:${info.size}:${info.mtimeNs}` : 'none';
  }

  /** In a transaction: is this still the database that the path names, and of the version that we know? */
  #check(sql: Sql): Sql {
    const info = statSync(this.path, { throwIfNoEntry: false, bigint: true });
    if (!info || `${info.dev}:${info.ino}` !== this.#identity) throw new Moved();
    if (versionOf(sql) !== MIGRATIONS.length) throw misfit(sql);
    return sql;
  }

  async #repair(error: unknown): Promise<void> {
    this.drop();
    const identity = this.#identity;
    const what =
      error instanceof Unfit && error.why === 'newer'
        ? `${this.path} was written by a newer version of hearken (${reason(error)})`
        : `${this.path} is damaged (${reason(error)})`;
    if (this.access === 'readonly') {
      // An unlocked reader may have seen half of what somebody wrote meanwhile.
      if (this.#snapshot !== undefined && this.#snapshot !== this.#state()) return;
      this.#unusable = true;
      warn(`${what}: nothing is taken from it`);
      return;
    }
    if (!identity) return;
    if (process.platform === 'win32') await collectGarbage();
    try {
      const backup = await moveAside(
        this.path,
        identity,
        error instanceof Unfit && error.why === 'newer' ? 'newer' : 'corrupt',
      );
      this.backup = backup ?? this.backup;
      if (backup) warn(`${what}: it is now ${backup}, and a new one was begun`);
    } catch (cause) {
      throw new HearkenError('ERR_CACHE_CORRUPT', `${what}, and it cannot be moved aside: ${reason(cause)}`, { cause });
    }
  }
}

/** Not where it belongs to somebody else, or where there are no such rights: then what there is has to do. */
async function restrict(path: string, mode: number): Promise<void> {
  if (process.platform === 'win32' || ((await stat(path)).mode & 0o077) === 0) return;
  await chmod(path, mode).catch(() => {});
}

/** Settings of the file, and its tables. Each can meet another process that does the same, and is tried again then. */
function prepare(sql: Sql): void {
  if (versionOf(sql) === 0) {
    if (!isEmpty(sql)) throw new Unfit('corrupt', 'it holds something else');
    sql.exec('PRAGMA auto_vacuum = INCREMENTAL'); // before the first table, or never
  }
  if (sql.pragma('journal_mode') !== 'wal') sql.exec('PRAGMA journal_mode = WAL');
  sql.exec('PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 4194304');
  migrate(sql);
}

function misfit(sql: Sql): Unfit {
  const version = versionOf(sql);
  return new Unfit(
    version > MIGRATIONS.length ? 'newer' : 'older',
    `version ${version}, and this one knows ${MIGRATIONS.length}`,
  );
}

export function warn(message: string): void {
  process.emitWarning(message, { code: 'HEARKEN_CACHE' });
}
