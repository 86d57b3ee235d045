import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { HearkenError, toHearkenError } from '../errors.js';
import type { OutputFormat, TranscribeOptions, TranscriptionResult, WhisperModel } from '../types.js';
import { type CliIO, EXIT, Output, printable, UsageError } from './io.js';
import { type OutputPlan, planOutput, stdoutText } from './output.js';
import { ProgressLine, shortTime } from './progress.js';

export interface TranscribeFlags {
  format?: OutputFormat;
  output?: string;
  quiet: boolean;
  /** What goes to the library as it is. */
  options: TranscribeOptions;
}

/** Transcribes the files one after another; a failure of one does not stop the others. Resolves with the exit code. */
export async function runTranscribe(files: readonly string[], flags: TranscribeFlags, io: CliIO): Promise<number> {
  if (files.includes('-') && io.stdin.isTTY === true) {
    throw new UsageError('stdin is a terminal: pipe audio into it, or give a file');
  }
  const plan = planOutput(files, flags, isFolder);
  if (plan.format === 'rttm' && flags.options.diarize === false) {
    throw new UsageError('RTTM lists who speaks when: leave --no-diarize out, or choose another format');
  }
  if (flags.options.words === true && plan.format !== 'json' && !flags.quiet) {
    io.stderr.write(
      `hearken: --words shows in -f json only; ${plan.format} has no place for them (one word a cue: --max-segment-length 1)\n`,
    );
  }
  const run = new Run(files, flags, plan, io);
  try {
    return await run.all();
  } finally {
    run.end();
  }
}

class Run {
  readonly #files: readonly string[];
  readonly #flags: TranscribeFlags;
  readonly #plan: OutputPlan;
  readonly #io: CliIO;
  readonly #stdout: Output;
  readonly #stderr: Output;
  readonly #line: ProgressLine;
  readonly #abort = new AbortController();
  #model: WhisperModel | undefined;
  #failed = false;
  #printed = false;

  constructor(files: readonly string[], flags: TranscribeFlags, plan: OutputPlan, io: CliIO) {
    this.#files = files;
    this.#flags = flags;
    this.#plan = plan;
    this.#io = io;
    this.#stdout = new Output(io.stdout);
    this.#stderr = new Output(io.stderr);
    this.#line = new ProgressLine(io.stderr, flags.quiet);
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
    try {
      if (this.#plan.folder !== undefined) makeFolder(this.#plan.folder);
      const library = await this.#io.library();
      if (this.#files.length > 1) {
        // Loaded once for all of them.
        const { model, offline } = this.#flags.options;
        this.#model = await library.loadWhisperModel(model as string | undefined, {
          signal: this.#abort.signal,
          ...(offline === undefined ? {} : { offline }),
        });
      }
      for (let index = 0; index < this.#files.length; index++) {
        if (this.#stdout.closed) break;
        if (this.#abort.signal.aborted) {
          await this.#say(`interrupted: ${this.#files.length - index} of ${this.#files.length} files not begun`);
          return EXIT.interrupted;
        }
        if ((await this.#one(index)) === 'interrupted') return EXIT.interrupted;
      }
    } catch (cause) {
      if (this.#abort.signal.aborted) {
        await this.#say('interrupted: nothing transcribed yet, nothing written');
        return EXIT.interrupted;
      }
      await this.#report(cause);
    } finally {
      await this.#model?.close();
    }
    return this.#failed ? EXIT.failed : EXIT.ok;
  }

  async #one(index: number): Promise<'interrupted' | undefined> {
    const file = this.#files[index] as string;
    const name = file === '-' ? 'stdin' : file;
    const count = this.#files.length;
    const label = count > 1 ? `[${index + 1}/${count}] ${name}` : name;
    const target = this.#plan.targets[index];
    try {
      // Said now, not after an hour of work.
      if (target !== undefined) checkFolder(target);
      this.#line.begin(label);
      const library = await this.#io.library();
      const job = library.transcribeChunked(file === '-' ? this.#io.stdin : file, {
        ...this.#flags.options,
        ...(this.#model === undefined ? {} : { model: this.#model }),
        signal: this.#abort.signal,
        onProgress: (progress) => this.#line.update(label, progress),
      });
      const result = await job;
      await this.#deliver(result, index);
      if (!this.#flags.quiet) await this.#warn(result, name);
    } catch (cause) {
      const error = toHearkenError(cause);
      if (error.code !== 'ERR_ABORTED' || !this.#abort.signal.aborted) {
        await this.#report(error, name);
        return undefined;
      }
      try {
        await this.#keepPartial((cause as { partial?: TranscriptionResult }).partial, index);
      } catch (failure) {
        await this.#report(failure, name);
      }
      return 'interrupted';
    }
    return undefined;
  }

  async #deliver(result: TranscriptionResult, index: number): Promise<void> {
    this.#line.clear();
    const { format, targets, names } = this.#plan;
    const file = this.#files[index] as string;
    const name = names[index] as string;
    const target = targets[index];
    if (target !== undefined) return await result.save(target, format, name);
    const place = { name, first: !this.#printed, only: this.#files.length === 1 };
    const text = stdoutText(result, format, file, place);
    try {
      await this.#stdout.write(text);
    } catch (cause) {
      const { message } = cause as Error;
      throw new HearkenError('ERR_OUTPUT', `cannot write to stdout: ${message}`, { cause });
    }
    this.#printed = true;
  }

  async #keepPartial(partial: TranscriptionResult | undefined, index: number): Promise<void> {
    if (partial === undefined || partial.segments.length === 0) {
      return await this.#say('interrupted: nothing transcribed yet, nothing written');
    }
    await this.#deliver(partial, index);
    const target = this.#plan.targets[index];
    const where = target === undefined ? 'written to stdout' : `kept in ${printable(target)}`;
    await this.#say(`interrupted: partial result up to ${shortTime(reached(partial))} ${where}`);
  }

  /** Nothing is lost silently: what has no text though there was something to hear. */
  async #warn(result: TranscriptionResult, name: string): Promise<void> {
    const lost = result.coverage.filter(({ status }) => status === 'failed' || status === 'suppressed');
    if (lost.length === 0) return;
    const seconds = lost.reduce((sum, { start, end }) => sum + end - start, 0);
    const first = lost.slice(0, 3).map(({ start, end, status, reason }) => {
      return `${shortTime(start)}–${shortTime(end)} ${status}${reason === undefined ? '' : ` (${reason})`}`;
    });
    if (lost.length > first.length) first.push(`and ${lost.length - first.length} more`);
    await this.#say(`${printable(name)}: warning: ${seconds.toFixed(1)} s without text: ${first.join(', ')}`);
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

/** How far the text goes without a hole, in seconds from the start of the audio. */
function reached(partial: TranscriptionResult): number {
  const hole = partial.coverage.find(({ status }) => status === 'aborted');
  return hole?.start ?? partial.segments.at(-1)?.end ?? 0;
}

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
