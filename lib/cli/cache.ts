import { createInterface } from 'node:readline';
import { Command } from 'commander';
import type { CacheCleanup, CacheInfo, CleanOptions, StoreOptions } from '../cache/types.js';
import { dataDirOption, MOST_MEGABYTES } from './cache-flags.js';
import { given } from './flags.js';
import { type CliIO, EXIT, printable, UsageError } from './io.js';
import { jobsTable } from './jobs-text.js';
import { number, parseDuration } from './parse.js';
import { answering } from './run.js';
import { columns, counted, jsonText, print, remark, sizeText } from './text.js';

interface Flags {
  json?: boolean;
  dataDir?: string;
  keep?: number;
  maxSize?: number;
  olderThan?: number;
  dryRun?: boolean;
  yes?: boolean;
}

const HELP = `
What is kept is what hearken computed: texts of pieces of audio, who speaks in them, and of which files. Audio is not kept.
It is in HEARKEN_DATA_DIR, by default in the system's folder for application data, readable by its user only.`;

const CLEAN_HELP = `
Without --keep, --max-size and --older-than, the 5 most recently used jobs are kept. Of several, each is applied. Jobs that
are running always stay.

Examples:
  hearken cache clean                      all but the 5 most recent jobs
  hearken cache clean --keep 0             everything
  hearken cache clean --older-than 30d --dry-run`;

/** `hearken cache …`; `done` gets the exit code. */
export function cacheCommand(io: CliIO, done: (code: number) => void): Command {
  const cache = new Command('cache')
    .description('what is kept of finished work: see it, clean it, begin anew')
    .addHelpText('after', HELP);
  const add = (name: string, description: string, action: (flags: Flags, io: CliIO) => Promise<number>) => {
    const command = dataDirOption(cache.command(name).description(description));
    return command.action((flags: Flags) => answering(command, done, () => action(flags, io)));
  };
  add('info', 'where it is, and how much', info).option('--json', 'as JSON');
  add('clean', 'delete jobs and what is kept of them, least recently used first', clean)
    .option('--keep <n>', 'keep so many jobs, the most recently used', number(0, Number.MAX_SAFE_INTEGER))
    .option(
      '--max-size <MB>',
      'delete until the database has at most so many megabytes',
      number(0.1, MOST_MEGABYTES, 'any'),
    )
    .option('--older-than <duration>', 'delete what was not used for so long: 30d, 12h, 45m', parseDuration)
    .option('--dry-run', 'only say what would go')
    .option('--json', 'as JSON')
    .addHelpText('after', CLEAN_HELP);
  add('reset-db', 'move the database aside, as a backup, and begin with an empty one', reset).option(
    '-y, --yes',
    'do not ask',
  );
  return cache;
}

const where = ({ dataDir }: Flags) => given<StoreOptions>({ dataDir });

async function info(flags: Flags, io: CliIO): Promise<number> {
  const found = await (await io.library()).cacheInfo(where(flags));
  await print(io, flags.json ? jsonText(found) : infoText(found));
  return EXIT.ok;
}

function infoText({ folder, path, bytes, jobs, entries, backups }: CacheInfo): string {
  const rows = [
    ['data folder', printable(folder)],
    ['database', bytes === 0 ? `none yet: ${printable(path)}` : `${sizeText(bytes)}: ${printable(path)}`],
    ['jobs', jobsText(jobs)],
    ...Object.entries({
      chunks: entries.chunk,
      languages: entries.language,
      windows: entries.window,
      speakers: entries.speakers,
    }).map(([label, of]) => [label, of.count === 0 ? 'none' : `${of.count}, ${sizeText(of.bytes)}`]),
    ...backups.map((backup) => ['moved aside', `${sizeText(backup.bytes)}: ${printable(backup.path)}`]),
  ];
  return columns(rows);
}

/** `5: 3 done, 2 interrupted`. */
export function jobsText(jobs: CacheInfo['jobs']): string {
  const parts = Object.entries(jobs).filter(([, count]) => count > 0);
  if (parts.length === 0) return 'none';
  const sum = parts.reduce((total, [, count]) => total + count, 0);
  return `${sum}: ${parts.map(([status, count]) => `${count} ${status}`).join(', ')}`;
}

async function clean(flags: Flags, io: CliIO): Promise<number> {
  const options = given<CleanOptions>({
    dataDir: flags.dataDir,
    keep: flags.keep,
    maxSizeMB: flags.maxSize,
    olderThanSeconds: flags.olderThan,
    dryRun: flags.dryRun,
  });
  const cleanup = await (await io.library()).cleanCache(options);
  const dryRun = flags.dryRun === true;
  await print(io, flags.json ? jsonText({ dryRun, ...cleanup }) : cleanText(cleanup, dryRun));
  return EXIT.ok;
}

function cleanText({ jobs, entries, freedBytes }: CacheCleanup, dryRun: boolean): string {
  const table = jobs.length > 0 ? `${jobsTable(jobs)}\n` : '';
  const what = `${counted(jobs.length, 'job')} and ${counted(entries, 'entry', 'entries')}`;
  const size = sizeText(freedBytes);
  return `${table}${dryRun ? `would delete ${what}, and free about ${size}` : `deleted ${what}, ${size} freed`}\n`;
}

async function reset(flags: Flags, io: CliIO): Promise<number> {
  if (!flags.yes) {
    if (io.stdin.isTTY !== true || io.stderr.isTTY !== true) {
      throw new UsageError('there is no terminal to ask on: give --yes if the database is to be moved aside');
    }
    const answer = await ask(io, 'Move the database aside, with all jobs, and begin with an empty one? [y/N] ');
    if (answer === undefined) return EXIT.interrupted;
    if (!/^\s*y(es)?\s*$/i.test(answer)) {
      await remark(io, 'nothing changed');
      return EXIT.failed;
    }
  }
  const { backup } = await (await io.library()).resetCache(where(flags));
  await print(
    io,
    backup === undefined ? 'there is no database yet\n' : `the old database is now ${printable(backup)}\n`,
  );
  return EXIT.ok;
}

/** The answer; empty where the input ends without one, undefined after Ctrl-C. */
function ask({ stdin, stderr }: CliIO, question: string): Promise<string | undefined> {
  const reader = createInterface({ input: stdin, output: stderr });
  return new Promise((resolve) => {
    reader.once('SIGINT', () => resolve(undefined));
    reader.once('close', () => resolve(''));
    reader.question(question, resolve);
  }).finally(() => reader.close()) as Promise<string | undefined>;
}
