// What a user of TypeScript writes, as an ES module.
import { HearkenError, type Segment, type TranscriptionResult, transcribe, transcribeChunked } from 'hearken';

const result: TranscriptionResult = await transcribe('a.wav', { minSpeakers: 2 });
const segment: Segment | undefined = result.segments[0];
export const speaker: string | undefined = segment?.speaker;

try {
  for await (const event of transcribeChunked('a.wav', { words: true })) {
    if (event.type === 'segment') console.log(event.segment.start.toFixed(2));
  }
} catch (error) {
  if (error instanceof HearkenError && error.code === 'ERR_BINDING') console.error(error.message);
}

// @ts-expect-error There is no such option: the types say so, instead of being `any`.
await transcribe('a.wav', { minSpeaker: 2 });
