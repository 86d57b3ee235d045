// One diarization in a process of its own, to be measured: JSON of its turns on standard output.
//   node diarize-child.mjs AUDIO THREADS
import { fromDist } from './common.mjs';

const [file, threads] = process.argv.slice(2);
const { diarize } = await fromDist('lib/index.js');
const { turns, duration } = await diarize(file, { threads: Number(threads) });
process.stdout.write(JSON.stringify({ duration, turns }));
