// The same JSON bytes whatever the number of workers, run after run.
import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { CLI, options, provenance, shared, stop, table, verdict, workFolder } from './lib/common.mjs';
import { measureOk } from './lib/measure.mjs';

const opts = options(
  'npm run bench -- determinism [FILE …] [options]',
  {
    workers: { type: 'string', default: '1,2,3', help: 'numbers of workers to compare' },
    runs: { type: 'string', default: '3', help: 'runs with each' },
    end: { type: 'string', help: 'stop at this second of the audio' },
    hearken: { type: 'string', default: '', help: 'further arguments for hearken, separated by spaces' },
  },
  { positionals: true },
);
const workers = opts.workers.split(',');
const runs = Number(opts.runs);
if (!(runs >= 1)) stop(`--runs must be a number of at least 1, not '${opts.runs}'.`);
const files =
  opts.files.length > 0
    ? opts.files.map((file) => resolve(file))
    : [await shared('audio', 'made', 'meeting_20min.flac')];
const folder = workFolder('determinism');
const more = [...(opts.end ? ['--end', opts.end] : []), ...opts.hearken.split(' ').filter(Boolean)];

console.log(`${provenance()}\n`);
const rows = [];
let equal = true;
for (const file of files) {
  const hashes = new Set();
  // Runs outside, workers inside: a drift over time would show as well.
  for (let run = 1; run <= runs; run++) {
    for (const count of workers) {
      const out = join(folder, `out-${process.pid}.json`);
      const args = [CLI, 'transcribe', file, '--workers', count, '--quiet', '-f', 'json', '-o', out, ...more];
      const { wall } = await measureOk(process.execPath, args, { cwd: folder });
      const bytes = readFileSync(out);
      rmSync(out);
      const hash = createHash('sha256').update(bytes).digest('hex');
      hashes.add(hash);
      rows.push([basename(file), count, run, bytes.length, hash.slice(0, 16), wall.toFixed(1)]);
      console.error(`${basename(file)}, ${count} workers, run ${run}: ${hash.slice(0, 16)}`);
    }
  }
  equal &&= hashes.size === 1;
}
console.log(table(['file', 'workers', 'run', 'bytes', 'SHA-256 (first 16)', 'wall s'], rows));
console.log(
  `\n${verdict(equal, `the same JSON bytes from ${rows.length} runs (${workers.join(', ')} workers, ${runs} each)`)}`,
);
