import { createHash } from 'node:crypto';

/** Over strings and bytes with their lengths, so that nothing can move from one part to the next. */
export function checksum(...parts: (string | Uint8Array)[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) {
    hash.update(`${typeof part === 'string' ? Buffer.byteLength(part) : part.byteLength}:`);
    hash.update(part);
  }
  return hash.digest().subarray(0, 16);
}

export function isChecksum(stored: unknown, right: Buffer): boolean {
  return stored instanceof Uint8Array && right.equals(stored);
}
