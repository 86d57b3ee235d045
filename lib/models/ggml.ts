import { type FileHandle, open } from 'node:fs/promises';
import type { ModelKind } from './registry.js';

// The layout of a ggml Whisper file, as whisper.cpp reads it: magic, 11 numbers, mel filters, vocabulary, then tensors up to
// the end. Walking it reads a few kilobytes of even the largest file and tells a whole file from a cut or foreign one.

export const GGML_MAGIC = 0x67676d6c;
const GGUF_MAGIC = 0x46554747;

/** Bytes of a block and the values in it, by ggml's type number. */
const TYPES: Record<number, readonly [bytes: number, values: number]> = {
  0: [4, 1], // f32
  1: [2, 1], // f16
  2: [18, 32], // q4_0
  3: [20, 32], // q4_1
  6: [22, 32], // q5_0
  7: [24, 32], // q5_1
  8: [34, 32], // q8_0
  10: [84, 256], // q2_K
  11: [110, 256], // q3_K
  12: [144, 256], // q4_K
  13: [176, 256], // q5_K
  14: [210, 256], // q6_K
  30: [2, 1], // bf16
};

/** Whether the bytes begin as every ggml file does. */
export function hasGgmlMagic(head: Uint8Array): boolean {
  return head.length >= 4 && Buffer.from(head.buffer, head.byteOffset, 4).readUInt32LE(0) === GGML_MAGIC;
}

/** What is wrong with the structure of a ggml file, or undefined if it is whole. Any but Whisper's is known by its magic only. */
export async function structureProblem(path: string, kind: ModelKind = 'whisper'): Promise<string | undefined> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const reader = new Reader(handle, size);
    const magic = size < 4 ? 0 : await reader.u32();
    if (kind === 'segmentation' || kind === 'embedding') {
      return magic === GGUF_MAGIC ? undefined : 'it does not begin as a GGUF file does';
    }
    if (magic === GGUF_MAGIC) return 'it is a GGUF file, and Whisper models have the older ggml format';
    if (magic !== GGML_MAGIC) return 'it does not begin as a ggml file does';
    return kind === 'whisper' ? await whisperProblem(reader, size) : undefined;
  } catch (error) {
    if (error instanceof Truncated) return `it ends within ${error.message}`;
    throw error;
  } finally {
    await handle.close();
  }
}

async function whisperProblem(reader: Reader, size: number): Promise<string | undefined> {
  reader.part = 'the header';
  const header: number[] = [];
  for (let i = 0; i < 11; i++) header.push(await reader.u32());
  const [vocabulary = 0, audioContext = 0, audioState = 0, , , textContext = 0, textState = 0] = header;
  if (header.slice(0, 10).some((n) => n === 0 || n > 1_000_000) || audioState !== textState) {
    return `its header is not that of a Whisper model (vocabulary ${vocabulary}, contexts ${audioContext} and ${textContext}, widths ${audioState} and ${textState})`;
  }
  reader.part = 'the mel filters';
  reader.skip((await reader.u32()) * (await reader.u32()) * 4);
  reader.part = 'the vocabulary';
  const words = await reader.u32();
  if (words > 1_000_000) return `its vocabulary claims ${words} words`;
  for (let i = 0; i < words; i++) reader.skip(await reader.u32());
  let tensors = 0;
  while (reader.position < size) {
    reader.part = `tensor ${tensors + 1}`;
    const [dimensions, nameLength, type] = [await reader.u32(), await reader.u32(), await reader.u32()];
    const block = TYPES[type];
    if (dimensions < 1 || dimensions > 4 || nameLength > 200 || !block) {
      return `${reader.part} has a header that makes no sense`;
    }
    let values = 1;
    for (let i = 0; i < dimensions; i++) values *= await reader.u32();
    reader.skip(nameLength);
    reader.skip(Math.ceil(values / block[1]) * block[0]);
    tensors++;
  }
  return tensors === 0 ? 'it has a header but no weights' : undefined;
}

class Truncated extends Error {}

/** Reads numbers through a small window, since most of a file is skipped. */
class Reader {
  position = 0;
  part = 'the magic';
  #window = Buffer.alloc(0);
  #start = 0;

  constructor(
    private readonly handle: FileHandle,
    private readonly size: number,
  ) {}

  async u32(): Promise<number> {
    const from = this.position;
    this.skip(4);
    if (from < this.#start || this.position > this.#start + this.#window.length) {
      const block = Buffer.alloc(Math.min(1 << 16, this.size - from));
      const { bytesRead } = await this.handle.read(block, 0, block.length, from);
      if (bytesRead < 4) throw new Truncated(this.part);
      this.#window = block.subarray(0, bytesRead);
      this.#start = from;
    }
    return this.#window.readUInt32LE(from - this.#start);
  }

  skip(bytes: number): void {
    if (this.position + bytes > this.size) throw new Truncated(this.part);
    this.position += bytes;
  }
}
