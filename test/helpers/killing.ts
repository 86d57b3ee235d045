import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { childScript } from './child.js';
import { conversationSamples, random } from './speech.js';
import { writeWav } from './wav.js';

// A job that is killed again and again until it is through. Nothing of ava's may be in here: the long form is a script.

/** The conversation so many times, with other noise each time and for each seed, so that no chunk is like another. */
export function noisyConversation(path: string, times: number, seed = 0): string {
  const clip = conversationSamples();
  const next = random(11 + seed);
  const all = new Float32Array(times * clip.length);
  for (let i = 0; i < all.length; i++) all[i] = (clip[i % clip.length] as number) + 0.002 * (2 * next() - 1);
  return writeWav(path, all);
}

export interface Place {
  audio: string;
  dataDir: string;
  out: string;
  log: string;
}

export function place(folder: string, name: string, audio: string): Place {
  const own = join(folder, name);
  mkdirSync(own, { recursive: true });
  return { audio, dataDir: join(own, 'data'), out: join(own, 'out.json'), log: join(own, 'log') };
}

export interface Run {
  child: ChildProcess;
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; stderr: string }>;
}

export function startKept({ audio, dataDir, out, log }: Place): Run {
  writeFileSync(log, '', { flag: 'a' });
  const child = spawn(process.execPath, [childScript('kept-job'), audio, dataDir, out, log], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, HEARKEN_CACHE: 'on' },
  });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Awaited<Run['ended']>>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stderr }));
  });
  return { child, ended };
}

/** What the log says was computed: chunks and windows by number, in order. */
export function computedIn(log: string): { chunks: number[]; windows: number[] } {
  const lines = existsSync(log) ? readFileSync(log, 'utf8').split('\n') : [];
  const numbers = (what: string) =>
    lines.filter((line) => line.startsWith(`${what} `)).map((line) => Number(line.slice(what.length + 1)));
  return { chunks: numbers('chunk'), windows: numbers('window') };
}

export interface Stored {
  sound: boolean;
  /** Chunks of the job whose text is there, and how many windows are. */
  chunks: Set<number>;
  windows: number;
}

/** Looks at the database as any other SQLite user would. */
export function stored(dataDir: string): Stored {
  const path = join(dataDir, 'cache', 'hearken.db');
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) return { sound: true, chunks: new Set(), windows: 0 };
  const database = new Database(path, { timeout: 5000 });
  try {
    const [check] = database.prepare('PRAGMA integrity_check').all() as { integrity_check: string }[];
    const tables = database.prepare("SELECT count(*) AS n FROM sqlite_master WHERE name = 'entries'").all() as { n: number }[];
    if (tables[0]?.n === 0) return { sound: check?.integrity_check === 'ok', chunks: new Set(), windows: 0 };
    const chunks = database.prepare('SELECT plans.number AS i FROM plans JOIN entries ON entries.key = plans.key').all();
    const windows = database.prepare("SELECT count(*) AS n FROM entries WHERE kind = 'window'").all() as { n: number }[];
    return {
      sound: check?.integrity_check === 'ok',
      chunks: new Set((chunks as { i: number }[]).map(({ i }) => i)),
      windows: windows[0]?.n ?? 0,
    };
  } finally {
    database.close();
  }
}

export interface Round {
  kills: number;
  /** Runs until it was through. */
  runs: number;
  chunks: number;
  /** How many chunks and windows were computed in all the runs together. */
  computedChunks: number;
  computedWindows: number;
  problems: string[];
}

/**
 * One job from nothing to its end, killed at a random moment as often as it lasts. Each run is held to what was kept when it
 * began: nothing of that may be computed again, and the end is the expected bytes.
 */
export async function killedUntilDone(
  where: Place,
  expected: string,
  next: () => number,
  longestMs: number,
): Promise<Round> {
  rmSync(where.dataDir, { recursive: true, force: true });
  const round: Round = { kills: 0, runs: 0, chunks: 0, computedChunks: 0, computedWindows: 0, problems: [] };
  for (;;) {
    const before = stored(where.dataDir);
    if (!before.sound) round.problems.push(`run ${round.runs}: the database is damaged`);
    rmSync(where.log, { force: true });
    rmSync(where.out, { force: true });
    const { child, ended } = startKept(where);
    const timer = setTimeout(() => child.kill('SIGKILL'), 30 + next() * longestMs);
    const { code, signal, stderr } = await ended;
    clearTimeout(timer);
    round.runs++;
    const { chunks, windows } = computedIn(where.log);
    round.computedChunks += chunks.length;
    round.computedWindows += windows.length;
    const again = chunks.filter((chunk) => before.chunks.has(chunk));
    if (again.length > 0) round.problems.push(`run ${round.runs}: chunks ${again.join(', ')} were computed again`);
    const early = windows.filter((window) => window < before.windows);
    if (early.length > 0) round.problems.push(`run ${round.runs}: windows ${early.join(', ')} were computed again`);
    if (signal === 'SIGKILL') {
      round.kills++;
      continue;
    }
    if (code !== 0 || stderr !== '') round.problems.push(`run ${round.runs}: exit ${code ?? signal}, ${stderr}`);
    if (code === 0 && readFileSync(where.out, 'utf8') !== expected) round.problems.push('the result is another one');
    round.chunks = stored(where.dataDir).chunks.size;
    return round;
  }
}
