// The same package through `require`, from CommonJS.
import hearken = require('hearken');

import type { Segment, TranscriptionResult } from 'hearken' with { 'resolution-mode': 'import' };

async function main(): Promise<string[]> {
  const { transcribe, transcribeChunked, HearkenError } = hearken;
  const result: TranscriptionResult = await transcribe('a.wav', { maxWorkers: 1 });
  const texts: string[] = result.segments.map((segment: Segment) => segment.text);
  for await (const event of transcribeChunked('a.wav')) {
    if (event.type === 'done') texts.push(event.result.toText());
  }
  // @ts-expect-error private parts are not exported
  hearken.binding;
  if (!(result instanceof Error)) throw new HearkenError('ERR_INTERNAL', 'never');
  return texts;
}

void main;
