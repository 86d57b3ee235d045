// A program that uses the store: started by tests with what to do. It says what it does on stdout, a line each.
import { closeSync, openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import Sqlite from 'libsql';
import { listJobs, resetCache, Store } from '../../lib/cache/index.js';

const [what, folder = '', ...rest] = process.argv.slice(2);
const say = (line: string) => process.stdout.write(`${line}\n`);

process.on('warning', (warning: Error & { code?: string }) => say(`warning ${warning.code}`));

const open = async () => (await Store.open(folder, 'write')) as Store;
const begin = (store: Store, request: string) =>
  store.begin({ kind: 'transcribe', request, fingerprint: 'same', options: {}, models: {} });

/** Computes what nobody else has or is about to have, until all of it is there. */
async function work(count: number, milliseconds: number) {
  const store = await open();
  const run = await begin(store, 'work');
  const keys = Array.from({ length: count }, (_, index) => `key ${index}`);
  await run.plan(
    keys.map((key, index) => ({
      index,
      key,
      begin: index,
      end: index + 1,
      ownedBegin: index,
      ownedEnd: index + 1,
      endsInSpeech: false,
    })),
  );
  let left = keys;
  while (left.length > 0) {
    const later: string[] = [];
    for (const key of left) {
      const { found, ours } = await store.claim([key], run);
      if (found.has(key)) await run.uses([key]);
      else if (!ours.has(key)) later.push(key);
      else {
        await sleep(Math.random() * milliseconds);
        await store.put([{ key, kind: 'chunk', value: Buffer.from(`text of ${key}`) }], run);
        say(`computed ${key}`);
      }
    }
    left = later;
    if (left.length > 0) await sleep(10);
  }
  await run.end('done', { content: 'same', outcome: 'all' });
  await store.close();
  say('done');
}

/** Takes a key and keeps it until it is killed. */
async function hold(key: string) {
  const store = await open();
  const run = await begin(store, 'hold');
  await store.put([{ key: `before ${key}`, kind: 'chunk', value: Buffer.from('kept') }], run);
  await store.claim([key], run);
  run.onCancel(() => void run.end('cancelled').then(() => process.exit(7)));
  say(`job ${run.job}`);
  say('go');
  await sleep(120_000);
}

/** Locks the database so that nobody else can write. */
async function lock(milliseconds: number) {
  const sql = new Sqlite(`${folder}/cache/hearken.db`);
  sql.exec('BEGIN IMMEDIATE');
  say('go');
  await sleep(milliseconds);
  sql.exec('COMMIT');
}

/** Writes over all but the first pages, as a broken disk or program does. */
function overwrite(size: number) {
  const file = openSync(`${folder}/cache/hearken.db`, 'r+');
  writeSync(file, Buffer.alloc(size - 4096, 0x55), 0, size - 4096, 4096);
  closeSync(file);
}

async function put(key: string) {
  const store = await open();
  const run = await begin(store, key);
  await store.put([{ key, kind: 'chunk', value: Buffer.from(key) }], run);
  await run.end('done');
  await store.close();
  say('done');
}

/** What a user without rights gets. The modules are loaded first: these may lie where that user can't read them. */
async function nobody(user: number) {
  process.setgroups?.([]);
  process.setegid?.(user);
  process.seteuid?.(user);
  const attempt = async (name: string, action: () => Promise<unknown>) =>
    say(
      `${name} ${await action().then(
        () => 'went well',
        (error) => `${error.name} ${error.code} ${error.message}`,
      )}`,
    );
  await attempt('open', open);
  await attempt('list', () => listJobs({ dataDir: folder }));
}

const programs: Record<string, () => Promise<void>> = {
  work: () => work(Number(rest[0]), Number(rest[1])),
  hold: () => hold(rest[0] as string),
  lock: () => lock(Number(rest[0])),
  overwrite: async () => overwrite(Number(rest[0])),
  put: () => put(rest[0] as string),
  nobody: async () => {
    await import('libsql');
    await nobody(Number(rest[0]));
  },
  reset: async () => {
    say(`backup ${(await resetCache({ dataDir: folder })).backup}`);
  },
  /** Opens, begins, and has nothing more to do: it must end by itself. */
  idle: async () => {
    await begin(await open(), 'idle');
    say('idle');
  },
  open: async () => {
    await open().catch((error) => say(`${error.name} ${error.code} ${error.message}`));
  },
};

await programs[what as string]?.();
