import type { NativeDecodeOptions } from '../../lib/binding.js';

/** What the addon is asked for where a test does not ask for something else. */
export const DECODE_OPTIONS: NativeDecodeOptions = {
  language: 'en',
  translate: false,
  words: true,
  beamSize: 1,
  bestOf: 5,
  temperature: 0,
  temperatureIncrement: 0.2,
  initialPrompt: '',
  context: false,
  suppressNonSpeech: true,
  maxSegmentLength: 0,
  threads: 1,
};
