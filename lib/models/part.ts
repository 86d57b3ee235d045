import { createHash } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { HearkenError } from '../errors.js';
import { hashInto } from './digest.js';
import { hasGgmlMagic } from './ggml.js';
import { DownloadError } from './http.js';
import type { ModelEntry } from './registry.js';

/** The unfinished file of a download: what is in it is hashed, and writing goes on behind that. */
export class PartFile {
  /** Bytes in the file, all of them in the hash. */
  length = 0;
  /** Whether some of the bytes are from an earlier run, which may have got them from another version of the file. */
  inherited = false;
  /** The server's validator of the file that the bytes are of, so that a next request can ask for the rest of the same one. */
  etag: string | undefined;
  #hash = createHash('sha1');
  #head = Buffer.alloc(0);

  private constructor(
    readonly path: string,
    private readonly entry: ModelEntry,
    private readonly handle: FileHandle,
  ) {}

  /** Opens or makes the file and hashes what is in it. Without a checksum to find a mixture out, it starts anew. */
  static async open(
    path: string,
    entry: ModelEntry,
    signal?: AbortSignal,
    onHashed?: (done: number) => void,
  ): Promise<PartFile> {
    const handle = await openForUpdate(path);
    const part = new PartFile(path, entry, handle);
    try {
      const { size } = await handle.stat();
      if (!entry.sha1 || size > entry.bytes) await part.reset();
      else {
        part.length = await hashInto(part.#hash, handle, size, signal, onHashed);
        part.inherited = part.length > 0;
        const head = Buffer.alloc(4);
        const { bytesRead } = await handle.read(head, 0, 4, 0);
        part.#head = head.subarray(0, bytesRead);
        if (bytesRead === 4 && !hasGgmlMagic(head)) await part.reset();
      }
      return part;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Empties it. */
  async reset(): Promise<void> {
    await this.handle.truncate(0);
    this.length = 0;
    this.inherited = false;
    this.etag = undefined;
    this.#hash = createHash('sha1');
    this.#head = Buffer.alloc(0);
  }

  /** Appends what the server sent; refuses what is not a ggml file at its first bytes, and more than the file can have. */
  async append(bytes: Uint8Array, from: string): Promise<void> {
    if (this.#head.length < 4) {
      this.#head = Buffer.concat([this.#head, bytes.subarray(0, 4 - this.#head.length)]);
      if (this.#head.length === 4 && !hasGgmlMagic(this.#head)) {
        const shown = JSON.stringify(Buffer.from(bytes.subarray(0, 40)).toString('latin1'));
        await this.discard();
        throw new DownloadError(`${from} sent something that is not a ggml model; it begins with ${shown}`, false);
      }
    }
    if (this.length + bytes.length > this.entry.bytes) {
      const size = this.length + bytes.length;
      await this.discard();
      throw new HearkenError(
        'ERR_MODEL_CHECKSUM',
        `${from} sent ${size} bytes and more where ${this.entry.name} has ${this.entry.bytes}; nothing was kept`,
      );
    }
    let written = 0;
    while (written < bytes.length) {
      written += (await this.handle.write(bytes, written, bytes.length - written, this.length + written)).bytesWritten;
    }
    this.#hash.update(bytes);
    this.length += bytes.length;
  }

  /** The SHA-1 of what is in it. The object takes no more bytes after this, unless reset. */
  digest(): string {
    return this.#hash.digest('hex');
  }

  /** Makes what was written survive a power failure. */
  async sync(): Promise<void> {
    await this.handle.sync();
  }

  async close(): Promise<void> {
    await this.handle.close().catch(() => {});
  }

  /** Closes and deletes it. */
  async discard(): Promise<void> {
    await this.close();
    await unlink(this.path).catch(() => {});
  }
}

async function openForUpdate(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return open(path, 'wx+');
  }
}
