import type { Sql } from './sql.js';

/** Takes those keys that nobody has; those that another live run has are `theirs`. The caller has settled dead runs. */
export function claimKeys(sql: Sql, keys: readonly string[], run: string): { ours: Set<string>; theirs: Set<string> } {
  const ours = new Set<string>();
  const theirs = new Set<string>();
  for (const key of keys) {
    sql.run('INSERT INTO claims (key, run) VALUES (?, ?) ON CONFLICT DO NOTHING', key, run);
    const holder = sql.get<{ run: string }>('SELECT run FROM claims WHERE key = ?', key)?.run;
    (holder === run ? ours : theirs).add(key);
  }
  return { ours, theirs };
}

export function releaseKey(sql: Sql, key: string, run: string): void {
  sql.run('DELETE FROM claims WHERE key = ? AND run = ?', key, run);
}
