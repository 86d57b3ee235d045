import { spawn } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';

/** The checkout, seen from dist/test/helpers: not from shared.js, which imports ava. */
const REPO = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  /** From the line `go` on stdout (or the start) to the end. */
  milliseconds: number;
}

/** A compiled script of test/lifecycle/children. */
export const childScript = (name: string): string =>
  join(dirname(fileURLToPath(import.meta.url)), '..', 'lifecycle', 'children', `${name}.js`);

/** Runs node. A child that is not over after `limit` seconds is killed, which shows as SIGKILL. */
export function runNode(
  args: readonly string[],
  { limit = 60, env = {}, onGo }: { limit?: number; env?: NodeJS.ProcessEnv; onGo?: (pid: number) => void } = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    let began = performance.now();
    const child = spawn(process.execPath, args, {
      cwd: REPO,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    let gone = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (!gone && /^go$/m.test(stdout)) {
        gone = true;
        began = performance.now();
        onGo?.(child.pid as number);
      }
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const watchdog = setTimeout(() => child.kill('SIGKILL'), limit * 1000);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(watchdog);
      resolve({ code, signal, stdout, stderr, milliseconds: performance.now() - began });
    });
  });
}

/** It ended by itself, with this code, in time, and said nothing on stderr that it should not. */
export function assertEnded(t: ExecutionContext, ended: Ended, code: number, what: string, stderr = /^$/): void {
  const all = `${what}: ${JSON.stringify(ended)}`;
  t.is(ended.signal, null, all);
  t.is(ended.code, code, all);
  t.regex(ended.stderr, stderr, all);
}
