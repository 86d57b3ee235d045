import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import Database from 'libsql';
import { binding } from '../../lib/binding.js';
import { cacheInfo, listJobs, type TranscribeOptions, transcribe } from '../../lib/index.js';
import { assertIdle } from '../helpers/engine.js';
import { folder } from '../helpers/folder.js';
import { conversationSamples, RATE } from '../helpers/speech.js';
import { writeWav } from '../helpers/wav.js';

// A cache that can't be used, or lies: the transcript is right all the same, and who reads stderr knows why it took its time.

test.afterEach.always((t) => assertIdle(t));

const root = mkdtempSync(join(tmpdir(), 'hearken-test-'));
test.after.always(() => rmSync(root, { recursive: true }));
chmodSync(root, 0o755); // one test is somebody else
/** Three chunks. */
const TALK = writeWav(join(root, 'talk.wav'), conversationSamples().subarray(0, 20 * RATE));

const OPTIONS: TranscribeOptions = { chunkSizeSeconds: 8, maxWorkers: 2, diarize: false, cache: true };

let expected: string | undefined;
async function right(): Promise<string> {
  expected ??= (await transcribe(TALK, { ...OPTIONS, cache: false })).format('json');
  return expected;
}

/** Warnings about the cache while something runs. */
async function warned(work: () => Promise<unknown>): Promise<string[]> {
  const messages: string[] = [];
  const listen = (warning: Error & { code?: string }) => {
    if (warning.code === 'HEARKEN_CACHE') messages.push(warning.message);
  };
  process.on('warning', listen);
  await work();
  await new Promise((resolve) => setImmediate(resolve));
  process.removeListener('warning', listen);
  return messages;
}

async function transcribed(dataDir: string): Promise<{ json: string; decodes: number }> {
  const before = binding().counters().decodes;
  const result = await transcribe(TALK, { ...OPTIONS, dataDir });
  return { json: result.format('json'), decodes: binding().counters().decodes - before };
}

/** A file system of its own, so small that it is soon full; undefined where this user may not mount. */
function smallDisk(t: ExecutionContext, kilobytes: number): string | undefined {
  const path = join(folder(t), 'disk');
  mkdirSync(path);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', path]).status !== 0) return undefined;
  t.teardown(() => spawnSync('umount', ['-l', path]));
  return path;
}

test.serial('a disk that is full from the beginning, or becomes so in the middle', async (t) => {
  for (const kilobytes of [8, 100, 130]) {
    const disk = smallDisk(t, kilobytes);
    if (!disk) return t.pass('no file system can be mounted here');
    let done: Awaited<ReturnType<typeof transcribed>> | undefined;
    const messages = await warned(async () => {
      done = await transcribed(disk);
    });
    t.is(done?.json, await right(), `${kilobytes} kB`);
    t.is(messages.length, 1, `${kilobytes} kB: ${messages}`);
    t.regex(messages[0] ?? '', /full|space/i);
    // What was kept before is of use, and where nothing can be written there is no harm.
    const again = await transcribed(disk);
    t.is(again.json, await right());
  }
});

test.serial('a folder that is read-only, or no folder at all', async (t) => {
  const disk = smallDisk(t, 4000);
  if (disk) {
    spawnSync('mount', ['-o', 'remount,ro', disk]);
    const messages = await warned(async () => t.is((await transcribed(disk)).json, await right()));
    t.is(messages.length, 1);
    t.regex(messages[0] ?? '', /read-only|EROFS/i);
  }
  const file = join(folder(t), 'a file');
  writeFileSync(file, 'x');
  const messages = await warned(async () => t.is((await transcribed(file)).json, await right()));
  t.is(messages.length, 1);
  t.is(readFileSync(file, 'utf8'), 'x');
});

test.serial('a chunk that was altered by hand is computed again; so is one that is gone', async (t) => {
  const dataDir = folder(t);
  const first = await transcribed(dataDir);
  const alter = (sql: string) => {
    const database = new Database(join(dataDir, 'cache', 'hearken.db'), { timeout: 5000 });
    const { changes } = database.prepare(sql).run();
    database.close();
    return changes;
  };
  const some = "SELECT key FROM entries WHERE kind = 'chunk' ORDER BY key LIMIT 1";
  t.is(alter(`UPDATE entries SET value = replace(value, 'e', 'a') WHERE key IN (${some})`), 1);
  const second = await transcribed(dataDir);
  t.deepEqual([second.json, second.decodes], [await right(), 1]);
  t.is(alter(`DELETE FROM entries WHERE key IN (${some} OFFSET 1)`), 1);
  const third = await transcribed(dataDir);
  t.deepEqual([third.json, third.decodes], [await right(), 1]);
  t.true(alter("UPDATE entries SET value = 'x', checksum = 'y'") >= first.decodes);
  const fourth = await transcribed(dataDir);
  t.deepEqual([fourth.json, fourth.decodes], [await right(), first.decodes]);
  // Another chunk's text under this key, with the checksum that was right for it there.
  const swapped = alter(
    "UPDATE entries SET (value, checksum) = (SELECT value, checksum FROM entries WHERE kind = 'chunk' ORDER BY key LIMIT 1) WHERE kind = 'chunk'",
  );
  t.is(swapped, first.decodes);
  t.is((await transcribed(dataDir)).json, await right());
  // And the plan: a chunk where none was.
  t.true(alter('UPDATE plans SET begins = begins + 16000, ends = ends + 16000 WHERE number = 1') === 1);
  t.is((await transcribed(dataDir)).json, await right());
  t.is((await transcribed(dataDir)).decodes, 0);
});

test.serial('a database that is garbage is moved aside, and the work is done and kept in a new one', async (t) => {
  const dataDir = folder(t);
  await transcribed(dataDir);
  writeFileSync(join(dataDir, 'cache', 'hearken.db'), Buffer.alloc(50_000, 'garbage '));
  const messages = await warned(async () => t.is((await transcribed(dataDir)).json, await right()));
  t.is(messages.length, 1);
  const { backups } = await cacheInfo({ dataDir });
  t.is(backups.length, 1);
  t.true(messages[0]?.includes((backups[0] as { path: string }).path));
  t.is((await transcribed(dataDir)).decodes, 0);
  t.is((await listJobs({ dataDir })).length, 1);
});

test.serial('a database that refuses for a reason that nobody has thought of', async (t) => {
  const dataDir = folder(t);
  await transcribed(dataDir);
  const database = new Database(join(dataDir, 'cache', 'hearken.db'), { timeout: 5000 });
  database.exec("DELETE FROM entries; CREATE TRIGGER no BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'no'); END");
  database.close();
  const messages = await warned(async () => t.is((await transcribed(dataDir)).json, await right()));
  t.is(messages.length, 1);
  t.regex(messages[0] ?? '', /hearken\.db: no/);
});

test.serial('a locked database: the job waits for no more than its patience, then goes on without', async (t) => {
  const dataDir = folder(t);
  await transcribed(dataDir);
  const { limits } = await import('../../lib/cache/database.js');
  const patience = limits.busyMs;
  limits.busyMs = 200;
  const database = new Database(join(dataDir, 'cache', 'hearken.db'));
  database.exec('BEGIN EXCLUSIVE');
  try {
    const messages = await warned(async () => {
      const before = binding().counters().decodes;
      const result = await transcribe(TALK, { ...OPTIONS, dataDir, beamSize: 2 });
      t.true(binding().counters().decodes > before);
      t.true(result.segments.length > 3);
    });
    t.is(messages.length, 1);
    t.regex(messages[0] ?? '', /locked/);
  } finally {
    limits.busyMs = patience;
    database.exec('ROLLBACK');
    database.close();
  }
  t.is((await transcribed(dataDir)).decodes, 0);
});

test.serial('a folder of somebody else', async (t) => {
  if (process.getuid?.() !== 0) return t.pass('only root can be somebody else');
  const dataDir = folder(t);
  await transcribed(dataDir);
  chmodSync(join(dataDir, 'cache'), 0o700);
  const script = `
    import { transcribe, listJobs } from ${JSON.stringify(new URL('../../lib/index.js', import.meta.url).href)};
    const result = await transcribe(process.argv[1], ${JSON.stringify({ ...OPTIONS, dataDir })});
    console.log(result.format('json').trim());
    await listJobs({ dataDir: ${JSON.stringify(dataDir)} }).catch((error) => console.error('list', error.code));
  `;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script, TALK], {
    uid: 65534,
    gid: 65534,
    encoding: 'utf8',
    env: { ...process.env, HOME: '/nonexistent' },
  });
  if (/EACCES.*(lib|node_modules)|Cannot find module/.test(stderr))
    return t.pass('this checkout is not readable for others');
  t.is(status, 0, stderr);
  t.is(stdout.trim(), (await right()).trim());
  t.regex(stderr, /HEARKEN_CACHE|ERR_CACHE_ACCESS/);
  t.regex(stderr, /list ERR_CACHE_ACCESS/);
});
