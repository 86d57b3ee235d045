import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';
import Sqlite from 'libsql';
import { type Entry, type JobStart, type PlanRow, Store } from '../../lib/cache/index.js';
import type { HearkenErrorCode } from '../../lib/errors.js';

/** A process id that is free: ids end far below this on every system. */
export const DEAD = 2 ** 30;

export const databaseOf = (folder: string): string => join(folder, 'cache', 'hearken.db');

/** What lies beside the database, without it and its log. */
export const besides = (folder: string): string[] =>
  existsSync(join(folder, 'cache'))
    ? readdirSync(join(folder, 'cache'))
        .filter((name) => !/^hearken\.db(-wal|-shm)?$/.test(name) && !/Z(-\d+)?-(wal|shm)$/.test(name))
        .sort()
    : [];

export async function openStore(t: ExecutionContext, folder: string): Promise<Store> {
  const store = (await Store.open(folder, 'write')) as Store;
  t.teardown(() => store.close());
  return store;
}

export const start = (request: string, more: Partial<JobStart> = {}): JobStart => ({
  kind: 'transcribe',
  request,
  options: {},
  models: {},
  ...more,
});

export const entry = (key: string, text = `text of ${key}`, kind: Entry['kind'] = 'chunk'): Entry => ({
  key,
  kind,
  value: Buffer.from(text),
});

export const planRow = (index: number, key: string): PlanRow => ({
  index,
  key,
  begin: index * 100,
  end: index * 100 + 110,
  ownedBegin: index * 100,
  ownedEnd: index * 100 + 100,
  endsInSpeech: index % 2 === 1,
});

/** A job that has been finished, with entries of so many bytes. */
export async function finishJob(store: Store, request: string, keys: readonly string[], bytes = 100): Promise<string> {
  const run = await store.begin(start(request, { content: `content of ${request}` }));
  await run.plan(keys.map((key, index) => planRow(index, key)));
  await store.put(
    keys.map((key) => entry(key, 'x'.repeat(bytes))),
    run,
  );
  await run.end('done', { outcome: { request } });
  return run.job;
}

/** Another connection, as somebody with a database tool has it. */
export function withSql<T>(folder: string, work: (sql: InstanceType<typeof Sqlite>) => T): T {
  const sql = new Sqlite(databaseOf(folder), { timeout: 5_000 } as object);
  try {
    return work(sql);
  } finally {
    sql.close();
  }
}

export async function refused(t: ExecutionContext, work: Promise<unknown>, code: HearkenErrorCode, message: RegExp) {
  const error = await t.throwsAsync(work, undefined, `${code} was expected`);
  t.is((error as { code?: string } | undefined)?.code, code, error?.message);
  t.regex(error?.message ?? '', message);
}

/** Warnings of the cache that this process emits from now on. */
export function warnings(t: ExecutionContext): string[] {
  const seen: string[] = [];
  const listen = (warning: Error & { code?: string }) => {
    if (warning.code === 'HEARKEN_CACHE') seen.push(warning.message);
  };
  process.on('warning', listen);
  t.teardown(() => process.off('warning', listen));
  return seen;
}

const SCRIPT = join(dirname(fileURLToPath(import.meta.url)), 'cache-child.js');

export interface Child {
  process: ChildProcess;
  lines: string[];
  /** Settles when it has said this line. */
  said(line: string): Promise<void>;
  /** Its exit code, or the signal that ended it. */
  ended: Promise<number | NodeJS.Signals | null>;
}

/** Runs cache-child.js, which uses the store as another program would. */
export function child(t: ExecutionContext, args: readonly string[], node: readonly string[] = []): Child {
  const started = spawn(process.execPath, [...node, SCRIPT, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => started.kill('SIGKILL'));
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  let rest = '';
  started.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() as string;
    lines.push(...parts);
    for (const look of waiting) look();
  });
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    started.on('close', (code, signal) => resolve(code ?? signal));
  });
  const said = (line: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (lines.includes(line)) resolve();
      };
      waiting.add(look);
      look();
      void ended.then(() => reject(new Error(`the child ended without "${line}": ${lines.join(' | ')}`)));
    });
  return { process: started, lines, said, ended };
}

export const text = (buffer: Buffer | undefined): string | undefined => buffer?.toString();

export const bytesAt = (path: string): Buffer => readFileSync(path);
