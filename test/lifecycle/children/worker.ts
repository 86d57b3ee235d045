// Transcribes in a worker_thread. Says `ready` to its parent when it is decoding, and the text when it is done.
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { binding } from '../../../lib/binding.js';
import { transcribeChunked } from '../../../lib/index.js';
import { JFK, repeatedSpeech } from '../../helpers/speech.js';

const { times } = workerData as { times: number };
const job = transcribeChunked(times > 0 ? repeatedSpeech(times) : JFK, { chunkSizeSeconds: 12, maxWorkers: 2 });
const watch = (async () => {
  parentPort?.postMessage({ ready: 'loading' });
  while (binding().counters().liveStates === 0) await sleep(2);
  parentPort?.postMessage({ ready: 'decoding' });
})();
const { text } = await job;
await watch;
parentPort?.postMessage({ text });
