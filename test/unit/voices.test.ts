import test from 'ava';
import type { NativeSpeakers } from '../../lib/binding.js';
import { labelled, TurnList } from '../../lib/pipeline/voices.js';

const unit = (i: number) => Float32Array.from({ length: 192 }, (_, k) => (k === i ? 1 : 0));
const nobody = { numSpeakers: 0, minSpeakers: 0, maxSpeakers: 0, channels: false, voiceThreshold: 0.5 };
const found = (...voices: Float32Array[]): NativeSpeakers => ({
  turns: voices.map((_, speaker) => ({ begin: speaker * 16_000, end: (speaker + 1) * 16_000, speaker })),
  exclusiveTurns: [],
  speakers: voices.map((embedding) => ({ samples: 16_000, embedding })),
});

test('turns of one label that meet become one; what comes late and lies before is kept', (t) => {
  const list = new TurnList();
  list.push([
    { start: 7, end: 8, speaker: 'A' },
    { start: 8, end: 9, speaker: 'A' },
    { start: 8.5, end: 10, speaker: 'B' },
  ]);
  list.push([
    { start: 0, end: 3, speaker: 'A' },
    { start: 9, end: 9.5, speaker: 'A' },
  ]);
  t.deepEqual(list.turns, [
    { start: 7, end: 9.5, speaker: 'A' },
    { start: 8.5, end: 10, speaker: 'B' },
    { start: 0, end: 3, speaker: 'A' },
  ]);
  t.deepEqual(
    list.near(39, 40).map(({ speaker }) => speaker),
    ['A', 'B'],
  );
});

test('strangers are counted past known voices; two that sound like the same voice are one', (t) => {
  const voices = new Map([['Ada', unit(1)]]);
  const track = labelled(found(unit(0), unit(1), unit(2), unit(1)), 32_000, { ...nobody, voices });
  t.deepEqual(
    track.turns.map(({ start, end, speaker }) => [start, end, speaker]),
    [
      [2, 3, 'SPEAKER_00'],
      [3, 4, 'Ada'],
      [4, 5, 'SPEAKER_01'],
      [5, 6, 'Ada'],
    ],
  );
  t.deepEqual(
    track.speakers.map(({ label, seconds }) => [label, seconds]),
    [
      ['SPEAKER_00', 1],
      ['Ada', 2],
      ['SPEAKER_01', 1],
    ],
  );
});

test('a speaker without a voice is nobody that is known, whatever the threshold', (t) => {
  const voices = new Map([['Ada', unit(1)]]);
  const { speakers } = labelled(found(new Float32Array(192)), 0, { ...nobody, voices, voiceThreshold: -1 });
  t.deepEqual(speakers[0]?.label, 'SPEAKER_00');
});
