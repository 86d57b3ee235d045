import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { DIARIZATION_FORMATS } from '../../lib/formats/index.js';
import { formatRttm } from '../../lib/formats/rttm.js';
import { SpeakerResult } from '../../lib/result.js';
import { folder } from '../helpers/folder.js';

const TURNS = [
  { start: 0.0004, end: 2, speaker: 'Ada' },
  { speaker: 'SPEAKER_00', end: 3.25, start: 1.5 },
];
const FOUND = new SpeakerResult({
  exclusiveTurns: [{ start: 0, end: 1.23456, speaker: 'Ada' }],
  turns: TURNS,
  speakers: [{ embedding: [0.12345678, -0.0000001], seconds: 1.23456, label: 'Ada' }],
  duration: 4.00049,
});

test('plain data: keys in order, rounded, and nothing shared with the result', (t) => {
  const plain = FOUND.toJSON();
  t.is(
    JSON.stringify(plain),
    '{"duration":4,"speakers":[{"label":"Ada","seconds":1.235,"embedding":[0.123457,0]}],' +
      '"turns":[{"start":0,"end":2,"speaker":"Ada"},{"start":1.5,"end":3.25,"speaker":"SPEAKER_00"}],' +
      '"exclusiveTurns":[{"start":0,"end":1.235,"speaker":"Ada"}]}',
  );
  t.is(Object.getPrototypeOf(plain), Object.prototype);
  t.not(plain.turns[1], FOUND.turns[1]);
  t.is(JSON.stringify({ a: FOUND }), `{"a":${JSON.stringify(plain)}}`);
  t.deepEqual(new SpeakerResult(plain).toJSON(), plain);
});

test('its formats', (t) => {
  t.deepEqual(DIARIZATION_FORMATS, ['rttm', 'json']);
  t.is(FOUND.format('json'), `${JSON.stringify(FOUND.toJSON(), null, 2)}\n`);
  t.is(FOUND.format('rttm', 'talk'), formatRttm(TURNS, 'talk'));
  t.is(FOUND.toRTTM(), formatRttm(TURNS, 'audio'));
  for (const format of ['txt', 'constructor', undefined]) {
    t.throws(() => FOUND.format(format as never), { code: 'ERR_INVALID_ARG', message: /known are rttm, json$/ });
  }
});

test('saved in the format of the extension, or in the one given', async (t) => {
  const root = folder(t);
  const read = (name: string) => readFileSync(join(root, name), 'utf8');
  await FOUND.save(join(root, 'my talk.RTTM'));
  t.is(read('my talk.RTTM'), FOUND.toRTTM('my talk'));
  await FOUND.save(join(root, 'a.json'));
  t.is(read('a.json'), FOUND.format('json'));
  await FOUND.save(join(root, 'a.txt'), 'rttm', 'other');
  t.is(read('a.txt'), FOUND.toRTTM('other'));
  await t.throwsAsync(FOUND.save(join(root, 'a.srt')), {
    code: 'ERR_INVALID_ARG',
    message: /use one of \.rttm, \.json/,
  });
  await t.throwsAsync(FOUND.save(join(root, 'none', 'a.json')), { code: 'ERR_OUTPUT' });
  t.is(readdirSync(root).length, 3);
});
