import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPO } from './shared.js';
import { JFK } from './speech.js';

// The command as a user runs it: a process of its own.

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  out: string;
  err: string;
}

export function start(
  args: string[],
  stdout: 'pipe' | number = 'pipe',
): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [join(REPO, 'bin', 'hearken.js'), ...args], {
    stdio: ['pipe', stdout, 'pipe'],
  });
  const texts = { out: '', err: '' };
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    texts.out += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    texts.err += text;
  });
  // The child may end before it has read all of what it is given.
  child.stdin?.on('error', () => {});
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, ...texts }));
  });
  return { child, ended };
}

/** stdin stays open: a command that does not read it must not wait for it. */
export async function hearken(...args: string[]): Promise<Ended> {
  const { child, ended } = start(args);
  const result = await ended;
  child.stdin?.destroy();
  return result;
}

export const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Runs the command and signals it while it works. How fast this machine starts a process is not known: later and later, until
 * the signal finds it listening.
 */
export async function signalled(name: NodeJS.Signals, ...args: string[]): Promise<Ended & { milliseconds: number }> {
  for (const delay of [2500, 5000, 10_000]) {
    const { child, ended } = start(args);
    await wait(delay);
    const sent = Date.now();
    child.kill(name);
    const result = await ended;
    child.stdin?.destroy();
    if (result.signal === null) return { ...result, milliseconds: Date.now() - sent };
  }
  throw new Error(`${args.join(' ')} never listened for ${name}`);
}

/** The sample over and over: long enough to be stopped in the middle. */
export function longWav(path: string, times: number): void {
  const sample = readFileSync(JFK);
  const at = sample.indexOf('data', 12, 'latin1');
  const data = sample.subarray(at + 8, at + 8 + sample.readUInt32LE(at + 4));
  const header = Buffer.from(sample.subarray(0, at + 8));
  header.writeUInt32LE(header.length + data.length * times - 8, 4);
  header.writeUInt32LE(data.length * times, at + 4);
  writeFileSync(path, Buffer.concat([header, ...Array<Buffer>(times).fill(data)]));
}
