import { stat } from 'node:fs/promises';
import { checksum, isChecksum } from './checksum.js';
import type { Database } from './database.js';

/** So young a file may change again without a change of its times, which are as coarse as the system's clock ticks. */
const YOUNG_MS = 2_000;
const MOST = 1_000;

/** Remembers the digest of a file that takes long to read, as long as the file is the same. */
export async function modelDigest(database: Database, path: string, compute: () => Promise<string>): Promise<string> {
  const before = await identify(path);
  const known = before && (await recall(database, before.identity));
  if (known !== undefined) return known;
  const digest = await compute();
  const after = await identify(path);
  if (!before || after?.identity !== before.identity || before.young) return digest;
  await database.write((sql) => {
    sql.run(
      'INSERT OR REPLACE INTO files (identity, digest, checksum, used) VALUES (?, ?, ?, ?)',
      ...[before.identity, digest, checksum(before.identity, digest), Date.now()],
    );
    sql.run(
      'DELETE FROM files WHERE identity NOT IN (SELECT identity FROM files ORDER BY used DESC, identity LIMIT ?)',
      MOST,
    );
  });
  return digest;
}

async function recall(database: Database, identity: string): Promise<string | undefined> {
  const row = await database.read((sql) =>
    sql.get<{ digest: string; checksum: Uint8Array }>(
      'SELECT digest, checksum FROM files WHERE identity = ?',
      identity,
    ),
  );
  return row && isChecksum(row.checksum, checksum(identity, String(row.digest))) ? row.digest : undefined;
}

async function identify(path: string): Promise<{ identity: string; young: boolean } | undefined> {
  const info = await stat(path, { bigint: true }).catch(() => undefined);
  if (!info) return undefined;
  const changed = Math.max(Number(info.mtimeMs), Number(info.ctimeMs));
  return {
    identity: [info.dev, info.ino, info.size, info.mtimeNs, info.ctimeNs].join(':'),
    young: Date.now() - changed < YOUNG_MS,
  };
}
