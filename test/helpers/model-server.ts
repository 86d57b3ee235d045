import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ModelEntry } from '../../lib/models/registry.js';

/** What a test's server does with the n-th request, counted from 1. */
export type Handler = (request: IncomingMessage, response: ServerResponse, n: number) => void;

export interface ModelServer {
  url: string;
  /** Connections opened, and the Range header of every request. */
  connections: number;
  ranges: (string | undefined)[];
  requests: IncomingMessage[];
  close(): Promise<void>;
}

/** A server on the loopback interface that remembers what it was asked. */
export async function startServer(handler: Handler): Promise<ModelServer> {
  const http = createServer((request, response) => {
    state.ranges.push(request.headers.range);
    state.requests.push(request);
    handler(request, response, state.ranges.length);
  });
  const state: ModelServer = {
    url: '',
    connections: 0,
    ranges: [],
    requests: [],
    async close() {
      http.closeAllConnections();
      http.close();
      await once(http, 'close');
    },
  };
  http.on('connection', () => {
    state.connections++;
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  state.url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return state;
}

/** Serves the content as a static file server does, with ranges and If-Range. */
export function serve(content: Buffer, etag = '"v1"'): Handler {
  return (request, response) => {
    const from = rangeStart(request, etag);
    if (from !== undefined && from >= content.length) {
      response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
      return;
    }
    head(response, content, from, etag);
    response.end(content.subarray(from ?? 0));
  };
}

/** Sends a stretch of what was asked for and then destroys the connection. */
export function cutAfter(content: Buffer, bytes: number, etag = '"v1"'): Handler {
  return (request, response) => {
    const from = rangeStart(request, etag);
    head(response, content, from, etag);
    response.write(content.subarray(from ?? 0, (from ?? 0) + bytes), () => {
      setTimeout(() => response.destroy(), 50);
    });
  };
}

/** Sends a stretch and then nothing more, with the connection open. */
export function hangAfter(content: Buffer, bytes: number, etag = '"v1"'): Handler {
  return (request, response) => {
    const from = rangeStart(request, etag);
    head(response, content, from, etag);
    response.write(content.subarray(from ?? 0, (from ?? 0) + bytes));
  };
}

function rangeStart(request: IncomingMessage, etag: string): number | undefined {
  const from = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
  const other = request.headers['if-range'] !== undefined && request.headers['if-range'] !== etag;
  return from === undefined || other ? undefined : Number(from);
}

function head(response: ServerResponse, content: Buffer, from: number | undefined, etag: string): void {
  const common = { etag, 'content-type': 'application/octet-stream' };
  if (from === undefined) response.writeHead(200, { ...common, 'content-length': content.length });
  else {
    const range = `bytes ${from}-${content.length - 1}/${content.length}`;
    response.writeHead(206, { ...common, 'content-length': content.length - from, 'content-range': range });
  }
}

/** A small file with the structure of a ggml Whisper model; other seeds give other weights of the same size. */
export function fakeModel(values = 300_000, seed = 1): Buffer {
  const u32 = (...numbers: number[]) => {
    const buffer = Buffer.alloc(numbers.length * 4);
    numbers.forEach((n, i) => {
      buffer.writeUInt32LE(n, i * 4);
    });
    return buffer;
  };
  const weights = Buffer.alloc(values * 4);
  let state = seed;
  for (let i = 0; i < weights.length; i += 4) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    weights.writeUInt32LE(state, i);
  }
  return Buffer.concat([
    u32(0x67676d6c, 51864, 1500, 384, 6, 4, 448, 384, 6, 4, 80, 1),
    u32(1, 2, 0, 0), // mel filters: 1 × 2 floats
    u32(2, 1),
    Buffer.from('a'),
    u32(3),
    Buffer.from('the'),
    u32(1, 4, 0, values), // a tensor: one dimension, four letters of name, f32
    Buffer.from('test'),
    weights,
  ]);
}

/** The table's entry of some content. */
export function entryOf(content: Buffer, changes: Partial<ModelEntry> = {}): ModelEntry {
  return {
    name: 'fake',
    file: 'ggml-fake.bin',
    kind: 'whisper',
    multilingual: false,
    quantization: 'f32',
    bytes: content.length,
    sha1: createHash('sha1').update(content).digest('hex'),
    licence: 'MIT',
    ...changes,
  };
}

/** The same without a checksum, as upstream has some files. */
export function withoutSum(entry: ModelEntry): ModelEntry {
  const { sha1: _, ...rest } = entry;
  return rest;
}
