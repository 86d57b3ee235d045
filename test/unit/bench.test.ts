import test from 'ava';
import { runNode } from '../helpers/child.js';

test('an evaluation without transcripts refuses a model for them', async (t) => {
  for (const [flags, message] of [
    ['--diarize-only --model base', /--diarize-only transcribes nothing: .*--model/],
    ['--diarize-only --base ggml-base.bin', /--diarize-only transcribes nothing: .*--base/],
    ['--held-out --model base', /--held-out transcribes nothing/],
    ['--no-asr --base ggml-base.bin', /--base is for the set asr/],
  ] as const) {
    const { code, stderr } = await runNode(['bench/eval.mjs', ...flags.split(' ')]);
    t.is(code, 2, flags);
    t.regex(stderr, message);
  }
});
