// What a transcription takes of memory: before, at its peak, after, and after cleanup.
//
//   node --expose-gc examples/memory-profile.mjs [file]
//
// The memory of the process is its resident set, as the operating system counts it. JavaScript's own heap is in it, and
// breathes by ten megabytes or so; with --expose-gc it is collected before each look, so that the rest can be told from it.
import { cleanupResources, resources, transcribeChunked } from 'hearken';

const file = process.argv[2] ?? new URL('jfk.wav', import.meta.url);
const used = () => {
  globalThis.gc?.();
  return resources.usage().rss / 2 ** 20;
};

// What runs for the first time loads code and starts threads, once, and keeps a few megabytes for that: a first run that is
// not counted shows what each further one takes and gives back.
console.log(`Memory usage at the start: ${used().toFixed(2)} MB`);
await transcribeChunked(file);
await cleanupResources();

// Memory before.
const before = used();
console.log(`Memory usage before: ${before.toFixed(2)} MB`);

// Process the file, and look while it runs.
let seen = 0;
const { receipt } = await transcribeChunked(file, { onMemory: ({ rss }) => (seen = Math.max(seen, rss / 2 ** 20)) });
console.log(`Memory usage at its peak: ${Math.max(seen, receipt.rssPeak / 2 ** 20).toFixed(2)} MB`);

// Memory after: models and workers are kept for the next job for a while.
console.log(`Memory usage after: ${used().toFixed(2)} MB`);

// Clean up: when this resolves, the memory is the system's again.
const { freedBytes } = await cleanupResources();
const after = used();
console.log(
  `Memory usage after cleanup: ${after.toFixed(2)} MB (${(freedBytes / 2 ** 20).toFixed(2)} MB of native memory freed)`,
);
console.log(
  `More than before: ${(after - before).toFixed(2)} MB; native memory left: ${resources.usage().native.total} bytes`,
);
