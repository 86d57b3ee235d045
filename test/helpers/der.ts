import type { SpeakerTurn } from '../../lib/types.js';
import { cheapestAssignment } from './assignment.js';

// Diarization error rate as pyannote.metrics defines it: exact intervals instead of frames, overlapped speech scored, labels
// mapped so that the speech they share is longest. It was checked against pyannote.metrics 4.2.0 (see test/unit/der.test.ts).

export interface DerOptions {
  /** Seconds of the recording: [0, duration] is what is scored. */
  duration: number;
  /**
   * Seconds that are not scored on EACH side of a boundary of the reference: NIST's collar (md-eval's -c). pyannote.metrics calls
   * collar the whole width, so that its collar is twice this. Default 0.
   */
  margin?: number;
}

export interface DerCounts {
  /** Seconds of the reference's speech that are scored; overlapped speech counts for each of its speakers. */
  total: number;
  /** Seconds of speech that the hypothesis lacks. */
  missed: number;
  /** Seconds of speech that the hypothesis has too much. */
  falseAlarm: number;
  /** Seconds of speech given to another speaker. */
  confusion: number;
}

export interface Diarized extends DerCounts {
  /** The reference's label for the labels of the hypothesis that share speech with one. */
  mapping: Map<string, string>;
}

export const NO_DER_COUNTS: DerCounts = { total: 0, missed: 0, falseAlarm: 0, confusion: 0 };

export function addDerCounts(a: DerCounts, b: DerCounts): DerCounts {
  return {
    total: a.total + b.total,
    missed: a.missed + b.missed,
    falseAlarm: a.falseAlarm + b.falseAlarm,
    confusion: a.confusion + b.confusion,
  };
}

/** Errors per second of the reference's speech. Of an empty reference: 0 without errors, else 1 (as pyannote.metrics has it). */
export function errorRate(counts: DerCounts): number {
  const wrong = counts.missed + counts.falseAlarm + counts.confusion;
  return counts.total > 0 ? wrong / counts.total : wrong > 0 ? 1 : 0;
}

/** pyannote.core holds a segment this short (in seconds) for empty. */
const EMPTY = 1e-6;

type Side = 'reference' | 'hypothesis' | 'unscored';
type Active = Map<string, number>;

/** A stretch within which nothing changes: how often each label is active. */
interface Stretch {
  seconds: number;
  reference: [label: string, times: number][];
  hypothesis: [label: string, times: number][];
}

function stretches(
  reference: readonly SpeakerTurn[],
  hypothesis: readonly SpeakerTurn[],
  duration: number,
  margin: number,
): Stretch[] {
  const events: { at: number; side: Side; label: string; change: 1 | -1 }[] = [];
  const add = (side: Side, label: string, start: number, end: number) => {
    const [from, to] = [Math.max(0, start), Math.min(duration, end)];
    if (to - from > EMPTY) events.push({ at: from, side, label, change: 1 }, { at: to, side, label, change: -1 });
  };
  for (const { start, end, speaker } of reference) {
    add('reference', speaker, start, end);
    if (margin > 0 && end - start > EMPTY) {
      for (const edge of [start, end]) add('unscored', '', edge - margin, edge + margin);
    }
  }
  for (const { start, end, speaker } of hypothesis) add('hypothesis', speaker, start, end);
  events.sort((a, b) => a.at - b.at);

  const active: Record<Side, Active> = { reference: new Map(), hypothesis: new Map(), unscored: new Map() };
  const found: Stretch[] = [];
  let last = 0;
  for (const { at, side, label, change } of events) {
    const seconds = at - last;
    if (seconds > 0 && active.unscored.size === 0 && active.reference.size + active.hypothesis.size > 0) {
      found.push({ seconds, reference: [...active.reference], hypothesis: [...active.hypothesis] });
    }
    last = at;
    const times = (active[side].get(label) ?? 0) + change;
    if (times > 0) active[side].set(label, times);
    else active[side].delete(label);
  }
  return found;
}

/** Labels of the hypothesis to labels of the reference, one to one, so that the speech they share is longest. */
function bestMapping(parts: readonly Stretch[]): Map<string, string> {
  const labels = (side: 'reference' | 'hypothesis') => [
    ...new Set(parts.flatMap((part) => part[side].map(([label]) => label))),
  ];
  const [references, hypotheses] = [labels('reference').sort(), labels('hypothesis').sort()];
  const shared = hypotheses.map(() => references.map(() => 0));
  for (const part of parts) {
    for (const [hypothesis, a] of part.hypothesis) {
      const row = shared[hypotheses.indexOf(hypothesis)] as number[];
      for (const [reference, b] of part.reference) {
        const column = references.indexOf(reference);
        row[column] = (row[column] as number) + part.seconds * a * b;
      }
    }
  }
  const mapping = new Map<string, string>();
  const assigned = cheapestAssignment(shared.map((row) => row.map((seconds) => -seconds)));
  for (const [h, r] of assigned.entries()) {
    if (r >= 0 && (shared[h]?.[r] as number) > 0) mapping.set(hypotheses[h] as string, references[r] as string);
  }
  return mapping;
}

const times = (labels: readonly [string, number][]) => labels.reduce((sum, [, count]) => sum + count, 0);

/** Compares who spoke when with the truth. */
export function compareTurns(
  reference: readonly SpeakerTurn[],
  hypothesis: readonly SpeakerTurn[],
  { duration, margin = 0 }: DerOptions,
): Diarized {
  const parts = stretches(reference, hypothesis, duration, margin);
  const mapping = bestMapping(parts);
  const counts = { ...NO_DER_COUNTS };
  for (const part of parts) {
    const [spoken, found] = [times(part.reference), times(part.hypothesis)];
    let right = 0;
    for (const [label, count] of part.hypothesis) {
      const truth = mapping.get(label);
      right += Math.min(count, part.reference.find(([name]) => name === truth)?.[1] ?? 0);
    }
    counts.total += part.seconds * spoken;
    counts.missed += part.seconds * Math.max(0, spoken - found);
    counts.falseAlarm += part.seconds * Math.max(0, found - spoken);
    counts.confusion += part.seconds * (Math.min(spoken, found) - right);
  }
  return { ...counts, mapping };
}
