import test, { type ExecutionContext } from 'ava';
import type { NativeChunk, NativeDecodeResult } from '../../lib/binding.js';
import { KeptText } from '../../lib/pipeline/kept-text.js';
import { Shelf } from '../../lib/pipeline/shelf.js';
import { DECODE_OPTIONS } from '../helpers/decode-options.js';
import { folder } from '../helpers/folder.js';

const SECOND = 16_000;

/** The same sound, at another place of the audio. */
function chunkAt(index: number, begin: number): NativeChunk {
  const span = { begin, end: begin + 5 * SECOND };
  return { index, ...span, owned: span, endsInSpeech: false, speech: [span], digest: 'sound', release: () => {} };
}

const resultAt = (begin: number): NativeDecodeResult => ({
  segments: [
    {
      begin: begin + 10,
      end: begin + SECOND,
      text: 'Hello.',
      avgLogprob: -0.5,
      noSpeechProb: 0.25,
      words: [{ begin: begin + 10, end: begin + SECOND, text: 'Hello.', glued: false, probability: 0.75 }],
    },
  ],
  remarks: [{ begin, end: begin + 10, status: 'suppressed', reason: 'why' }],
  windows: 1,
  fallbacks: 0,
});

/** A job that has met the sound twice: the first is its to decode, the second waits for that. */
async function metTwice(t: ExecutionContext) {
  const shelf = await Shelf.open({ mode: 'write', force: false, folder: folder(t), limit: 0 });
  t.teardown(() => shelf.close());
  await shelf.begin({ kind: 'transcribe', request: 'request', options: {}, models: {} }, () => {});
  const text = new KeptText(shelf, { whisper: 'model' });
  const first = await text.claim(chunkAt(0, 0), DECODE_OPTIONS);
  const second = await text.claim(chunkAt(1, 30 * SECOND), DECODE_OPTIONS);
  if (!('ours' in first) || !('theirs' in second)) throw new Error('both are ours, or none is');
  return { text, ours: first.ours, waiting: second.theirs() };
}

test('the same sound twice in one job is decoded once, and its text is moved to where it is heard', async (t) => {
  const { text, ours, waiting } = await metTwice(t);
  await ours.keep(resultAt(0));
  await ours.end();
  t.deepEqual(await waiting, { result: resultAt(30 * SECOND) });
  t.is(text.reused, 1);
});

test('where nothing came of the first, the second is decoded', async (t) => {
  const { text, ours, waiting } = await metTwice(t);
  await ours.end();
  t.true('ours' in (await waiting));
  t.is(text.reused, 0);
});
