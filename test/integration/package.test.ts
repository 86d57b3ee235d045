import test from 'ava';
import { assertEnded, runNode } from '../helpers/child.js';
import { JFK_TEXT } from '../helpers/speech.js';
import { wordErrorRate } from '../helpers/wer.js';

// The package by its own name, as a user has it, from both kinds of module.

const PRINT = `.transcribe('examples/jfk.wav').then((result) => console.log(result.text))`;

for (const [kind, args] of [
  ['import()', ['--input-type=module', '-e', `(await import('hearken'))${PRINT}`]],
  ['import() from CommonJS', ['--input-type=commonjs', '-e', `import('hearken').then((h) => h${PRINT})`]],
  ['require()', ['--input-type=commonjs', '-e', `require('hearken')${PRINT}`]],
] as const) {
  test.serial(`${kind} gives a working package`, async (t) => {
    const ended = await runNode(args);
    // Node 20 and 22 before 22.13 warn that require() of a module is experimental.
    assertEnded(t, ended, 0, kind, /^$|ExperimentalWarning/);
    t.is(wordErrorRate(JFK_TEXT, ended.stdout), 0, ended.stdout);
  });
}

test.serial('what is exported is what is meant to be', async (t) => {
  const script = `import * as h from 'hearken'; console.log(JSON.stringify(Object.keys(h).sort()));`;
  const ended = await runNode(['--input-type=module', '-e', script]);
  t.deepEqual(JSON.parse(ended.stdout), [
    'DIARIZATION_FORMATS',
    'HearkenError',
    'OUTPUT_FORMATS',
    'PipelineSession',
    'ResourceManager',
    'cacheInfo',
    'cancelJob',
    'cleanCache',
    'cleanupResources',
    'dataFolder',
    'deleteJob',
    'diarize',
    'enroll',
    'listJobs',
    'listModels',
    'loadDiarizer',
    'loadWhisperModel',
    'modelPath',
    'modelsFolder',
    'pullModel',
    'resetCache',
    'resources',
    'resumeJob',
    'setMemoryLimit',
    'showJob',
    'transcribe',
    'transcribeChunked',
    'verifyModel',
  ]);
  const inner = await runNode(['--input-type=module', '-e', `await import('hearken/dist/lib/binding.js')`]);
  t.is(inner.code, 1);
  t.regex(inner.stderr, /ERR_PACKAGE_PATH_NOT_EXPORTED/);
});
