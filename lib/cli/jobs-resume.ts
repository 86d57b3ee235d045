import { Command, Option } from 'commander';
import type { JobInfo } from '../cache/types.js';
import { HearkenError } from '../errors.js';
import { DIARIZATION_FORMATS, OUTPUT_FORMATS } from '../formats/index.js';
import type { DiarizationFormat, OutputFormat } from '../types.js';
import { dataDirOption } from './cache-flags.js';
import { DiarizeTask } from './diarize-task.js';
import { type CommonFlags, given, MEMORY, memoryOptions, outputOption } from './flags.js';
import { type CliIO, UsageError } from './io.js';
import { planMemory } from './memory.js';
import type { Document, Formats } from './output.js';
import { ResumeTask } from './resume-task.js';
import { answering, planFiles, runFiles } from './run.js';
import type { Task } from './task.js';
import { TranscribeTask } from './transcribe-task.js';

interface Flags extends CommonFlags {
  format?: OutputFormat;
}

const HELP = `
The job keeps its options: model, range, speakers and so on. Where its result goes is not one of them and is said anew, as
for hearken transcribe and hearken diarize. A job that is done gives its result once more.

${MEMORY}

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted (what was finished is kept).`;

/** `hearken jobs resume`. */
export function resumeCommand(io: CliIO, done: (code: number) => void): Command {
  const command = new Command('resume')
    .description('go on with a job where it stopped, and write its result')
    .argument('<id>', 'of hearken jobs list; its beginning will do')
    .addOption(
      new Option('-f, --format <format>', "default: by -o's extension, or txt; rttm of a diarization").choices(
        OUTPUT_FORMATS,
      ),
    );
  outputOption(command);
  dataDirOption(command);
  memoryOptions(command).option('-q, --quiet', 'no progress and no warnings').addHelpText('after', HELP);

  return command.action((id: string, flags: Flags) =>
    answering(command, done, async () => {
      const where = given<{ dataDir?: string }>({ dataDir: flags.dataDir });
      const job = await (await io.library()).showJob(id, where);
      const file = fileOf(job);
      if (job.kind === 'transcribe') {
        const task = new ResumeTask(job.id, where, new TranscribeTask({}));
        return await resume(file, flags, { known: OUTPUT_FORMATS, usual: 'txt' }, task, io);
      }
      const task = new ResumeTask(job.id, where, new DiarizeTask({}));
      const format = flags.format === undefined ? {} : { format: diarizationFormat(flags.format) };
      return await resume(file, { ...flags, ...format }, { known: DIARIZATION_FORMATS, usual: 'rttm' }, task, io);
    }),
  );
}

async function resume<F extends string, R extends Document<F>>(
  file: string,
  flags: CommonFlags & { format?: F },
  formats: Formats<F>,
  task: Task<R>,
  io: CliIO,
): Promise<number> {
  const plan = planFiles([file], flags, formats, io);
  return await runFiles([file], plan, planMemory([file], flags, plan), task, flags, io);
}

function fileOf({ id, kind, source }: JobInfo): string {
  if (source !== undefined) return source;
  throw new HearkenError(
    'ERR_INVALID_ARG',
    `the audio of job ${id} was no file and is not kept: run 'hearken ${kind}' again with the same audio and options, and what was finished is used`,
  );
}

function diarizationFormat(format: OutputFormat): DiarizationFormat {
  const known = DIARIZATION_FORMATS.find((each) => each === format);
  if (known) return known;
  throw new UsageError(`the job is a diarization, which has no ${format}: give -f ${DIARIZATION_FORMATS.join(' or ')}`);
}
