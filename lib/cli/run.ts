import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { HearkenError, toHearkenError } from '../errors.js';
import { type CliIO, EXIT, Output, printable, UsageError } from './io.js';
import { type MemoryPlan, MemoryWatcher } from './memory.js';
import { type Document, type Formats, type OutputFlags, type OutputPlan, planOutput, stdoutText } from './output.js';
import { ProgressLine, shortTime } from './progress.js';
import type { Task } from './task.js';
import { hushWarnings } from './warnings.js';

/** Runs what gives a command's exit code; a wrong call is told with a hint at `--help`. */
export async function answering(
  command: Command,
  done: (code: number) => void,
  action: () => Promise<number>,
): Promise<void> {
  try {
    done(await action());
  } catch (error) {
    if (error instanceof UsageError) command.error(`error: ${error.message}`);
    throw error;
  }
}

/** Where the results of the files go; a wrong call is refused before any work. */
export function planFiles<F extends string>(
  files: readonly string[],
  flags: OutputFlags<F>,
  formats: Formats<F>,
  io: CliIO,
): OutputPlan<F> {
  if (files.includes('-') && io.stdin.isTTY === true) {
    throw new UsageError('stdin is a terminal: pipe audio into it, or give a file');
  }
  return planOutput(files, flags, formats, isFolder);
}

/** Does a task for the files one after another; a failure of one does not stop the others. Resolves with the exit code. */
export async function runFiles<F extends string, R extends Document<F>>(
  files: readonly string[],
  plan: OutputPlan<F>,
  memory: MemoryPlan,
  task: Task<R>,
  { quiet = false }: { quiet?: boolean },
  io: CliIO,
): Promise<number> {
  if (quiet) hushWarnings();
  const run = new Run(files, plan, memory, task, quiet, io);
  try {
    return await run.all();
  } finally {
    run.end();
  }
}

class Run<F extends string, R extends Document<F>> {
  readonly #files: readonly string[];
  readonly #plan: OutputPlan<F>;
  readonly #memoryPlan: MemoryPlan;
  readonly #task: Task<R>;
  readonly #quiet: boolean;
  readonly #io: CliIO;
  readonly #stdout: Output;
  readonly #stderr: Output;
  readonly #line: ProgressLine;
  readonly #abort = new AbortController();
  #memory: MemoryWatcher | undefined;
  #failed = false;
  /** What failed of what all files share. */
  #fault: { code: string; message: string } | undefined;
  #printed = false;

  constructor(
    files: readonly string[],
    plan: OutputPlan<F>,
    memory: MemoryPlan,
    task: Task<R>,
    quiet: boolean,
    io: CliIO,
  ) {
    this.#files = files;
    this.#plan = plan;
    this.#memoryPlan = memory;
    this.#task = task;
    this.#quiet = quiet;
    this.#io = io;
    this.#stdout = new Output(io.stdout);
    this.#stderr = new Output(io.stderr);
    this.#line = new ProgressLine(io.stderr, quiet);
    io.signals.once('SIGINT', this.#interrupt);
    io.signals.once('SIGTERM', this.#interrupt);
  }

  /** The first signal ends the job in good order; with no listener left, the next one kills. */
  readonly #interrupt = (): void => {
    this.#unlisten();
    this.#abort.abort();
  };

  #unlisten(): void {
    this.#io.signals.removeListener('SIGINT', this.#interrupt);
    this.#io.signals.removeListener('SIGTERM', this.#interrupt);
  }

  end(): void {
    this.#unlisten();
    this.#line.clear();
    // A pipe that nobody reads any more would keep the process alive.
    if (this.#files.includes('-')) this.#io.stdin.destroy();
  }

  async all(): Promise<number> {
    const code = await this.#work();
    try {
      const end = code === EXIT.ok ? 'done' : code === EXIT.interrupted ? 'interrupted' : 'failed';
      await this.#memory?.write(end, this.#files.map(nameOf), this.#fault);
    } catch (cause) {
      await this.#report(cause);
    }
    return code === EXIT.ok && this.#failed ? EXIT.failed : code;
  }

  async #work(): Promise<number> {
    try {
      if (this.#plan.folder !== undefined) makeFolder(this.#plan.folder);
      if (this.#memoryPlan.report) checkFolder(this.#memoryPlan.report.path);
      const library = await this.#io.library();
      this.#memory = new MemoryWatcher(library, this.#memoryPlan);
      await this.#task.prepare(library, this.#files.length > 1, {
        signal: this.#abort.signal,
        show: (label, progress) => (progress ? this.#line.update(label, progress) : this.#line.begin(label)),
      });
      for (let index = 0; index < this.#files.length; index++) {
        if (this.#stdout.closed) break;
        if (this.#abort.signal.aborted) {
          const left = `${this.#files.length - index} of ${this.#files.length} files not begun`;
          await this.#say(`interrupted: ${index === 0 ? this.#task.nothing : left}`);
          return EXIT.interrupted;
        }
        if ((await this.#one(index)) === 'interrupted') return EXIT.interrupted;
      }
    } catch (cause) {
      if (this.#abort.signal.aborted) {
        await this.#say(`interrupted: ${this.#task.nothing}`);
        return EXIT.interrupted;
      }
      this.#fault = toHearkenError(cause);
      await this.#report(cause);
    } finally {
      this.#memory?.after();
      await this.#task.close();
    }
    return this.#failed ? EXIT.failed : EXIT.ok;
  }

  async #one(index: number): Promise<'interrupted' | undefined> {
    const file = this.#files[index] as string;
    const name = nameOf(file);
    const count = this.#files.length;
    const label = count > 1 ? `[${index + 1}/${count}] ${name}` : name;
    const target = this.#plan.targets[index];
    this.#memory?.begin(name);
    try {
      // Said now, not after an hour of work.
      if (target !== undefined) checkFolder(target);
      this.#line.begin(label);
      const library = await this.#io.library();
      const result = await this.#task.perform(library, file === '-' ? this.#io.stdin : file, {
        signal: this.#abort.signal,
        onProgress: (progress) => this.#line.update(label, progress),
        ...this.#memory?.reins,
      });
      this.#memory?.finish(result.receipt);
      await this.#deliver(result, index);
      const warning = this.#quiet ? undefined : this.#task.warning(result);
      if (warning !== undefined) await this.#say(`${printable(name)}: warning: ${warning}`);
    } catch (cause) {
      const error = toHearkenError(cause);
      this.#memory?.failed(error);
      if (error.code !== 'ERR_ABORTED' || !this.#abort.signal.aborted) {
        await this.#report(error, name);
        return undefined;
      }
      try {
        await this.#keepPartial(cause, index);
      } catch (failure) {
        await this.#report(failure, name);
      }
      return 'interrupted';
    }
    return undefined;
  }

  async #deliver(result: R, index: number): Promise<void> {
    this.#line.clear();
    const { format, write, targets, names } = this.#plan;
    const file = this.#files[index] as string;
    const name = names[index] as string;
    const target = targets[index];
    if (target !== undefined) return await result.save(target, format, name, write);
    const place = { name, first: !this.#printed, only: this.#files.length === 1 };
    const text = stdoutText(result, this.#plan, file, place);
    try {
      await this.#stdout.write(text);
    } catch (cause) {
      const { message } = cause as Error;
      throw new HearkenError('ERR_OUTPUT', `cannot write to stdout: ${message}`, { cause });
    }
    this.#printed = true;
  }

  async #keepPartial(cause: unknown, index: number): Promise<void> {
    const partial = this.#task.partial(cause);
    if (partial === undefined) {
      // Of those before it there may be results.
      return await this.#say(`interrupted: ${this.#task.nothing}${index > 0 ? ' of this file' : ''}`);
    }
    this.#memory?.finish(partial.result.receipt);
    await this.#deliver(partial.result, index);
    const target = this.#plan.targets[index];
    const where = target === undefined ? 'written to stdout' : `kept in ${printable(target)}`;
    await this.#say(`interrupted: partial result up to ${shortTime(partial.reached)} ${where}`);
  }

  async #report(cause: unknown, name?: string): Promise<void> {
    this.#failed = true;
    const error = toHearkenError(cause);
    const where = name === undefined ? '' : `${printable(name)}: `;
    await this.#say(`${where}${printable(error.message)} [${error.code}]`);
  }

  async #say(text: string): Promise<void> {
    this.#line.clear();
    await this.#stderr.write(`hearken: ${text}\n`).catch(() => {});
  }
}

const nameOf = (file: string) => (file === '-' ? 'stdin' : file);

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (cause) {
    throw new HearkenError('ERR_OUTPUT', `cannot make the folder ${path}: ${(cause as Error).message}`, { cause });
  }
}

function checkFolder(target: string): void {
  const folder = dirname(target);
  let exists = false;
  try {
    exists = isFolder(folder);
  } catch {
    // Below a regular file, or not ours to look at: no folder to write in either way.
  }
  if (!exists) throw new HearkenError('ERR_OUTPUT', `cannot write ${target}: the folder ${folder} does not exist`);
}
