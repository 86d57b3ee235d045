import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { listJobs } from '../../lib/cache/index.js';
import { hearken, start, wait } from '../helpers/cli-process.js';
import { folder } from '../helpers/folder.js';
import { noisyConversation } from '../helpers/killing.js';
import { CONVERSATION } from '../helpers/speech.js';

// Commands that find what others have kept; processes of their own, the embedded model. Tests as a whole run without a cache.

const jobsOf = (data: string) => listJobs({ dataDir: data });

test.serial('a transcription that was killed goes on by its id, to the same bytes', async (t) => {
  const root = folder(t);
  const data = join(root, 'data');
  const audio = noisyConversation(join(root, 'talk.wav'), 2);
  const flags = ['transcribe', audio, '--chunk-size', '8', '--workers', '1', '--words', '-f', 'json'];
  const whole = await hearken(...flags, '--no-cache');
  t.is(whole.code, 0, whole.err);

  const { child, ended } = start([...flags, '--cache', '--data-dir', data]);
  for (;;) {
    const [job] = await jobsOf(data);
    if ((job?.chunks.done ?? 0) > 0) break;
    await wait(50);
  }
  child.kill('SIGKILL');
  t.is((await ended).signal, 'SIGKILL');
  const [job] = await jobsOf(data);
  t.is(job?.status, 'interrupted');
  t.is(job?.source, audio);
  const id = job?.id ?? '';

  const resumed = await hearken('jobs', 'resume', id, '-f', 'json', '--receipt', '--data-dir', data);
  t.is(resumed.code, 0, resumed.err);
  t.is(resumed.err, '');
  const { receipt, ...transcript } = JSON.parse(resumed.out);
  t.deepEqual(transcript, JSON.parse(whole.out));
  t.true(receipt.reusedChunks > 0 && receipt.reusedChunks < receipt.chunks, JSON.stringify(receipt));

  // Done, it gives its result again, in whatever format.
  t.is((await jobsOf(data))[0]?.status, 'done');
  const output = join(root, 'again.json');
  t.is((await hearken('jobs', 'resume', id.slice(0, 6), '-o', output, '--data-dir', data)).code, 0);
  t.is(readFileSync(output, 'utf8'), whole.out);
  t.regex((await hearken('jobs', 'resume', id, '-f', 'srt', '--data-dir', data)).out, /^1\n00:00:0/);
});

test.serial('diarize: kept, found by the same call, resumed by id, and computed again by force', async (t) => {
  const data = folder(t);
  const flags = ['diarize', CONVERSATION, '--data-dir', data, '--cache'];
  const first = await hearken(...flags);
  t.is(first.code, 0, first.err);
  const [job] = await jobsOf(data);
  t.is(job?.kind, 'diarize');
  t.is((await hearken(...flags)).out, first.out);
  t.is((await jobsOf(data)).length, 1, 'the same job');
  t.is((await hearken('jobs', 'resume', job?.id ?? '', '--data-dir', data)).out, first.out);
  t.is((await hearken(...flags, '--force')).out, first.out);
});

test.serial('--cache-readonly keeps nothing', async (t) => {
  const data = folder(t);
  const read = await hearken('diarize', CONVERSATION, '--cache-readonly', '--data-dir', data);
  t.is(read.code, 0, read.err);
  t.deepEqual(await jobsOf(data), []);
  t.regex((await hearken('cache', 'info', '--data-dir', data)).out, /none yet/);
});
