import { mkdir, open, rename, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HearkenError } from '../errors.js';
import { acquireLock, type FileLock } from '../lock.js';
import { isOffline } from './folder.js';
import { structureProblem } from './ggml.js';
import { DownloadError, networkReason, type RangeResponse, requestRange } from './http.js';
import { entryPath, fileSize } from './list.js';
import { unknownName } from './missing.js';
import { PartFile } from './part.js';
import { DEFAULT_BASE_URL, findEntry, type ModelEntry, registry } from './registry.js';
import { verifyFile } from './verify.js';

/** How far a download is. */
export interface PullProgress {
  /** The model's name. */
  name: string;
  /** verify: a file or part that is there is checked; wait: another process downloads it; download: bytes come in. */
  phase: 'verify' | 'wait' | 'download';
  /** Bytes done of this phase's `total`. */
  done: number;
  /** Bytes of this phase in all. */
  total: number;
  /** Where this download continued, in bytes. */
  resumedAt: number;
}

/** How a model is downloaded. */
export interface PullOptions {
  /** Stops it; the promise rejects with ERR_ABORTED, and what has come is there for the next pull. Default: nothing does. */
  signal?: AbortSignal;
  /** Called as bytes come. */
  onProgress?: (progress: PullProgress) => void;
  /** Never open a connection: a model that is not here is ERR_MODEL_OFFLINE. Default: false, or true with HEARKEN_OFFLINE=1. */
  offline?: boolean;
  /** Address below which files are fetched. Default: HEARKEN_MODELS_URL, else upstream's repository. */
  baseUrl?: string;
  /** The folder of pulled models. Default: {@link modelsFolder}'s. */
  modelsDir?: string;
  /** @internal The table of models, for tests. */
  entries?: readonly ModelEntry[];
  /** @internal Tries without headway. */
  attempts?: number;
  /** @internal The first pause between them. */
  backoffMs?: number;
  /** @internal The silence after which a connection is given up. */
  stallMs?: number;
}

/** A try that has brought at least this much more than ever before does not count as a failed one. */
const HEADWAY = 1 << 20;

/**
 * Brings a model of the table onto this machine and returns its path. One that is there and whole is not fetched again; one
 * that came with hearken needs no pull. The file gets its name only when its checksum is right; until then it is
 * `<file>.part`, with which an interrupted download continues.
 *
 * @throws HearkenError ERR_MODEL_NOT_FOUND, ERR_MODEL_DOWNLOAD, ERR_MODEL_CHECKSUM, ERR_MODEL_OFFLINE, ERR_ABORTED
 */
export async function pullModel(name: string, options: PullOptions = {}): Promise<string> {
  const entries = options.entries ?? registry();
  const entry = findEntry(name, entries);
  if (!entry) throw unknownName(name, entries);
  const target = entryPath(entry, options.modelsDir);
  try {
    options.signal?.throwIfAborted();
    if (await isWhole(target, entry, options)) return target;
    if (entry.embeddedPath) {
      throw new HearkenError(
        'ERR_MODEL_CHECKSUM',
        `the embedded model ${target} is missing or damaged: reinstall hearken-models`,
      );
    }
    if (isOffline(options.offline)) {
      throw new HearkenError(
        'ERR_MODEL_OFFLINE',
        `the model ${name} is not on this machine and hearken is offline: pull it without --offline and HEARKEN_OFFLINE, or copy ${entry.file} into ${dirname(target)}`,
      );
    }
    const url = addressOf(entry, options.baseUrl);
    await mkdir(dirname(target), { recursive: true });
    const lock = await lockTarget(target, entry, options);
    try {
      if (await isWhole(target, entry, options)) return target; // another process has just finished it
      await download(url, target, entry, options);
      return target;
    } finally {
      await lock.release();
    }
  } catch (error) {
    throw await explained(error, target, entry, options.signal);
  }
}

function addressOf(entry: ModelEntry, baseUrl?: string): URL {
  const base = baseUrl || process.env.HEARKEN_MODELS_URL || entry.baseUrl || DEFAULT_BASE_URL;
  try {
    const url = new URL(`${base.replace(/\/+$/, '')}/${encodeURIComponent(entry.file)}`);
    if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  } catch {}
  throw new HearkenError(
    'ERR_INVALID_ARG',
    `models cannot be fetched from ${JSON.stringify(base)}: give an http or https address`,
  );
}

async function isWhole(target: string, entry: ModelEntry, options: PullOptions): Promise<boolean> {
  if ((await fileSize(target)) !== entry.bytes) return false;
  const report = reporter(entry, options);
  const { ok } = await verifyFile(target, entry, {
    ...(options.signal ? { signal: options.signal } : {}),
    onProgress: (done) => report('verify', done),
  });
  return ok;
}

function lockTarget(target: string, entry: ModelEntry, options: PullOptions): Promise<FileLock> {
  const report = reporter(entry, options);
  return acquireLock(`${target}.lock`, options.signal, () => {
    return fileSize(`${target}.part`).then((size) => report('wait', size ?? 0));
  });
}

/** What a user's callback threw: ends the pull as it is, and is not taken for a broken connection. */
class CallbackFailure {
  constructor(readonly error: unknown) {}
}

function reporter(entry: ModelEntry, options: PullOptions) {
  return (phase: PullProgress['phase'], done: number, resumedAt = 0) => {
    try {
      options.onProgress?.({ name: entry.name, phase, done, total: entry.bytes, resumedAt });
    } catch (error) {
      throw new CallbackFailure(error);
    }
  };
}

/** Fills the part file, checks it, and gives it its name. */
async function download(url: URL, target: string, entry: ModelEntry, options: PullOptions): Promise<void> {
  const report = reporter(entry, options);
  const part = await PartFile.open(`${target}.part`, entry, options.signal, (done) => report('verify', done));
  try {
    await requireSpace(dirname(target), entry.bytes - part.length);
    for (;;) {
      const { inherited } = part;
      await fill(part, url, entry, options);
      const actual = part.digest();
      if (!entry.sha1 || actual === entry.sha1) break;
      if (!inherited) {
        await part.discard();
        throw new HearkenError(
          'ERR_MODEL_CHECKSUM',
          `what ${url.href} sent has the SHA-1 ${actual} where ${entry.name} has ${entry.sha1}; nothing was kept. Pull again; if it stays, the file on the server is another`,
        );
      }
      // The part of an earlier run may be damaged or of another version of the file: once more, from the start.
      await part.reset();
    }
    await part.sync();
    await part.close();
    const problem = entry.sha1 ? undefined : await structureProblem(part.path, entry.kind);
    if (problem) {
      await part.discard();
      throw new HearkenError(
        'ERR_MODEL_CHECKSUM',
        `what ${url.href} sent is not a whole ggml model: ${problem}; nothing was kept`,
      );
    }
    await rename(part.path, target);
    await syncFolder(dirname(target));
  } finally {
    await part.close();
  }
}

/** Requests until the part has all bytes; gives up after some tries in a row that brought no headway. */
async function fill(part: PartFile, url: URL, entry: ModelEntry, options: PullOptions): Promise<void> {
  const attempts = options.attempts ?? 5;
  let failures = 0;
  let best = part.length;
  while (part.length < entry.bytes) {
    try {
      await receive(part, url, entry, options);
    } catch (error) {
      const transient = error instanceof DownloadError && error.transient;
      if (!transient || options.signal?.aborted) throw error;
      if (part.length >= best + HEADWAY) {
        best = part.length;
        failures = 0;
      }
      if (++failures >= attempts) {
        throw new DownloadError(`${error.message}; gave up after ${attempts} tries`, false, { cause: error });
      }
      const pause = (options.backoffMs ?? 500) * 2 ** (failures - 1) * (0.75 + Math.random() / 2);
      await sleep(
        Math.min(error.retryAfterMs ?? pause, 30_000),
        undefined,
        options.signal ? { signal: options.signal } : {},
      );
    }
  }
}

/** One request and what it brings. */
async function receive(part: PartFile, url: URL, entry: ModelEntry, options: PullOptions): Promise<void> {
  const report = reporter(entry, options);
  const stall = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stall.signal]) : stall.signal;
  const stallMs = options.stallMs ?? 60_000;
  const stalled = new DownloadError(`${url.host} has sent nothing for ${Math.round(stallMs / 1000)} s`, true);
  const timer = setTimeout(() => stall.abort(stalled), stallMs);
  let response: RangeResponse | undefined;
  try {
    response = await requestRange(url, part.length, part.etag, signal);
    if (response.kind === 'beyond') {
      await part.reset();
      throw new DownloadError(`${url.href} has fewer bytes than the part that was kept; starting anew`, true);
    }
    if (response.total !== undefined && response.total !== entry.bytes) {
      throw new HearkenError(
        'ERR_MODEL_CHECKSUM',
        `${url.href} has ${response.total} bytes where ${entry.name} has ${entry.bytes}: it is another file`,
      );
    }
    if (response.kind === 'whole' && part.length > 0) await part.reset();
    part.etag = response.etag;
    const resumedAt = part.length;
    report('download', part.length, resumedAt);
    for await (const bytes of response.body) {
      timer.refresh();
      await part.append(bytes, url.href);
      report('download', part.length, resumedAt);
    }
    if (part.length < entry.bytes) throw new DownloadError(cut(url, part, entry, 'the end of the response'), true);
  } catch (error) {
    await response?.cancel();
    options.signal?.throwIfAborted();
    if (stall.signal.aborted) throw stalled;
    const ours = error instanceof HearkenError || error instanceof CallbackFailure;
    if (ours || (error as NodeJS.ErrnoException).syscall === 'write') throw error;
    throw new DownloadError(cut(url, part, entry, networkReason(error)), true, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

function cut(url: URL, part: PartFile, entry: ModelEntry, reason: string): string {
  return `the connection to ${url.host} broke after ${part.length} of ${entry.bytes} bytes (${reason})`;
}

async function requireSpace(folder: string, bytes: number): Promise<void> {
  const info = await statfs(folder).catch(() => undefined); // not every file system tells
  const free = info && info.bavail * info.bsize;
  if (free !== undefined && free < bytes) {
    const megabytes = (n: number) => `${Math.ceil(n / 1e6)} MB`;
    throw new HearkenError(
      'ERR_MODEL_DOWNLOAD',
      `${folder} has ${megabytes(free)} free and ${megabytes(bytes)} are needed: make room, or name another folder with HEARKEN_MODELS_DIR`,
    );
  }
}

/** Makes the new name survive a power failure; Windows cannot open folders and needs nothing. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch {}
}

async function explained(error: unknown, target: string, entry: ModelEntry, signal?: AbortSignal): Promise<unknown> {
  if (signal?.aborted) {
    const kept = await fileSize(`${target}.part`);
    const note = kept
      ? `; ${kept} of ${entry.bytes} bytes are kept in ${target}.part, and the next pull continues there`
      : '';
    return new HearkenError('ERR_ABORTED', `the download of ${entry.name} was stopped${note}`, {
      cause: signal.reason,
    });
  }
  if (error instanceof CallbackFailure) return error.error;
  if (error instanceof HearkenError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const hint = code === 'ENOSPC' ? 'make room' : 'check the folder, or name another with HEARKEN_MODELS_DIR';
  return new HearkenError('ERR_MODEL_DOWNLOAD', `cannot write ${target} (${code ?? message}): ${hint}`, {
    cause: error,
  });
}
