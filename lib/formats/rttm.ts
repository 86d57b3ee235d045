import { HearkenError } from '../errors.js';
import type { SpeakerTurn, Transcript } from '../types.js';
import { toMs } from './time.js';

/** A name as one field: RTTM parts its fields at white space and has no quotes, so underscores stand in for spaces. */
export function rttmField(name: string): string {
  return name
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .replaceAll(' ', '_');
}

/** Fields for speakers: two that differ only in their spaces must not become one person. */
function speakerFields(turns: readonly SpeakerTurn[]): Map<string, string> {
  const fields = new Map<string, string>();
  const labels = new Set(turns.map(({ speaker }) => speaker));
  const taken = new Set<string>();
  // Those that can stay as they are come first: it is the others that give way.
  for (const label of [...labels].sort((a, b) => Number(rttmField(a) !== a) - Number(rttmField(b) !== b))) {
    const base = rttmField(label) || 'speaker';
    let name = base;
    for (let n = 2; taken.has(name); n++) name = `${base}_${n}`;
    taken.add(name);
    fields.set(label, name);
  }
  return fields;
}

/** Turns as RTTM, one SPEAKER line each. `uri` is the name of the recording, the second field. */
export function formatRttm(turns: readonly SpeakerTurn[], uri = 'audio'): string {
  if (typeof uri !== 'string' || rttmField(uri) === '') {
    throw new HearkenError('ERR_INVALID_ARG', 'RTTM needs a name for the recording: give a string that is not blank');
  }
  const speakers = speakerFields(turns);
  const seconds = (ms: number) => (ms / 1000).toFixed(3);
  const lines = turns.flatMap(({ start, end, speaker }) => {
    const startMs = toMs(start);
    const lengthMs = toMs(end) - startMs;
    if (lengthMs <= 0) return []; // too short to be written, and a length of 0 is not valid
    const name = speakers.get(speaker) as string;
    return [`SPEAKER ${rttmField(uri)} 1 ${seconds(startMs)} ${seconds(lengthMs)} <NA> <NA> ${name} <NA> <NA>\n`];
  });
  return lines.join('');
}

/** RTTM of a transcript: only who speaks when, so nothing where nobody told the speakers apart. */
export function toRTTM(transcript: Transcript, uri?: string): string {
  if (transcript.turns === undefined) {
    throw new HearkenError(
      'ERR_INVALID_ARG',
      'RTTM lists who speaks when, and this result has no turns: transcribe without diarize: false',
    );
  }
  return formatRttm(transcript.turns, uri);
}
