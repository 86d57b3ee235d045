// Transcribes with only so much more address space (MB, first argument) than the process has when it begins, then again
// without a limit. Prints what came of both as one line of JSON.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { binding } from '../../../lib/binding.js';
import { HearkenError, transcribe } from '../../../lib/index.js';

const SAMPLE = 'examples/conversation.wav';

function limitTo(bytes: number | 'unlimited'): void {
  const run = spawnSync('prlimit', ['--pid', String(process.pid), `--as=${bytes}:unlimited`], { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`prlimit: ${run.stderr}`);
}

const addressSpace = () => Number(/VmSize:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024;

async function outcome(): Promise<string> {
  try {
    const result = await transcribe(SAMPLE, { endTime: 12, diarize: process.argv[3] === 'speakers' });
    return `text of ${result.text.length} characters`;
  } catch (error) {
    if (error instanceof HearkenError) return error.code;
    return `untyped: ${error instanceof Error ? error.stack : String(error)}`;
  }
}

const { decodes } = binding().counters();
limitTo(addressSpace() + Number(process.argv[2]) * 1e6);
const limited = await outcome();
limitTo('unlimited');
const free = await outcome();
await wait(10);
const { liveJobs, livePlanners, liveDiarizations } = binding().counters(); // models and states are kept for the next job
console.log(JSON.stringify({ limited, free, left: liveJobs + livePlanners + liveDiarizations, decodes }));
