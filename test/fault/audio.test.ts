import test from 'ava';
import { binding } from '../../lib/binding.js';
import {
  HearkenError,
  loadWhisperModel,
  type TranscriptionResult,
  transcribe,
  type WhisperModel,
} from '../../lib/index.js';
import { assertSound } from '../helpers/engine.js';
import { audioPath, type ManifestEntry, manifest, sharedTest } from '../helpers/shared.js';
import { JFK_TEXT } from '../helpers/speech.js';
import { wordErrorRate } from '../helpers/wer.js';

// Every malformed file of the shared set, and every container: what its manifest expects, no crash, nothing left.

type Expected =
  | 'ERR_AUDIO_FORMAT'
  /** No words, and no error. */
  | 'empty'
  /** The whole clip, with at most this share of wrong words. */
  | { clip: number }
  /** So many seconds, with these words in it. */
  | { seconds: number; words: RegExp };

const START = /so.*fellow American/i;

const BAD: Record<string, Expected> = {
  'zero_byte.wav': 'ERR_AUDIO_FORMAT',
  'zero_byte.mp3': 'ERR_AUDIO_FORMAT',
  'text.mp3': 'ERR_AUDIO_FORMAT',
  'html.m4a': 'ERR_AUDIO_FORMAT',
  'header_only.wav': 'empty',
  'trunc_data.wav': { seconds: 3.749, words: START },
  'wrong_length_big.wav': { clip: 0 },
  'huge_length.wav': { seconds: 2, words: START },
  'streamed_length_ffff.wav': { clip: 0 },
  'nan_inf_float.wav': { seconds: 11, words: /ask what you can do for your country/i },
  'loud_float.wav': { clip: 0.15 },
  'quiet.wav': { clip: 0.15 },
  'dc_offset.wav': { clip: 0.15 },
  'one_sample.wav': 'empty',
  'hundred_ms.wav': 'empty',
  'sr_zero.wav': 'ERR_AUDIO_FORMAT',
  'sr_1hz.wav': 'ERR_AUDIO_FORMAT',
  'zero_channels.wav': 'ERR_AUDIO_FORMAT',
  'bits_zero.wav': 'ERR_AUDIO_FORMAT',
  'unknown_codec.wav': 'ERR_AUDIO_FORMAT',
  'no_fmt.wav': 'ERR_AUDIO_FORMAT',
  'no_data.wav': 'ERR_AUDIO_FORMAT',
  'chunk_size_overflow.wav': 'ERR_AUDIO_FORMAT',
  'trunc.mp3': { seconds: 3.68, words: START },
  'garbage_middle.mp3': { seconds: 11, words: START },
  'id3_only.mp3': 'ERR_AUDIO_FORMAT',
  'trunc.flac': { seconds: 5.5, words: START },
  'trunc_header.flac': 'ERR_AUDIO_FORMAT',
  'trunc.opus': { seconds: 5, words: START },
  'trunc.m4a': 'ERR_AUDIO_FORMAT',
  'video_only.mp4': 'ERR_AUDIO_FORMAT',
  'silence_60s.wav': 'empty',
  'tone_10s.wav': 'empty',
  '192k.wav': { seconds: 3, words: START },
  'eight_bit.wav': { clip: 0.15 },
  '4khz.wav': { seconds: 11, words: /\w/ },
};

/** Those that only ffmpeg can open. */
const FFMPEG_BAD = new Set(['trunc.opus', 'trunc.m4a', 'video_only.mp4', 'html.m4a']);
const FFMPEG_CONTAINERS = /\.(m4a|aac|opus|webm|mkv|mp4|wma|ac3|caf|au|w64|aiff)$/;

let model: WhisperModel;
test.before(async () => {
  model = await loadWhisperModel();
});
test.after.always(() => model.close());

/** The words of the shared clips that have no transcript in the manifest, or whose clip is cut off before its end. */
const TEXTS: Record<string, { text: string; most: number }> = {
  'one_two_three_stereo_24-bit.wav': { text: 'one two three', most: 0.34 },
  'one_two_three_mono.aiff': { text: 'one two three', most: 0.34 },
  'fw_stereo_diarization.wav': {
    text: 'He began a confused complaint against the wizard, who had vanished behind the curtain on the left.',
    most: 0.3,
  },
};

const hasFfmpeg = await (async () => {
  const { spawnSync } = await import('node:child_process');
  return spawnSync(process.env.HEARKEN_FFMPEG ?? 'ffmpeg', ['-version']).status === 0;
})();

function idleButTheModel() {
  const { liveJobs, liveStates, livePlanners } = binding().counters();
  const { audio, states } = binding().memory();
  return { liveJobs, liveStates, livePlanners, audio: audio.bytes, states: states.bytes };
}

const NOTHING = { liveJobs: 0, liveStates: 0, livePlanners: 0, audio: 0, states: 0 };
const outcomeOf = (entry: ManifestEntry, channel?: number): Promise<TranscriptionResult | HearkenError> =>
  transcribe(audioPath(entry), { model, maxWorkers: 1, ...(channel === undefined ? {} : { channel }) }).catch(
    (error: unknown) => {
      if (error instanceof HearkenError) return error;
      throw error;
    },
  );

const nameOf = (entry: ManifestEntry) => entry.file.replace(/^.*\//, '');
const runs = (needsFfmpeg: boolean) => (needsFfmpeg && !hasFfmpeg ? test.serial.skip : test.serial);
const title = (text: string, needsFfmpeg: boolean) =>
  needsFfmpeg && !hasFfmpeg ? `${text} (skipped: there is no ffmpeg)` : text;

sharedTest.serial('audio/bad/manifest.jsonl', 'every malformed file has an expectation here', (t) => {
  t.deepEqual(manifest('bad').map(nameOf).sort(), Object.keys(BAD).sort());
});

for (const entry of manifest('bad')) {
  const name = nameOf(entry);
  const needsFfmpeg = FFMPEG_BAD.has(name);
  runs(needsFfmpeg)(title(`bad/${name}: ${entry.description}`, needsFfmpeg), async (t) => {
    const expected = BAD[name];
    const outcome = await outcomeOf(entry);
    t.deepEqual(idleButTheModel(), NOTHING);
    const shown = outcome instanceof HearkenError ? `${outcome.code}: ${outcome.message}` : outcome.text;
    if (typeof expected === 'string' && expected !== 'empty') {
      t.true(outcome instanceof HearkenError, `expected ${expected}, got: ${shown}`);
      t.is((outcome as HearkenError).code, expected, shown);
      t.true((outcome as HearkenError).message.includes(name), `the message names the file: ${shown}`);
      return;
    }
    if (outcome instanceof HearkenError) return t.fail(shown);
    assertSound(t, outcome);
    t.notRegex(JSON.stringify(outcome), /null|NaN/);
    if (expected === 'empty') return t.is(outcome.text, '');
    if (expected && 'clip' in expected) {
      t.true(wordErrorRate(JFK_TEXT, outcome.text) <= expected.clip, shown);
      t.true(Math.abs(outcome.duration - 11) < 0.1, `${outcome.duration} s`);
    } else if (expected) {
      t.regex(outcome.text, expected.words);
      t.true(Math.abs(outcome.duration - expected.seconds) < 0.4, `${outcome.duration} s`);
    }
  });
}

for (const entry of manifest('formats')) {
  const name = nameOf(entry);
  const needsFfmpeg = FFMPEG_CONTAINERS.test(name);
  runs(needsFfmpeg)(title(`formats/${name}: ${entry.description}`, needsFfmpeg), async (t) => {
    const outcome = await outcomeOf(entry, name.startsWith('fw_stereo') ? 0 : undefined);
    t.deepEqual(idleButTheModel(), NOTHING);
    if (outcome instanceof HearkenError) return t.fail(`${outcome.code}: ${outcome.message}`);
    assertSound(t, outcome);
    // Some containers only estimate their length, and encoders add a little at both ends.
    t.true(Math.abs(outcome.duration - entry.seconds) < 0.35, `${outcome.duration} s of ${entry.seconds}`);
    const own = TEXTS[name];
    if (own) {
      t.true(wordErrorRate(own.text, outcome.text) <= own.most, outcome.text);
    } else if (entry.clip === 'jfk') {
      t.true(wordErrorRate(JFK_TEXT, outcome.text) <= 0.15, outcome.text);
    } else if (entry.clip === 'sonnet001') {
      // The manifest has the whole sonnet; the clip ends in it.
      t.regex(outcome.text, /fairest creatures we desire increase/i);
    } else {
      t.not(outcome.language, ''); // another language than this model's: only that it is read
    }
  });
}
