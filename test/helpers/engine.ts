import type { ExecutionContext } from 'ava';
import { binding } from '../../lib/binding.js';
import type { HearkenError, HearkenErrorCode } from '../../lib/errors.js';
import { resources } from '../../lib/index.js';
import type { Segment, Transcript } from '../../lib/types.js';

// What a job used is freed with it: each test looks at what is left.
resources.idleTimeoutMs = 0;

/** Nothing native is left: no job, model, state, planner, and not a byte. */
export function assertIdle(t: ExecutionContext, message = 'nothing native is left'): void {
  const { decodes, encodes, segmented, embedded, ...live } = binding().counters();
  t.deepEqual(
    { ...live, ...nativeBytes() },
    {
      liveJobs: 0,
      liveModels: 0,
      liveStates: 0,
      livePlanners: 0,
      liveDiarizers: 0,
      liveDiarizations: 0,
      weights: 0,
      states: 0,
      audio: 0,
      diarization: 0,
    },
    message,
  );
}

export function nativeBytes(): Record<string, number> {
  return Object.fromEntries(Object.entries(binding().memory()).map(([kind, { bytes }]) => [kind, bytes]));
}

/** What every transcript keeps: segments and words in order, inside the range, not overlapping; coverage without gaps. */
export function assertSound(t: ExecutionContext, transcript: Transcript, range?: { start: number; end: number }): void {
  const { start, end } = range ?? { start: 0, end: transcript.duration };
  let at = start;
  transcript.segments.forEach((segment: Segment, id) => {
    t.is(segment.id, id);
    t.true(segment.start >= at, `segment ${id} begins at ${segment.start}, before ${at}`);
    t.true(segment.end >= segment.start && segment.end <= end, `segment ${id} ends at ${segment.end} of ${end}`);
    t.not(segment.text.trim(), '');
    t.true(Number.isFinite(segment.avgLogprob) && segment.avgLogprob <= 0, `avgLogprob ${segment.avgLogprob}`);
    t.true(segment.noSpeechProb >= 0 && segment.noSpeechProb <= 1, `noSpeechProb ${segment.noSpeechProb}`);
    let wordAt = segment.start;
    for (const word of segment.words ?? []) {
      t.true(word.start >= wordAt, `"${word.text}" begins at ${word.start}, before ${wordAt}`);
      t.true(word.end >= word.start && word.end <= segment.end, `"${word.text}" ends at ${word.end} of ${segment.end}`);
      t.true(word.probability >= 0 && word.probability <= 1, `probability ${word.probability}`);
      wordAt = word.end;
    }
    at = segment.end;
  });
  let covered = start;
  for (const span of transcript.coverage) {
    t.is(span.start, covered, `a gap or an overlap in the coverage at ${covered}`);
    t.true(span.end > span.start, `an empty span at ${span.start}`);
    covered = span.end;
  }
  t.is(covered, end, 'the coverage reaches to the end');
}

/** Rejects with a HearkenError of this code, whose message is there for people. */
export async function rejects(
  t: ExecutionContext,
  code: HearkenErrorCode,
  run: () => PromiseLike<unknown> | unknown,
  message?: string,
): Promise<HearkenError> {
  const error = await t.throwsAsync(async () => run(), { name: 'HearkenError' }, message);
  t.is((error as HearkenError | undefined)?.code, code, `${message ?? ''} ${error?.message}`);
  t.regex(error?.message ?? '', /\w+ \w+/);
  return error as HearkenError;
}
