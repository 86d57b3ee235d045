import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The parts of a ggml Whisper file, so that each can be spoilt on its own. */
export interface ModelFile {
  /** Magic number and eleven fields of 32 bits. */
  header: Buffer;
  mels: Buffer;
  /** Count, then each token with its length. */
  vocabulary: Buffer;
  tensors: TensorRecord[];
}

export interface TensorRecord {
  name: Buffer;
  nameLength: number;
  dimensions: number;
  shape: number[];
  type: number;
  data: Buffer;
}

const HEADER = 48;

export function parseModel(path: string): ModelFile {
  const file = readFileSync(path);
  let at = HEADER;
  const mels = file.subarray(at, at + 8 + 4 * file.readInt32LE(at) * file.readInt32LE(at + 4));
  at += mels.length;
  const from = at;
  const tokens = file.readInt32LE(at);
  at += 4;
  for (let i = 0; i < tokens; i++) at += 4 + file.readUInt32LE(at);
  const vocabulary = file.subarray(from, at);
  const tensors: TensorRecord[] = [];
  while (at < file.length) {
    const dimensions = file.readInt32LE(at);
    const nameLength = file.readInt32LE(at + 4);
    const type = file.readInt32LE(at + 8);
    at += 12;
    const shape = Array.from({ length: dimensions }, (_, i) => file.readInt32LE(at + 4 * i));
    at += 4 * dimensions;
    const name = file.subarray(at, at + nameLength);
    at += nameLength;
    const elements = shape.reduce((product, n) => product * n, 1);
    const bytes = type === 0 ? 4 * elements : type === 1 ? 2 * elements : (elements / 32) * 34; // f32, f16, q8_0
    tensors.push({ name, nameLength, dimensions, shape, type, data: file.subarray(at, at + bytes) });
    at += bytes;
  }
  return { header: file.subarray(0, HEADER), mels, vocabulary, tensors };
}

const int32 = (...values: number[]): Buffer => Buffer.from(Int32Array.from(values).buffer);

export function tensorBytes(tensor: TensorRecord): Buffer {
  const { dimensions, nameLength, type, shape, name, data } = tensor;
  return Buffer.concat([int32(dimensions, nameLength, type), int32(...shape), name, data]);
}

export function modelBytes({ header, mels, vocabulary, tensors }: ModelFile): Buffer {
  return Buffer.concat([header, mels, vocabulary, ...tensors.map(tensorBytes)]);
}

/** A temporary folder for spoilt files, which goes with the test process. */
export function scratchFolder(): { write(name: string, bytes: Uint8Array | string): string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'hearken-test-'));
  return {
    write(name, bytes) {
      const path = join(folder, name);
      writeFileSync(path, bytes);
      return path;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
