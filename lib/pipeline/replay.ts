import type { NativeCancelToken, NativeDecodeResult } from '../binding.js';
import type { PlanRow } from '../cache/index.js';
import type { Result } from '../result.js';
import type { SpeakerTrack } from '../types.js';
import type { Kept } from './kept.js';
import type { Decoded } from './scheduler.js';
import { samples } from './time.js';
import { type Telling, tell, type Voices } from './transcript.js';
import { labelled } from './voices.js';

/**
 * The result of a job that was finished before, over the same bytes: from what is kept, by the same way as the first time,
 * without opening the audio. undefined where there is none, or where not all of it is there any more.
 */
export async function replay(
  kept: Kept,
  telling: Pick<Telling, 'job' | 'emit' | 'signal' | 'onProgress'>,
  cancel: NativeCancelToken,
): Promise<Result | undefined> {
  const { job } = telling;
  const earlier = await kept.earlier(cancel);
  if (!earlier) return undefined;
  const { id, plan, outcome } = earlier;
  let voices: Voices | undefined;
  if (job.diarize !== false) {
    const native = outcome.speakers === undefined ? undefined : await kept.voices.speakersAt(outcome.speakers);
    if (!native) return undefined;
    voices = known(labelled(native, samples(job.start), job.speakers));
  }
  const results = await kept.text.all(plan);
  if (!results) return undefined;
  const { language, probability, position, duration } = outcome;
  const result = await tell({
    ...telling,
    chunks: () => decoded(plan, results),
    voices,
    spoken: probability === undefined ? { language } : { language, probability },
    audio: { position: () => position, duration },
    onChunk: async () => {},
  });
  await kept.used(id);
  return result;
}

/** As the scheduler gives them. */
async function* decoded(plan: readonly PlanRow[], results: readonly NativeDecodeResult[]): AsyncGenerator<Decoded> {
  for (const [i, { index, begin, end, ownedBegin, ownedEnd, endsInSpeech }] of plan.entries()) {
    const chunk = { index, begin, end, owned: { begin: ownedBegin, end: ownedEnd }, endsInSpeech };
    yield { chunk, result: results[i] as NativeDecodeResult };
  }
}

function known(track: SpeakerTrack): Voices {
  return {
    settled: async () => {},
    turnsNear: (from, to) => track.turns.filter(({ start, end }) => end >= from && start <= to),
    finish: async () => track,
  };
}
