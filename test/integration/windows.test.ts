import test, { type ExecutionContext } from 'ava';
import { binding, type NativeDiarization, type NativeSpeakers, type NativeTurn } from '../../lib/binding.js';
import { toHearkenError } from '../../lib/errors.js';
import { resolveDiarizationModels, resolveVadModel } from '../../lib/models/resolve.js';
import { assertIdle } from '../helpers/engine.js';
import { CONVERSATION, RATE } from '../helpers/speech.js';

// Diarization by its windows, as the addon offers it. Serial: counters are of the whole process.

test.afterEach.always((t) => assertIdle(t));

const addon = binding();
const token = () => new addon.CancelToken();

type Records = Map<string, Uint8Array>;

interface Heard {
  turns: NativeTurn[];
  digests: string[];
  records: Records;
  digest: string | undefined;
  speakers: NativeSpeakers;
  /** Windows and pieces that a net listened to. */
  cost: [number, number];
}

/** Opens a diarization of the conversation, and reads for it. */
async function withDiarization<T>(
  options: { threads?: number; channels?: boolean },
  use: (diarization: NativeDiarization) => Promise<T>,
): Promise<T> {
  const { segmentation, embedding } = await resolveDiarizationModels();
  const { threads = 1, channels = false } = options;
  const vadModel = channels ? await resolveVadModel() : '';
  const diarizer = await addon.loadDiarizer(segmentation, embedding, token());
  const diarization = await diarizer.open({ threads, maxSpeakers: 0, channels, vadModel });
  const cancel = token();
  try {
    return await use(diarization);
  } finally {
    cancel.cancel();
    await Promise.all([diarization.close(), diarizer.close()]);
  }
}

async function reading<T>(diarization: NativeDiarization, use: () => Promise<T>): Promise<T> {
  const plan = { channel: -1, ffmpegPath: '', begin: 0, end: Number.POSITIVE_INFINITY, chunkSamples: 12 * RATE };
  const planner = await addon.openPlanner({ path: CONVERSATION }, { ...plan, vadModel: '', diarization }, token());
  const read = planner.drain(token());
  try {
    return await use();
  } finally {
    diarization.end(); // so that nobody waits
    await read;
    await planner.close();
  }
}

const costs = (): [number, number] => [addon.counters().segmented, addon.counters().embedded];
const COUNT = { numSpeakers: 0, minSpeakers: 0, maxSpeakers: 0 };

async function listen(threads: number, known: Records = new Map()): Promise<Heard> {
  return withDiarization({ threads }, (diarization) =>
    reading(diarization, async () => {
      const before = costs();
      const heard = { turns: [] as NativeTurn[], digests: [] as string[], records: new Map() as Records };
      for (let told = await diarization.listen(token()); told; told = await diarization.listen(token())) {
        const step = await diarization.advance(
          told.map((digest) => known.get(digest) ?? null),
          token(),
        );
        heard.turns.push(...step.turns);
        heard.digests.push(...told);
        told.forEach((digest, i) => {
          const record = step.records[i];
          if (record) heard.records.set(digest, record);
        });
      }
      const { digest } = diarization;
      const speakers = await diarization.finish(COUNT, token());
      const now = costs();
      return { ...heard, digest, speakers, cost: [now[0] - before[0], now[1] - before[1]] };
    }),
  );
}

const inOrder = (turns: NativeTurn[]) => [...turns].sort((a, b) => a.begin - b.begin || a.speaker - b.speaker);

test.serial('windows that are known cost nothing, and nothing depends on which they are', async (t) => {
  const first = await listen(1);
  t.is(first.digests.length, 6, 'of 33 seconds');
  t.regex(first.digest ?? '', /^[0-9a-f]{64}$/);
  t.is(first.records.size, 6);
  t.deepEqual(first.cost[0], 6);
  t.is(first.speakers.speakers.length, 3);
  const none = await listen(2, first.records);
  t.deepEqual(none.cost, [0, 0]);
  t.is(none.records.size, 0);
  const half = await listen(2, new Map([...first.records].filter((_, i) => i % 2 === 0)));
  t.is(half.cost[0], 3);
  for (const [digest, record] of half.records) t.deepEqual(record, first.records.get(digest));
  for (const { turns, digests, digest, speakers } of [none, half]) {
    t.deepEqual(inOrder(turns), inOrder(first.turns));
    t.deepEqual(
      { digests, digest, speakers },
      {
        digests: first.digests,
        digest: first.digest,
        speakers: first.speakers,
      },
    );
  }
  // Records of other windows, and damaged ones, are as good as none.
  const [a, b] = first.digests as [string, string];
  const wrong = new Map([
    [a, first.records.get(b) as Uint8Array],
    [b, (first.records.get(b) as Uint8Array).slice(0, 100)],
  ]);
  const { cost, speakers, records } = await listen(1, wrong);
  t.deepEqual(cost, first.cost);
  t.deepEqual({ speakers, records }, { speakers: first.speakers, records: first.records });
  // The same as by run().
  const ran = await withDiarization({}, (diarization) =>
    reading(diarization, async () => {
      await diarization.run(token());
      return { digest: diarization.digest, speakers: await diarization.finish(COUNT, token()) };
    }),
  );
  t.deepEqual(ran, { digest: first.digest, speakers: first.speakers });
});

const refused = (t: ExecutionContext, call: () => unknown) => t.throws(call, { code: 'ERR_INVALID_ARG' });

test.serial('calls out of turn are refused, and end nothing', async (t) => {
  await withDiarization({}, (diarization) =>
    reading(diarization, async () => {
      await t.throwsAsync(diarization.advance([null], token()), { code: 'ERR_INVALID_ARG' });
      const listening = diarization.listen(token());
      refused(t, () => diarization.listen(token()));
      refused(t, () => diarization.end());
      refused(t, () => diarization.run(token()));
      refused(t, () => diarization.finish(COUNT, token()));
      const told = (await listening) as string[];
      await t.throwsAsync(diarization.listen(token()), { code: 'ERR_INVALID_ARG' });
      refused(t, () => diarization.advance([], token()));
      refused(t, () => diarization.advance(['no bytes' as unknown as null], token()));
      refused(t, () => diarization.advance(null as unknown as null[], token()));
      await t.throwsAsync(
        diarization.advance(
          [...told, ''].map(() => null),
          token(),
        ),
        { code: 'ERR_INVALID_ARG' },
      );
      t.is(diarization.digest, undefined);
      const step = await diarization.advance(
        told.map(() => null),
        token(),
      );
      t.is(step.records.length, told.length);
      t.true(step.decided > 0);
    }),
  );
  await withDiarization({}, (diarization) =>
    reading(diarization, async () => {
      const running = diarization.run(token());
      refused(t, () => diarization.listen(token()));
      refused(t, () => diarization.end());
      await running;
      refused(t, () => diarization.listen(token()));
    }),
  );
  await withDiarization({ channels: true }, async (diarization) => {
    refused(t, () => diarization.listen(token()));
    diarization.end();
    await diarization.run(token()); // nobody feeds it any more: it has ended
  });
});

test.serial('whatever ends it early, what was heard is told, and nobody waits', async (t) => {
  for (const ending of ['cancelled', 'ended'] as const) {
    await withDiarization({}, (diarization) =>
      reading(diarization, async () => {
        const told = (await diarization.listen(token())) as string[];
        const cancel = token();
        const advancing = diarization.advance(
          told.map(() => null),
          cancel,
        );
        if (ending === 'cancelled') {
          cancel.cancel();
          t.is(toHearkenError(await t.throwsAsync(advancing)).code, 'ERR_ABORTED');
        } else {
          await advancing;
          diarization.end();
        }
        t.is(await diarization.listen(token()), null);
        t.false(diarization.busy);
        t.is(diarization.digest, undefined);
        diarization.end();
        const { turns } = await diarization.finish(COUNT, token());
        t.is(turns.length > 0, ending === 'ended');
      }),
    );
  }
  await withDiarization({}, async (diarization) => {
    const cancel = token();
    const listening = diarization.listen(cancel); // and nobody feeds it
    cancel.cancel();
    await t.throwsAsync(listening, { code: 'ERR_ABORTED' });
    await diarization.close();
    t.is(diarization.digest, undefined);
    t.throws(() => diarization.listen(token()), { code: 'ERR_CLOSED' });
    diarization.end();
  });
});
