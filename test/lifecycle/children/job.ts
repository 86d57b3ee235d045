// A child that transcribes and ends in some way at some moment. Arguments: how, after which event, and how many
// milliseconds later. It writes `go` at the moment when it begins to end.
import { setTimeout as sleep } from 'node:timers/promises';
import { binding } from '../../../lib/binding.js';
import { transcribeChunked } from '../../../lib/index.js';
import { repeatedSpeech } from '../../helpers/speech.js';

const [how, moment, delay = '0'] = process.argv.slice(2);
const audio = repeatedSpeech(6);

async function reached(): Promise<void> {
  if (moment === 'loading') return;
  const { counters } = binding();
  const before = counters();
  for (;;) {
    const now = counters();
    if (moment === 'planning' && now.livePlanners > before.livePlanners) return;
    if (moment === 'decoding' && now.liveStates > before.liveStates) return;
    if (moment === 'between' && now.encodes > before.encodes) return;
    await sleep(1);
  }
}

if (how === 'sigterm-handled') process.once('SIGTERM', () => process.exit(143));
const job = transcribeChunked(audio, { chunkSizeSeconds: 12, maxWorkers: 2 });
job.catch(() => {});
await reached();
await sleep(Number(delay));
console.log('go');
switch (how) {
  case 'exit':
    process.exit(7);
    break;
  case 'throw':
    setImmediate(() => {
      throw new Error('uncaught on purpose');
    });
    break;
  case 'reject':
    void Promise.reject(new Error('unhandled on purpose'));
    break;
  case 'abort':
    // Ends by itself: nothing of the job keeps the process alive.
    job.abort();
    break;
  case 'finish':
    await job.catch(() => {});
    break;
  case 'sigterm':
  case 'sigterm-handled':
    await job; // killed before that
    break;
  default:
    throw new Error(`no such end: ${how}`);
}
