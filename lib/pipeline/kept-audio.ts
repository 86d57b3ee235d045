import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { binding, type NativeCancelToken } from '../binding.js';
import type { AudioSource } from '../types.js';

/** What is known of an audio before it is decoded. */
export interface KnownAudio {
  /** Absolute path, of a file. */
  source?: string;
  /** Of a file: its size, its beginning and its end. Tells in no time what is surely another one. */
  fingerprint?: string;
  /** The digest of all bytes, where they are in memory. */
  content?: string;
}

/** Of each end of a file. */
const END_BYTES = 1 << 16;
/** What one step of hashing takes from the event loop: about a millisecond. */
const PIECE = 1 << 20;

/** Nothing is known of streams, nor of what is no regular file, before all of it was read. Never fails: opening it will tell. */
export async function lookAt(audio: AudioSource): Promise<KnownAudio> {
  if (typeof audio === 'string' || audio instanceof URL) {
    try {
      const source = resolve(typeof audio === 'string' ? audio : fileURLToPath(audio));
      const fingerprint = await fingerprintOf(source);
      return fingerprint === undefined ? {} : { source, fingerprint };
    } catch {
      return {};
    }
  }
  if (audio instanceof Float32Array) {
    return { content: await digest(new Uint8Array(audio.buffer, audio.byteOffset, audio.byteLength), 'samples') };
  }
  if (audio instanceof ArrayBuffer) return { content: await digest(new Uint8Array(audio)) };
  if (audio instanceof Uint8Array) return { content: await digest(audio) };
  return {};
}

async function fingerprintOf(path: string): Promise<string | undefined> {
  if (!(await stat(path)).isFile()) return undefined; // opening a named pipe would wait for who writes into it
  const file = await open(path, 'r');
  try {
    const info = await file.stat();
    const hash = createHash('sha256').update(`${info.size}\n`);
    for (const at of [0, Math.max(0, info.size - END_BYTES)]) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(END_BYTES), 0, END_BYTES, at);
      hash.update(buffer.subarray(0, bytesRead));
    }
    return hash.digest('hex');
  } finally {
    await file.close();
  }
}

/** As the addon hashes files: BLAKE2b-512, the first 32 bytes. Samples are not the bytes of a file. */
async function digest(bytes: Uint8Array, prefix = ''): Promise<string> {
  const hash = createHash('blake2b512').update(prefix);
  for (let at = 0; at < bytes.byteLength; at += PIECE) {
    if (at > 0) await new Promise((resolve) => setImmediate(resolve));
    hash.update(bytes.subarray(at, at + PIECE));
  }
  return hash.digest('hex').slice(0, 64);
}

/** The digest of a file's bytes; undefined where it can't be read. */
export async function contentOf({ source, content }: KnownAudio, cancel: NativeCancelToken): Promise<string | undefined> {
  if (content !== undefined || source === undefined) return content;
  return await binding()
    .hashFile(source, cancel)
    .catch(() => undefined);
}
