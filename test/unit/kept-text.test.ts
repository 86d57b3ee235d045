import test from 'ava';
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

async function begun(folder: string): Promise<{ shelf: Shelf; text: KeptText }> {
  const shelf = await Shelf.open({ mode: 'write', force: false, folder, limit: 0 });
  await shelf.begin({ kind: 'transcribe', request: 'request', options: {}, models: {} }, () => {});
  return { shelf, text: new KeptText(shelf, { whisper: 'model' }) };
}

test('the same sound twice in one job is decoded once, and its text is moved to where it is heard', async (t) => {
  const { shelf, text } = await begun(folder(t));
  const first = await text.claim(chunkAt(0, 0), DECODE_OPTIONS);
  const second = await text.claim(chunkAt(1, 30 * SECOND), DECODE_OPTIONS);
  if (!('ours' in first) || !('theirs' in second)) return t.fail('one is ours, the other waits for it');
  const waiting = second.theirs();
  await first.ours.keep(resultAt(0));
  await first.ours.end();
  t.deepEqual(await waiting, { result: resultAt(30 * SECOND) });
  t.is(text.reused, 1);
  await shelf.close();
});

test('where nothing came of the first, the second is decoded', async (t) => {
  const { shelf, text } = await begun(folder(t));
  const first = await text.claim(chunkAt(0, 0), DECODE_OPTIONS);
  const second = await text.claim(chunkAt(1, 30 * SECOND), DECODE_OPTIONS);
  if (!('ours' in first) || !('theirs' in second)) return t.fail('one is ours, the other waits for it');
  const waiting = second.theirs();
  await first.ours.end();
  t.true('ours' in (await waiting));
  t.is(text.reused, 0);
  await shelf.close();
});
