// The main thread exits while a worker_thread decodes.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { childScript } from '../../helpers/child.js';

const [delay = '0'] = process.argv.slice(2);
const worker = new Worker(childScript('worker'), { workerData: { times: 6 } });
for (;;) {
  const [message] = (await once(worker, 'message')) as [{ ready?: string }];
  if (message.ready === 'decoding') break;
}
setTimeout(() => {
  console.log('go');
  process.exit(9);
}, Number(delay));
