import { randomUUID } from 'node:crypto';
import { link, open, readFile, rename, stat, unlink, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from './alive.js';

// One process does something (downloads a file, moves a database aside) while others wait for it. The lock is a file made with
// O_EXCL that names its holder. A holder that died is known by its process id, or (another machine on a shared folder, a reused
// id) by a heartbeat that stopped. Should two processes ever hold it in spite of this, nothing may break: two downloads write the
// same bytes to the same offsets, and who moves a file aside looks once more whether it is still the same one.

const POLL_MS = 200;
const HEARTBEAT_MS = 10_000;
const STALE_MS = 60_000;

export interface FileLock {
  /** Whether another process held it first. */
  readonly waited: boolean;
  release(): Promise<void>;
}

/** Waits for the lock file and takes it. Rejects with the signal's reason when aborted. */
export async function acquireLock(path: string, signal?: AbortSignal, onWait?: () => Promise<void>): Promise<FileLock> {
  const token = JSON.stringify({ pid: process.pid, host: hostname(), id: randomUUID() });
  let waited = false;
  for (;;) {
    signal?.throwIfAborted();
    if (await create(path, token)) return held(path, token, waited);
    const holder = await readFile(path, 'utf8').catch(() => undefined);
    if (holder === undefined) continue; // released in between
    if (await isStale(path, holder)) {
      await remove(path, holder);
      continue;
    }
    waited = true;
    await onWait?.();
    await sleep(POLL_MS, undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted());
  }
}

/** Removes the lock of a holder that is gone; of one that is not, nothing. */
export async function removeStaleLock(path: string): Promise<void> {
  const holder = await readFile(path, 'utf8').catch(() => undefined);
  if (holder !== undefined && (await isStale(path, holder))) await remove(path, holder);
}

async function create(path: string, token: string): Promise<boolean> {
  try {
    const handle = await open(path, 'wx');
    try {
      await handle.writeFile(token);
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function held(path: string, token: string, waited: boolean): FileLock {
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {});
  }, HEARTBEAT_MS);
  heartbeat.unref();
  return {
    waited,
    async release() {
      clearInterval(heartbeat);
      const holder = await readFile(path, 'utf8').catch(() => undefined);
      if (holder === token) await unlink(path).catch(() => {});
    },
  };
}

async function isStale(path: string, holder: string): Promise<boolean> {
  const info = await stat(path).catch(() => undefined);
  if (!info) return false;
  const silentMs = Date.now() - info.mtimeMs;
  if (silentMs > STALE_MS) return true;
  try {
    const { pid, host } = JSON.parse(holder) as { pid: number; host: string };
    return host === hostname() && !isAlive(pid);
  } catch {
    // The holder has made the file and not yet written its name; one that died there leaves an empty file for good.
    return silentMs > 2_000;
  }
}

/** Removes the lock of a holder that is gone, unless somebody else has done so and taken it since. */
async function remove(path: string, holder: string): Promise<void> {
  const aside = `${path}.${process.pid}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  const taken = await readFile(aside, 'utf8').catch(() => holder);
  if (taken !== holder) await link(aside, path).catch(() => {}); // it was a live one: put it back
  await unlink(aside).catch(() => {});
}
