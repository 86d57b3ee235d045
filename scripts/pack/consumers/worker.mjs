// In a worker thread, where keeping results has to be asked for (docs/cache.md). The main thread loads the package too, afterwards:
// one addon serves both, and counts for both.
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { twice } from './twice.mjs';

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url), { workerData: process.argv[2] });
  const exited = once(worker, 'exit');
  const [answer] = await once(worker, 'message');
  await exited;
  const { resources } = await import('hearken');
  answer.nativeBytes = Math.max(answer.nativeBytes, resources.usage().native.total);
  console.log(JSON.stringify(answer));
} else {
  parentPort.postMessage(await twice(await import('hearken'), workerData, { cache: true }));
}
