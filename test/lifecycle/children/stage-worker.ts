// A worker_thread in one stage of life, until it is terminated or, with `end`, ends itself. Says `reached` to its parent.
import { parentPort, workerData } from 'node:worker_threads';
import { transcribe } from '../../../lib/index.js';
import { JFK } from '../../helpers/speech.js';
import { enter } from './stages.js';

const { stage, end } = workerData as { stage: string; end?: 'exit' | 'throw' | 'callback' };

if (end === 'callback') {
  await transcribe(JFK, {
    onProgress: () => {
      parentPort?.postMessage('reached');
      process.exit(3);
    },
  });
}
await enter(stage, () => {
  parentPort?.postMessage('reached');
  if (end === 'exit') setTimeout(() => process.exit(3), 5);
  if (end === 'throw') {
    setTimeout(() => {
      throw new Error('uncaught on purpose');
    }, 5);
  }
});
