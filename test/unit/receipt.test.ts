import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { DIARIZATION_FORMATS, OUTPUT_FORMATS } from '../../lib/formats/index.js';
import { resultOf, speakerOf } from '../helpers/cli-world.js';
import { folder } from '../helpers/folder.js';
import { RECEIPT } from '../helpers/receipt.js';

// JSON carries the receipt only where it is asked for: without, the same transcript is the same bytes.

const WRITTEN = { ...RECEIPT, audioSeconds: 20, cpuSeconds: 7.124 };
const RESULTS = { transcript: resultOf('hi'), speakers: speakerOf('Ada') };

for (const [name, result] of Object.entries(RESULTS)) {
  test(`${name}: the receipt is the last key, and only on request`, async (t) => {
    t.deepEqual(result.receipt, RECEIPT);
    const bare = result.format('json');
    for (const options of [undefined, {}, { receipt: false }]) {
      t.is(result.format('json', 'talk', options), bare);
      t.is(`${JSON.stringify(result.toJSON(options), null, 2)}\n`, bare);
    }
    t.false(bare.includes('receipt'));

    const full = result.toJSON({ receipt: true });
    t.deepEqual(full.receipt, WRITTEN);
    t.is(Object.keys(full).at(-1), 'receipt');
    t.is(result.format('json', undefined, { receipt: true }), `${JSON.stringify(full, null, 2)}\n`);
    const { receipt: _receipt, ...rest } = full;
    t.is(`${JSON.stringify(rest, null, 2)}\n`, bare);

    const path = join(folder(t), 'talk.json');
    await result.save(path, undefined, undefined, { receipt: true });
    t.deepEqual(JSON.parse(readFileSync(path, 'utf8')).receipt, WRITTEN);
    await result.save(path);
    t.is(readFileSync(path, 'utf8'), bare);
  });

  test(`${name}: JSON.stringify, which calls toJSON with a key, has no receipt`, (t) => {
    for (const key of ['receipt', '0', '']) {
      t.is(JSON.stringify({ [key]: result }), JSON.stringify({ [key]: result.toJSON() }));
    }
    t.is(JSON.stringify([result]), `[${JSON.stringify(result.toJSON())}]`);
  });
}

test('formats without a place for the receipt refuse it, and nothing is written', async (t) => {
  const path = join(folder(t), 'talk');
  const refused = { code: 'ERR_INVALID_ARG', message: /no place for the receipt: use json/ };
  for (const format of OUTPUT_FORMATS.filter((name) => name !== 'json')) {
    t.throws(() => RESULTS.transcript.format(format, undefined, { receipt: true }), refused);
    await t.throwsAsync(RESULTS.transcript.save(path, format, undefined, { receipt: true }), refused);
  }
  for (const format of DIARIZATION_FORMATS.filter((name) => name !== 'json')) {
    t.throws(() => RESULTS.speakers.format(format, undefined, { receipt: true }), refused);
  }
  t.throws(() => readFileSync(path), { code: 'ENOENT' });
});
