// The same package through `require`, from CommonJS.
import hearken = require('hearken');

import type { DiarizationResult, Segment, SpeakerTurn, TranscriptionResult } from 'hearken' with {
  'resolution-mode': 'import',
};

async function main(): Promise<string[]> {
  const { transcribe, transcribeChunked, diarize, enroll, loadDiarizer, HearkenError } = hearken;
  const result: TranscriptionResult = await transcribe('a.wav', { maxWorkers: 1 });
  const texts: string[] = result.segments.map((segment: Segment) => segment.text);
  for await (const event of transcribeChunked('a.wav')) {
    if (event.type === 'done') texts.push(event.result.toText());
  }
  const diarizer = await loadDiarizer();
  const voices = { Ada: await enroll('ada.wav', { diarizer }) };
  const spoken: DiarizationResult = await diarize('a.wav', { voices, diarizer });
  texts.push(...spoken.turns.map(({ speaker }: SpeakerTurn) => speaker));
  await diarizer.close();
  // @ts-expect-error private parts are not exported
  hearken.binding;
  if (!(result instanceof Error)) throw new HearkenError('ERR_INTERNAL', 'never');
  return texts;
}

void main;
