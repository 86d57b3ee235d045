import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';

const BLOCK = 1 << 20;

/** Feeds the first `length` bytes of an open file into a hash, a block at a time. */
export async function hashInto(
  hash: Hash,
  handle: FileHandle,
  length: number,
  signal?: AbortSignal,
  onBytes?: (done: number) => void,
): Promise<number> {
  const block = Buffer.allocUnsafe(Math.min(BLOCK, Math.max(1, length)));
  let done = 0;
  while (done < length) {
    signal?.throwIfAborted();
    const { bytesRead } = await handle.read(block, 0, Math.min(block.length, length - done), done);
    if (bytesRead === 0) break;
    hash.update(block.subarray(0, bytesRead));
    done += bytesRead;
    onBytes?.(done);
  }
  return done;
}

/** The hex digest of a file. */
export async function hashFile(
  path: string,
  algorithm: 'sha1' | 'sha256',
  signal?: AbortSignal,
  onBytes?: (done: number) => void,
): Promise<string> {
  const handle = await open(path, 'r');
  try {
    const hash = createHash(algorithm);
    await hashInto(hash, handle, (await handle.stat()).size, signal, onBytes);
    return hash.digest('hex');
  } finally {
    await handle.close();
  }
}
