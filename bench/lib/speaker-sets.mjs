// The recordings that speakers are scored on, their truth, and what the reference pipeline reaches on them.
import { readFileSync } from 'node:fs';
import { fromDist } from './common.mjs';

const { parseRttm } = await fromDist('test/helpers/rttm.js');
const { parseStm } = await fromDist('test/helpers/stm.js');

/** Not scored: their labels lack most of what is heard (the manifest says so). */
export const UNSCORED = ['pya_trn01', 'pya_trn02'];

/**
 * The reference pipeline (hop 2.5 s, threshold 0.65), from the table of the shared data's diarization.md: DER in % without and
 * with 0.25 s left out on each side of a boundary, speakers found. Scored there in frames of 10 ms: up to 0.2 points from here.
 */
export const REFERENCE = {
  conv2_a: [10.3, 6.8, 2],
  conv2_b: [2.8, 0.6, 2],
  conv3_a: [3.6, 1.1, 3],
  conv3_b: [6.7, 2.8, 3],
  conv4_a: [9.2, 6.9, 5],
  conv5_a: [5.3, 2.3, 5],
  ami_EN2001: [27.1, 13.2, 3],
  ami_6clips: [25.4, 16.6, 8],
  many10: [6.6, 3.8, 10],
  pya_dev00: [23.3, 13.8, 2],
  pya_dev01: [63.2, 53.6, 4],
  pya_trn00: [49.1, 33.0, 2],
  pya_trn03: [0.2, 0.0, 2],
  pya_trn06: [18.4, 14.5, 1],
  pya_trn09: [8.3, 5.9, 2],
  pya_sample: [4.1, 0.0, 2],
  pv_falcon: [2.1, 0.0, 3],
  pv_leopard: [12.6, 10.8, 3],
};

/** Two channels, one side of the call each: scored once more with `diarize: 'channels'`. */
export const BY_CHANNEL = 'call2_stereo';
const LONG = 'long_en';

/** All that can be scored: { id, set, file, seconds, speakers, turns, utterances (undefined without a transcript) }. */
export function speakerSets({ sharedPath, manifest }, { long = false } = {}) {
  const read = (path) => readFileSync(sharedPath('audio', path), 'utf8');
  return ['made', 'diar'].flatMap((set) =>
    manifest(set)
      .filter((entry) => !UNSCORED.includes(entry.id) && (long || entry.id !== LONG))
      .map((entry) => {
        const utterances = entry.stm && parseStm(read(entry.stm));
        return {
          id: entry.id,
          set,
          file: sharedPath('audio', entry.file),
          seconds: entry.seconds,
          language: entry.language,
          speakers: entry.n_speakers,
          turns: parseRttm(read(entry.rttm)),
          utterances: utterances?.some((utterance) => utterance.text !== '') ? utterances : undefined,
        };
      }),
  );
}
