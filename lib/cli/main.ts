import { Command, CommanderError } from 'commander';
import { toHearkenError } from '../errors.js';
import { buildCommand } from './build.js';
import { cacheCommand } from './cache.js';
import { diarizeCommand } from './diarize.js';
import { doctorCommand } from './doctor.js';
import { type CliIO, EXIT, Output, printable } from './io.js';
import { jobsCommand } from './jobs.js';
import { modelsCommand } from './models.js';
import { transcribeCommand } from './transcribe.js';
import { version } from './version.js';
import { tellWarnings } from './warnings.js';

/** Runs the command line. Sets the exit code and returns: what is still being written is never cut off. */
export async function main(argv: string[]): Promise<void> {
  tellWarnings();
  const code = await run(argv, {
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    signals: process,
    library: () => import('../index.js'),
  });
  if (code !== EXIT.ok) process.exitCode = code;
}

/** The command line with a given world around it; resolves with the exit code. */
export async function run(argv: readonly string[], io: CliIO): Promise<number> {
  let code: number = EXIT.ok;
  const stdout = new Output(io.stdout);
  const stderr = new Output(io.stderr);
  const pending: Promise<void>[] = [];

  const program = new Command('hearken')
    .description('Speech to text with speakers on this machine: whisper.cpp inside Node.js, in bounded memory.')
    .version(version(), '-V, --version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => pending.push(stdout.write(text)),
      writeErr: (text) => pending.push(stderr.write(text)),
      outputError: (text, write) => write(lines(text.replace(/^error: /, 'hearken: '))),
    })
    .showHelpAfterError('Run with --help to see how it is used.')
    .addHelpText(
      'after',
      `
Examples:
  hearken transcribe talk.mp3                who said what, on stdout
  hearken transcribe talk.mp3 -o talk.srt    subtitles
  hearken diarize talk.mp3                   who speaks when, without a transcript
  hearken jobs list                          what was done, and what stopped half way
  hearken transcribe --help                  every option
  hearken doctor                             what this machine has`,
    );
  const done = (exit: number) => {
    code = exit;
  };
  program.addCommand(transcribeCommand(io, done));
  program.addCommand(diarizeCommand(io, done));
  program.addCommand(jobsCommand(io, done));
  program.addCommand(cacheCommand(io, done));
  program.addCommand(modelsCommand());
  program.addCommand(doctorCommand(io.library));
  program.addCommand(buildCommand(done));
  inherit(program);

  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      code = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    } else {
      const { message, code: name } = toHearkenError(error);
      pending.push(stderr.write(`hearken: ${printable(message)} [${name}]\n`));
      code = EXIT.failed;
    }
  }
  await Promise.allSettled(pending);
  return code;
}

/** Commands that were made apart don't have the program's settings, such as not to exit on their own. */
function inherit(parent: Command): void {
  for (const child of parent.commands) {
    child.copyInheritedSettings(parent);
    inherit(child);
  }
}

/** Commander's message, whose line breaks are its own; what it quotes of the call is not to be trusted. */
function lines(text: string): string {
  return `${text.trimEnd().split('\n').map(printable).join('\n')}\n`;
}
