import type { Sql } from './sql.js';

/** Element n makes version n + 1 of version n. What was released is never changed: a new version is a new element. */
export const MIGRATIONS: readonly string[] = [
  `
  -- What was computed, under a key made of all that it depends on.
  CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    value BLOB NOT NULL,
    checksum BLOB NOT NULL
  );
  CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    source TEXT,
    fingerprint TEXT,
    content TEXT,
    request TEXT NOT NULL,
    options TEXT NOT NULL,
    models TEXT NOT NULL,
    processed REAL NOT NULL DEFAULT 0,
    total REAL,
    created INTEGER NOT NULL,
    used INTEGER NOT NULL,
    ended INTEGER,
    error TEXT,
    outcome TEXT,
    -- Of a finished one: over its request, audio, outcome and plan. No seal, or a wrong one: it cannot be answered from here.
    seal BLOB
  ) WITHOUT ROWID;
  CREATE INDEX jobs_by_request ON jobs (request);
  -- The chunks that a job consists of, in samples.
  CREATE TABLE plans (
    job TEXT NOT NULL,
    number INTEGER NOT NULL,
    key TEXT NOT NULL,
    begins INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    owned_begin INTEGER NOT NULL,
    owned_end INTEGER NOT NULL,
    ends_in_speech INTEGER NOT NULL,
    PRIMARY KEY (job, number)
  ) WITHOUT ROWID;
  -- Which entries a job needs; one that no job needs may go.
  CREATE TABLE uses (job TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (job, key)) WITHOUT ROWID;
  CREATE INDEX uses_by_key ON uses (key);
  -- Who works on a job now.
  CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    job TEXT NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    born INTEGER NOT NULL,
    beat INTEGER NOT NULL,
    cancel INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;
  -- Who computes an entry now.
  CREATE TABLE claims (key TEXT PRIMARY KEY, run TEXT NOT NULL) WITHOUT ROWID;
  CREATE INDEX claims_by_run ON claims (run);
  -- Digests of model files, by what tells a file and its state.
  CREATE TABLE files (
    identity TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    checksum BLOB NOT NULL,
    used INTEGER NOT NULL
  ) WITHOUT ROWID;
  `,
];

const TABLES = ['claims', 'entries', 'files', 'jobs', 'plans', 'runs', 'uses'];

/** Brings a database to the last version, all steps or none. False: it is newer than that. */
export function migrate(sql: Sql, migrations: readonly string[] = MIGRATIONS): boolean {
  if (versionOf(sql) === migrations.length) return true;
  return sql.transaction('IMMEDIATE', () => {
    const version = versionOf(sql); // another process may have been first
    if (version > migrations.length) return false;
    for (const step of migrations.slice(version)) sql.exec(step);
    sql.exec(`PRAGMA user_version = ${migrations.length}`);
    return true;
  });
}

export function versionOf(sql: Sql): number {
  return Number(sql.pragma('user_version'));
}

/** Whether nothing was ever put into it. */
export function isEmpty(sql: Sql): boolean {
  return sql.get('SELECT 1 AS one FROM sqlite_schema LIMIT 1') === undefined;
}

/** A table that should be there and is not. */
export function missingTable(sql: Sql): string | undefined {
  const rows = sql.all<{ name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table'");
  const there = new Set(rows.map(({ name }) => name));
  return TABLES.find((name) => !there.has(name));
}
