import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';

/** A folder for the test alone. */
export function folder(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), 'hearken-test-'));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
