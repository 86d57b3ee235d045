import { randomBytes } from 'node:crypto';
import { type FileHandle, lstat, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { isAlive } from './alive.js';
import { HearkenError } from './errors.js';

/**
 * Writes a file whole or not at all: readers never see half of it, and a failure leaves what was there before. What is not a
 * regular file (a device, a pipe) is written to directly, since a rename would replace it.
 */
export async function saveAtomically(path: string, text: string): Promise<void> {
  try {
    const present = await stat(path).catch(ignoreMissing);
    if (present?.isDirectory()) throw new Error('it is a folder: give a file name in it');
    if (path === '' || path.endsWith('/') || path.endsWith(sep)) throw new Error('it names a folder, not a file');
    if (present && !present.isFile()) return await writeTo(path, text);
    // A link stays a link: what it points to is replaced.
    const link = present ? undefined : await lstat(path).catch(ignoreMissing);
    if (link) throw new Error('it is a link to something that does not exist');
    await replace(present ? await realpath(path) : path, text, present ? present.mode & 0o777 : undefined);
  } catch (cause) {
    throw new HearkenError('ERR_OUTPUT', `cannot write ${path}: ${explain(cause, path)}`, { cause });
  }
}

async function replace(path: string, text: string, mode: number | undefined): Promise<void> {
  // In the same folder, for a rename cannot cross file systems; short, for the name beside it may already be the longest allowed.
  const folder = dirname(path);
  await removeLeftovers(folder);
  const temporary = join(folder, `.hearken-${process.pid}-${randomBytes(8).toString('hex')}.tmp`);
  const file = await open(temporary, 'wx');
  try {
    try {
      // Not every file system has modes.
      if (mode !== undefined) await file.chmod(mode).catch(() => {});
      await file.writeFile(text, 'utf8');
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

/** Folders that this process has looked through. */
const tidy = new Set<string>();
const YOUNG_MS = 60_000;

/** Removes temporary files of processes that were killed; young ones may be another machine's, in a shared folder. */
async function removeLeftovers(folder: string): Promise<void> {
  if (tidy.has(folder)) return;
  tidy.add(folder);
  for (const name of await readdir(folder).catch((): string[] => [])) {
    const pid = /^\.hearken-(\d+)-[0-9a-f]{16}\.tmp$/.exec(name)?.[1];
    if (!pid || isAlive(Number(pid))) continue;
    const path = join(folder, name);
    const info = await stat(path).catch(() => undefined);
    if (info && Date.now() - info.mtimeMs > YOUNG_MS) await rm(path, { force: true }).catch(() => {});
  }
}

async function writeTo(path: string, text: string): Promise<void> {
  const file: FileHandle = await open(path, 'w');
  try {
    await file.writeFile(text, 'utf8');
  } finally {
    await file.close();
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}

/** What an errno means here; Node's own message would name the temporary file. */
function explain(error: unknown, path: string): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const folder = dirname(path);
  switch (code) {
    case 'ENOENT':
      return `the folder ${folder} does not exist`;
    case 'ENOTDIR':
      return `${folder} is not a folder`;
    case 'EACCES':
    case 'EPERM':
      return `no permission to write in ${folder} (${code})`;
    case 'EROFS':
      return `${folder} is on a read-only file system (EROFS)`;
    case 'ENOSPC':
    case 'EDQUOT':
      return `no space left (${code})`;
    case 'ENAMETOOLONG':
      return `the name ${basename(path).slice(0, 40)}… is too long`;
    default:
      return message;
  }
}
