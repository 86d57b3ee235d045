// npm run bench -- NAME [options]
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './lib/common.mjs';

const BENCHES = {
  long: 'an hour of speech: memory, time and WER against whisper-cli with the same weights',
  determinism: 'the same JSON bytes whatever the number of workers, run after run',
  abort: 'time from abort() to the end of a job, over many tries',
  wer: 'word error rates over the shared recordings, by corpus and language',
  diarization: 'diarization alone: time, memory and error rate beside sherpa-onnx with the same nets',
  voices: 'cosines of clips of the same and of different speakers: where to put voiceThreshold',
  formats: 'the same words from every container; what becomes of malformed files',
  words: 'how well word timestamps lie inside the utterances they belong to',
  limits: 'an hour of speech under memory limits: finished within it, or refused at once',
  prediction: 'what model files predict of memory, beside what the ledger says once they are loaded',
  cache: 'an hour of speech again, from what was kept: how much faster, and what keeping costs',
  'build-whisper-cli': "builds upstream's whisper-cli, the peer of the others",
};

const [name, ...rest] = process.argv.slice(2);
if (name === undefined || name === '--help' || name === '-h') {
  console.log('usage: npm run bench -- NAME [options]      (NAME --help lists the options)');
  for (const [bench, what] of Object.entries(BENCHES)) console.log(`  ${bench.padEnd(18)} ${what}`);
} else if (!Object.hasOwn(BENCHES, name)) {
  console.error(`bench: there is no '${name}'; there are ${Object.keys(BENCHES).join(', ')}.`);
  process.exitCode = 2;
} else {
  const run = spawnSync(process.execPath, [join(ROOT, 'bench', `${name}.mjs`), ...rest], { stdio: 'inherit' });
  if (run.error) throw run.error;
  process.exitCode = run.status ?? 1;
}
