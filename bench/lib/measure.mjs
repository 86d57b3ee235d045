// Runs a command and measures it: wall time, CPU time, peak resident memory.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const TICKS = 100; // USER_HZ, which Linux fixes at 100 for /proc

/** CPU seconds of a process and the children that it has waited for, as far as /proc tells. */
function cpuSeconds(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0) / TICKS;
}

function peakBytes(pid) {
  const match = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return match ? Number(match[1]) * 1024 : 0;
}

/**
 * Runs it to its end. Peak memory is VmHWM, which never falls, so that reading it every `pollMs` misses at most the growth of
 * the last moment; CPU time likewise. Both are undefined where there is no /proc.
 */
export function measure(command, args, { cwd, env, timeoutMs = 0, pollMs = 20, input } = {}) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(command, args, {
      cwd,
      env: env ?? process.env,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    let peak = 0;
    let cpu = 0;
    let timedOut = false;
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr = (stderr + text).slice(-100_000);
    });
    if (input !== undefined) child.stdin.end(input);
    const poll = () => {
      try {
        cpu = Math.max(cpu, cpuSeconds(child.pid));
        peak = Math.max(peak, peakBytes(child.pid));
      } catch {
        // It has just ended.
      }
    };
    const observed = existsSync('/proc/self/status');
    const timer = observed ? setInterval(poll, pollMs) : undefined;
    if (observed && child.pid) poll();
    const limit =
      timeoutMs > 0 &&
      setTimeout(() => {
        timedOut = true;
        child.kill('SIGKILL');
      }, timeoutMs);
    child.on('error', (error) => {
      clearInterval(timer);
      clearTimeout(limit);
      reject(error);
    });
    child.on('close', (code, signal) => {
      clearInterval(timer);
      clearTimeout(limit);
      const wall = (performance.now() - started) / 1000;
      resolve({ code, signal, timedOut, stdout, stderr, wall, cpu: cpu || undefined, peak: peak || undefined });
    });
  });
}

/** The same, for a command that must succeed. */
export async function measureOk(command, args, settings) {
  const run = await measure(command, args, settings);
  if (run.code !== 0) {
    const how = run.timedOut ? 'took too long' : `ended with ${run.signal ?? `exit code ${run.code}`}`;
    throw new Error(`${command} ${args.join(' ')} ${how}:\n${run.stderr.slice(-2000)}`);
  }
  return run;
}
