import type { NativeSpeakers, NativeTurn } from '../binding.js';
import type { Speaker, SpeakerTrack, SpeakerTurn } from '../types.js';
import type { SpeakerJob } from './speaker-options.js';
import { seconds } from './time.js';

/** SPEAKER_00, SPEAKER_01, … */
export const labelOf = (speaker: number): string => `SPEAKER_${String(speaker).padStart(2, '0')}`;

/**
 * The native result in seconds and with labels: known voices by name, the others counted in order of first speech, or by
 * their channel. Two speakers that both sound like the same known voice are one. A channel without speech is none.
 */
export function labelled(native: NativeSpeakers, begin: number, job: SpeakerJob): SpeakerTrack {
  const names = native.speakers.map(({ embedding }) => nearestVoice(embedding, job));
  let unknown = 0;
  const labels = names.map((name, channel) => name ?? labelOf(job.channels ? channel : unknown++));
  const turn = ({ begin: from, end, speaker }: NativeTurn): SpeakerTurn => ({
    start: seconds(begin + from),
    end: seconds(begin + end),
    speaker: labels[speaker] as string,
  });
  const turns = new TurnList().push(native.turns.map(turn)).turns;
  const embeddings = new Map<string, Float32Array>();
  native.speakers.forEach(({ embedding, samples }, speaker) => {
    if (samples === 0) return;
    const label = labels[speaker] as string;
    const sum = embeddings.get(label) ?? new Float32Array(embedding.length);
    embedding.forEach((value, i) => {
      sum[i] = (sum[i] as number) + value * samples;
    });
    embeddings.set(label, sum);
  });
  const speakers = [...embeddings].map(([label, sum]): Speaker => {
    const norm = Math.hypot(...sum) || 1;
    const length = turns
      .filter(({ speaker }) => speaker === label)
      .reduce((total, { start, end }) => total + end - start, 0);
    return {
      label,
      seconds: Math.round(length * 1000) / 1000,
      embedding: Array.from(sum, (value) => Math.round((value / norm) * 1e6) / 1e6),
    };
  });
  return { speakers, turns, exclusiveTurns: new TurnList().push(native.exclusiveTurns.map(turn)).turns };
}

/** The known voice that this one is nearest to, if it is near enough. */
function nearestVoice(embedding: Float32Array, { voices, voiceThreshold }: SpeakerJob): string | undefined {
  if (embedding.every((value) => value === 0)) return undefined; // too little speech for a voice
  let best: string | undefined;
  let most = voiceThreshold;
  for (const [name, voice] of voices) {
    const cosine = embedding.reduce((sum, value, i) => sum + value * (voice[i] as number), 0);
    if (cosine >= most) {
      best = name;
      most = cosine;
    }
  }
  return best;
}

/** Turns in order of start, those of one label that meet or overlap made one. */
export class TurnList {
  readonly turns: SpeakerTurn[] = [];
  readonly #last = new Map<string, SpeakerTurn>();

  push(turns: readonly SpeakerTurn[]): this {
    for (const turn of turns) {
      const before = this.#last.get(turn.speaker);
      if (before && turn.start >= before.start && turn.start <= before.end) {
        before.end = Math.max(before.end, turn.end);
        continue;
      }
      const own = { ...turn };
      // Provisional turns may come late: what lies before is no continuation of what came after.
      if (!before || own.start >= before.start) this.#last.set(turn.speaker, own);
      this.turns.push(own);
    }
    return this;
  }

  /** The turns that can matter for a stretch: those within half a minute of it. */
  near(from: number, to: number): SpeakerTurn[] {
    return this.turns.filter(({ start, end }) => end >= from - 30 && start <= to + 30);
  }
}
