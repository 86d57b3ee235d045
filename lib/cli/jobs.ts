import { setTimeout as sleep } from 'node:timers/promises';
import { Command, Option } from 'commander';
import type { JobInfo, JobStatus } from '../cache/types.js';
import { toHearkenError } from '../errors.js';
import { dataDirOption } from './cache-flags.js';
import { given } from './flags.js';
import { type CliIO, EXIT, printable } from './io.js';
import { resumeCommand } from './jobs-resume.js';
import { jobsTable, jobText, nameOfJob } from './jobs-text.js';
import { answering } from './run.js';
import { jsonText, print, remark, sizeText } from './text.js';

interface Flags {
  json?: boolean;
  status?: JobStatus;
  dataDir?: string;
}

/** How long a job that was cancelled is waited for, and how often it is looked at. */
const PATIENCE_MS = 10_000;
const POLL_MS = 200;

const STATUSES: readonly JobStatus[] = ['running', 'interrupted', 'done', 'failed', 'cancelled'];

const HELP = `
A job is one file with one set of options. It goes on where it stopped when the same work is asked for again, or by its id:

  hearken jobs list --status interrupted
  hearken jobs resume 1a2b -o talk.srt

An id may be shortened to any beginning that no other job has.`;

/** `hearken jobs …`; `done` gets the exit code. */
export function jobsCommand(io: CliIO, done: (code: number) => void): Command {
  const jobs = new Command('jobs')
    .description('what was transcribed and diarized: see it, go on with it, delete it')
    .addHelpText('after', HELP);
  const add = (name: string, description: string) => {
    const command = dataDirOption(jobs.command(name).description(description));
    /** An action that gives the exit code. */
    const act = <A>(action: (argument: A, flags: Flags) => Promise<number>) =>
      command.action((first: A, flags: Flags) => answering(command, done, () => action(first, flags)));
    return { command, act };
  };

  const list = dataDirOption(jobs.command('list').description('jobs, the most recently used first'))
    .addOption(new Option('--status <status>', 'only those that are so').choices(STATUSES))
    .option('--json', 'as JSON');
  list.action((flags: Flags) => answering(list, done, () => listJobs(flags, io)));

  const show = add('show', 'everything that is known of a job');
  show.command.argument('<id>', 'of hearken jobs list').option('--json', 'as JSON');
  show.act(async (id: string, flags) => {
    const job = await (await io.library()).showJob(id, where(flags));
    await print(io, flags.json ? jsonText(job) : jobText(job));
    return EXIT.ok;
  });

  jobs.addCommand(resumeCommand(io, done));

  const cancel = add('cancel', 'stop a job, wherever it runs; what was finished is kept');
  cancel.command.argument('<id>', 'of hearken jobs list');
  cancel.act(async (id: string, flags) => {
    await print(io, await cancelJob(id, flags, io));
    return EXIT.ok;
  });

  const remove = add('delete', 'delete jobs, with what is kept of them and of no other');
  remove.command.argument('<id...>', 'of hearken jobs list');
  remove.act((ids: string[], flags) => deleteJobs(ids, flags, io));
  return jobs;
}

const where = ({ dataDir }: Flags) => given<{ dataDir?: string }>({ dataDir });

async function listJobs(flags: Flags, io: CliIO): Promise<number> {
  const all = await (await io.library()).listJobs(where(flags));
  const chosen = all
    .filter(({ status }) => flags.status === undefined || status === flags.status)
    .sort((a, b) => b.used.getTime() - a.used.getTime());
  if (flags.json) await print(io, jsonText(chosen));
  else if (chosen.length > 0) await print(io, jobsTable(chosen));
  else await remark(io, flags.status === undefined ? 'no jobs yet' : `no job is ${flags.status}`);
  return EXIT.ok;
}

/** Another process takes about a second to hear of it, and some time to stop: what is said is what has become of the job by then. */
async function cancelJob(id: string, flags: Flags, io: CliIO): Promise<string> {
  const library = await io.library();
  let job = await library.cancelJob(id, where(flags));
  const patience = performance.now() + PATIENCE_MS;
  while (job.status === 'running' && performance.now() < patience) {
    await sleep(POLL_MS);
    job = await library.showJob(job.id, where(flags));
  }
  if (job.status === 'cancelled') return `cancelled ${nameOfJob(job)}\n`;
  if (job.status === 'running') return `asked to stop, and not stopped yet: ${nameOfJob(job)}\n`;
  return `not running, but ${job.status}: ${nameOfJob(job)}\n`;
}

/** A job that can't be deleted does not save the others. */
async function deleteJobs(ids: readonly string[], flags: Flags, io: CliIO): Promise<number> {
  const library = await io.library();
  let failed = false;
  for (const id of new Set(ids)) {
    try {
      const { jobs, freedBytes } = await library.deleteJob(id, where(flags));
      await print(io, deletedText(jobs, freedBytes));
    } catch (cause) {
      const { message, code } = toHearkenError(cause);
      if (code === 'ERR_OUTPUT') throw cause;
      await remark(io, `${printable(message)} [${code}]`);
      failed = true;
    }
  }
  return failed ? EXIT.failed : EXIT.ok;
}

const deletedText = (jobs: readonly JobInfo[], freed: number) =>
  jobs.map((job) => `deleted ${nameOfJob(job)}, ${sizeText(freed)} freed\n`).join('');
