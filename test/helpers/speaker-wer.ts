import { cheapestAssignment } from './assignment.js';
import { addCounts, alignWords, countEdits, type EditCounts, errors, NO_COUNTS, normalize } from './wer.js';

// Word errors where it matters who said a word. With the same normaliser as the plain word error rate (wer.ts).

/** Words of one speaker; `speaker` undefined where the hypothesis names none. In the order in which they were said. */
export interface SpokenText {
  speaker?: string | undefined;
  text: string;
}

export interface SpeakerWordErrors {
  /** Edits without regard to speakers, all words in the order in which they were said: WER. */
  words: EditCounts;
  /** Each speaker's words on their own, speakers matched so that the errors are least: cpWER. */
  bySpeaker: EditCounts;
  /** Of the words that the plain alignment pairs (right or substituted), those whose speaker is another: WDER's numerator. */
  confused: number;
  /** The words that the plain alignment pairs: its denominator. */
  paired: number;
  /** The reference's speaker for each speaker of the hypothesis that was matched with one. */
  mapping: Map<string, string>;
}

/** Words that name no speaker are a speaker of their own: they match nobody better than they should. */
const NOBODY = '';

function bySpeaker(spoken: readonly SpokenText[], language: string): Map<string, string[]> {
  const texts = new Map<string, string[]>();
  for (const { speaker = NOBODY, text } of spoken) texts.set(speaker, [...(texts.get(speaker) ?? []), text]);
  // Joined before it is normalised, so that it is no matter where a speaker's words are cut into pieces.
  return new Map([...texts].map(([speaker, parts]) => [speaker, normalize(parts.join(' '), language)]));
}

/** Words one by one with their speaker; what follows each other of one speaker is normalised together. */
function labelled(spoken: readonly SpokenText[], language: string): { words: string[]; speakers: string[] } {
  const words: string[] = [];
  const speakers: string[] = [];
  for (let i = 0; i < spoken.length; ) {
    const speaker = spoken[i]?.speaker ?? NOBODY;
    const run: string[] = [];
    for (; i < spoken.length && (spoken[i]?.speaker ?? NOBODY) === speaker; i++) run.push(spoken[i]?.text as string);
    for (const word of normalize(run.join(' '), language)) {
      words.push(word);
      speakers.push(speaker);
    }
  }
  return { words, speakers };
}

/** Compares a transcript with speakers with the truth. */
export function compareSpeakers(
  reference: readonly SpokenText[],
  hypothesis: readonly SpokenText[],
  language = 'en',
): SpeakerWordErrors {
  const truth = [...bySpeaker(reference, language)];
  const found = [...bySpeaker(hypothesis, language)];

  // Square: who is left over on one side is matched with silence, and all of the words are errors.
  const size = Math.max(truth.length, found.length);
  const edits = Array.from({ length: size }, (_, r) =>
    Array.from({ length: size }, (_, h) => countEdits(truth[r]?.[1] ?? [], found[h]?.[1] ?? [])),
  );
  const assigned = cheapestAssignment(edits.map((row) => row.map(errors)));
  const mapping = new Map<string, string>();
  let total = NO_COUNTS;
  for (const [r, h] of assigned.entries()) {
    total = addCounts(total, edits[r]?.[h] as EditCounts);
    const [to, from] = [truth[r]?.[0], found[h]?.[0]];
    if (to !== undefined && from !== undefined && from !== NOBODY) mapping.set(from, to);
  }

  const [said, heard] = [labelled(reference, language), labelled(hypothesis, language)];
  let confused = 0;
  let paired = 0;
  for (const [i, j] of alignWords(said.words, heard.words).entries()) {
    if (j < 0) continue;
    paired += 1;
    if (mapping.get(heard.speakers[j] as string) !== said.speakers[i]) confused += 1;
  }
  return { words: countEdits(said.words, heard.words), bySpeaker: total, confused, paired, mapping };
}
