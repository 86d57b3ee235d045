// One transcription by whatever runs this script: what it said, with which engine, as JSON.
import { binding } from '../../dist/lib/binding.js';
import { cleanupResources, transcribe } from '../../dist/lib/index.js';

const [file, options] = JSON.parse(process.argv[2]);
const result = await transcribe(file, options);
await cleanupResources();
console.log(
  JSON.stringify({
    level: binding().version.level,
    text: result.text.trim(),
    turns: (result.turns ?? []).map(({ start, end, speaker }) => [start, end, speaker]),
    left: Object.values(binding().memory()).reduce((sum, { bytes }) => sum + bytes, 0),
    runtime: `Node ${process.version} ${process.platform}-${process.arch}`,
  }),
);
