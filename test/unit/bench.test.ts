import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import { runNode } from '../helpers/child.js';
import { REPO } from '../helpers/shared.js';
import { random } from '../helpers/speech.js';

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

test("the soak's slope: a leak of 2 KB a round shows through the noise of resident memory, and no leak shows none", async (t) => {
  const { slope } = (await import(pathToFileURL(join(REPO, 'bench', 'lib', 'slope.mjs')).href)) as {
    slope(values: number[]): { slope: number; error: number };
  };
  t.deepEqual(slope([1, 3, 5, 7]), { slope: 2, error: 0 });
  t.is(slope([1, 2]).error, Number.POSITIVE_INFINITY);
  const next = random(17);
  for (let round = 0; round < 20; round++) {
    // Steps of half a megabyte that last for some samples, as V8's pages come and go, and less on top of them.
    let step = 0;
    const noise = Array.from({ length: 400 }, () => {
      if (next() < 0.1) step = 500e3 * next();
      return step + 100e3 * next();
    });
    const flat = slope(noise);
    t.true(flat.slope - 2 * flat.error <= 1024, JSON.stringify(flat));
    const leaking = slope(noise.map((value, at) => value + 2048 * at));
    t.true(leaking.slope - 2 * leaking.error > 1024, JSON.stringify(leaking));
  }
});
