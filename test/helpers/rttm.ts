import type { SpeakerTurn } from '../../lib/types.js';

// RTTM, the format of who-spoke-when truth: `SPEAKER file channel start duration <NA> <NA> speaker <NA> <NA>`, in seconds.

/** The turns of an RTTM text, in its order. Lines of other types are passed over; a broken SPEAKER line is an error that names it. */
export function parseRttm(text: string): SpeakerTurn[] {
  const turns: SpeakerTurn[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const fields = line.trim().split(/\s+/);
    if (fields[0] !== 'SPEAKER') continue;
    const [start, duration] = [Number(fields[3]), Number(fields[4])];
    const speaker = fields[7];
    if (speaker === undefined || !Number.isFinite(start) || !(duration >= 0)) {
      throw new Error(`RTTM line ${i + 1} is not 'SPEAKER file channel start duration <NA> <NA> speaker …': ${line}`);
    }
    turns.push({ start, end: start + duration, speaker });
  }
  return turns;
}

/** How many different speakers the turns have. */
export const countSpeakers = (turns: readonly SpeakerTurn[]): number => new Set(turns.map((turn) => turn.speaker)).size;
