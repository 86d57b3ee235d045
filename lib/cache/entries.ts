import { checksum, isChecksum } from './checksum.js';
import { bytesOf, type Sql } from './sql.js';

export type EntryKind = 'chunk' | 'language' | 'window' | 'speakers';

export const ENTRY_KINDS: readonly EntryKind[] = ['chunk', 'language', 'window', 'speakers'];

/** Something that was computed, under a key made of all that it depends on. */
export interface Entry {
  key: string;
  kind: EntryKind;
  value: Uint8Array;
}

/** So many at once: a statement is short, and few statements are needed. */
export const BATCH = 256;

interface Row {
  key: string;
  kind: string;
  value: ArrayBuffer | null;
  checksum: ArrayBuffer | null;
}

/** Entries that are right; `wrong` are the rows that somebody or something has altered. */
export function findEntries(sql: Sql, keys: readonly string[]): { found: Map<string, Buffer>; wrong: string[] } {
  const found = new Map<string, Buffer>();
  const wrong: string[] = [];
  const query = 'SELECT key, kind, value, checksum FROM entries WHERE key IN (SELECT value FROM json_each(?))';
  for (const row of sql.all<Row>(query, JSON.stringify(keys))) {
    const value = row.value instanceof ArrayBuffer ? bytesOf(row.value) : undefined;
    const stored = row.checksum instanceof ArrayBuffer ? bytesOf(row.checksum) : undefined;
    if (value && isChecksum(stored, checksum(row.key, String(row.kind), value))) found.set(row.key, value);
    else wrong.push(row.key);
  }
  return { found, wrong };
}

export function deleteEntry(sql: Sql, key: string): void {
  sql.run('DELETE FROM entries WHERE key = ?', key);
}

export function putEntry(sql: Sql, { key, kind, value }: Entry): void {
  sql.run(
    `INSERT INTO entries (key, kind, value, checksum) VALUES (?, ?, ?, ?)
     ON CONFLICT (key) DO UPDATE SET kind = excluded.kind, value = excluded.value, checksum = excluded.checksum`,
    key,
    kind,
    value,
    checksum(key, kind, value),
  );
}

/** Notes that a job needs an entry. */
export function useEntry(sql: Sql, job: string, key: string): void {
  sql.run('INSERT INTO uses (job, key) VALUES (?, ?) ON CONFLICT DO NOTHING', job, key);
}
