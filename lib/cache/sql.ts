import { HearkenError } from '../errors.js';

export type Value = string | number | Uint8Array | null;

/** What libsql's synchronous interface is to us; its own types need its package, which is optional. */
interface Statement {
  run(values: Value[]): { changes: number };
  get(values: Value[]): unknown;
  all(values: Value[]): unknown[];
}
interface Handle {
  inTransaction: boolean;
  exec(sql: string): unknown;
  prepare(sql: string): Statement;
  close(): unknown;
}

/** One open database file: statements are prepared once. All of it is synchronous. */
export class Sql {
  readonly #handle: Handle;
  readonly #statements = new Map<string, Statement>();
  #open = true;

  private constructor(handle: Handle) {
    this.#handle = handle;
  }

  /** `name`: a path, or a `file:` URL with SQLite's parameters. Rejects with libsql's own error. */
  static async open(name: string): Promise<Sql> {
    const { default: Database } = await load();
    return new Sql(new Database(name, { timeout: 0 }) as unknown as Handle);
  }

  exec(sql: string): void {
    this.#handle.exec(sql);
  }

  /** How many rows it changed. */
  run(sql: string, ...values: Value[]): number {
    return this.#prepare(sql).run(values).changes;
  }

  get<Row extends object>(sql: string, ...values: Value[]): Row | undefined {
    return this.#prepare(sql).get(values) as Row | undefined;
  }

  all<Row extends object>(sql: string, ...values: Value[]): Row[] {
    return this.#prepare(sql).all(values) as Row[];
  }

  /** The one value of a pragma. */
  pragma(name: string): number | string {
    const row = this.get<Record<string, number | string>>(`PRAGMA ${name}`);
    return Object.values(row ?? {})[0] ?? 0;
  }

  /** Runs `work` in one go, so that nothing comes between; what it throws undoes all of it. */
  transaction<T>(mode: 'DEFERRED' | 'IMMEDIATE', work: () => T): T {
    this.exec(`BEGIN ${mode}`);
    try {
      const result = work();
      this.exec('COMMIT');
      return result;
    } catch (error) {
      // A full disk and some other errors have ended it already.
      if (this.#handle.inTransaction) this.exec('ROLLBACK');
      throw error;
    }
  }

  /**
   * libsql frees the file only once the prepared statements were collected as garbage. It does no harm: SQLite sees whether the
   * file still has its place before it tidies up.
   */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#statements.clear();
    this.#handle.close();
  }

  #prepare(sql: string): Statement {
    if (!this.#open) throw new HearkenError('ERR_CLOSED', 'the cache was closed');
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#handle.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** libsql gives bytes of one row as a Buffer, and of several rows as an ArrayBuffer. */
export function bytesOf(value: Uint8Array | ArrayBuffer): Buffer {
  return value instanceof Uint8Array
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    : Buffer.from(value);
}

async function load() {
  try {
    return await import('libsql');
  } catch (cause) {
    throw new HearkenError(
      'ERR_CACHE_UNAVAILABLE',
      `the cache needs the package libsql, which is not installed or has no binary for ${process.platform}-${process.arch}: install it (npm install libsql), or go without the cache`,
      { cause },
    );
  }
}
