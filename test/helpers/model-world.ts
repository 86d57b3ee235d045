import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { HearkenError, type HearkenErrorCode } from '../../lib/errors.js';
import { type PullOptions, pullModel } from '../../lib/models/index.js';
import { entryOf, fakeModel, type Handler, type ModelServer, startServer } from './model-server.js';

// What the tests of downloads share. They compare contents with equals(): deepEqual() of a megabyte blocks the event loop,
// and with it the servers, for seconds.

export const content = fakeModel();
/** The same size, other weights. */
export const other = fakeModel(300_000, 2);
export const entry = entryOf(content);

/** A folder of this test file, removed in the end. */
export const base = mkdtempSync(join(tmpdir(), 'hearken-pull-'));
test.after.always(() => rmSync(base, { recursive: true, force: true }));

export interface World {
  server: ModelServer;
  dir: string;
  target: string;
  pull(options?: PullOptions): Promise<string>;
}

/** A server, an empty models folder, and a pull between the two that does not wait long between its tries. */
export async function world(t: ExecutionContext, handler: Handler): Promise<World> {
  const server = await startServer(handler);
  t.teardown(() => server.close());
  const dir = mkdtempSync(join(base, 'models-'));
  return {
    server,
    dir,
    target: join(dir, 'ggml-fake.bin'),
    pull: (options = {}) =>
      pullModel('fake', {
        baseUrl: server.url,
        modelsDir: dir,
        entries: [entry],
        backoffMs: 5,
        attempts: 3,
        offline: false,
        ...options,
      }),
  };
}

export async function refused(
  t: ExecutionContext,
  promise: Promise<unknown>,
  code: HearkenErrorCode,
): Promise<HearkenError> {
  const error = await t.throwsAsync(promise, { instanceOf: HearkenError });
  t.is(error?.code, code, error?.message);
  return error as HearkenError;
}

/** The first handlers in turn, then the last for good. */
export const inTurn =
  (...handlers: Handler[]): Handler =>
  (request, response, n) =>
    handlers[Math.min(n, handlers.length) - 1]?.(request, response, n);

export const status =
  (code: number, headers: Record<string, string> = {}, body = ''): Handler =>
  (_, response) => {
    response.writeHead(code, headers).end(body);
  };
