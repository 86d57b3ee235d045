import { createReadStream, readFileSync } from 'node:fs';
import test from 'ava';
import { binding } from '../../lib/binding.js';
import {
  type DiarizationResult,
  type DiarizeEvent,
  diarize,
  enroll,
  loadDiarizer,
  type SpeakerTurn,
  transcribe,
  transcribeChunked,
} from '../../lib/index.js';
import { SpeakerTracker } from '../../lib/pipeline/speaker-tracker.js';
import { assertIdle, assertSound, nativeBytes, rejects } from '../helpers/engine.js';
import { CONVERSATION, CONVERSATION_SECONDS, conversationSamples, JFK, RATE } from '../helpers/speech.js';

// One after the other: each test looks at what is left of the whole process.

test.afterEach.always((t) => assertIdle(t));

/** Kennedy, the commander and the reader take turns: see examples/conversation.rttm. */
const ORDER = [0, 0, 0, 1, 2, 0, 1, 2, 2].map((i) => `SPEAKER_0${i}`);

function truth(): SpeakerTurn[] {
  return readFileSync(CONVERSATION.replace('.wav', '.rttm'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .map((f, i) => ({ start: Number(f[3]), end: Number(f[3]) + Number(f[4]), speaker: ORDER[i] as string }));
}

/** The speaker of most of the stretch. */
function speakerOf({ start, end }: SpeakerTurn, turns: readonly SpeakerTurn[]): string | undefined {
  const held = new Map<string, number>();
  for (const turn of turns) {
    const shared = Math.min(end, turn.end) - Math.max(start, turn.start);
    if (shared > 0) held.set(turn.speaker, (held.get(turn.speaker) ?? 0) + shared);
  }
  return [...held].sort((a, b) => b[1] - a[1])[0]?.[0];
}

const cosine = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);

const plain = ({ turns, exclusiveTurns, speakers, duration }: DiarizationResult) => ({
  turns,
  exclusiveTurns,
  speakers,
  duration,
});

test.serial('three voices in a conversation: who speaks when', async (t) => {
  const result = await diarize(CONVERSATION);
  t.is(result.duration, CONVERSATION_SECONDS);
  t.deepEqual(
    result.speakers.map(({ label }) => label),
    ['SPEAKER_00', 'SPEAKER_01', 'SPEAKER_02'],
  );
  for (const turn of truth()) t.is(speakerOf(turn, result.turns), turn.speaker, `at ${turn.start}`);
  for (const { label, seconds, embedding } of result.speakers) {
    const spoken = truth()
      .filter(({ speaker }) => speaker === label)
      .reduce((sum, { start, end }) => sum + end - start, 0);
    t.true(Math.abs(seconds - spoken) < 0.15 * spoken + 0.5, `${label} ${seconds} s of ${spoken}`);
    t.is(embedding.length, 192);
    t.true(Math.abs(cosine(embedding, embedding) - 1) < 1e-3);
  }
  let end = 0;
  for (const turn of result.exclusiveTurns) {
    t.true(turn.start >= end && turn.end > turn.start && turn.end <= result.duration);
    end = turn.end;
  }
  t.regex(result.toRTTM('talk'), /^SPEAKER talk 1 \d+\.\d{3} \d+\.\d{3} <NA> <NA> SPEAKER_00 <NA> <NA>\n/);
});

test.serial('neither the source, nor threads, nor a second run change the result', async (t) => {
  const expected = plain(await diarize(CONVERSATION, { threads: 1 }));
  t.deepEqual(plain(await diarize(CONVERSATION, { threads: 3 })), expected);
  t.deepEqual(plain(await diarize(createReadStream(CONVERSATION))), expected);
  t.deepEqual(plain(await diarize(conversationSamples())), expected);
});

test.serial('a transcript with speakers: every word has one, segments end where the speaker changes', async (t) => {
  const result = await transcribe(CONVERSATION, { maxWorkers: 2 });
  assertSound(t, result);
  t.is(result.speakers?.length, 3);
  for (const segment of result.segments) {
    t.truthy(segment.speaker);
    for (const word of segment.words ?? []) t.is(word.speaker, segment.speaker);
  }
  const said = (speaker: string) =>
    result.segments
      .filter((segment) => segment.speaker === speaker)
      .map(({ text }) => text)
      .join(' ');
  t.regex(said('SPEAKER_00'), /my fellow Americans.*do for your country/s);
  t.regex(said('SPEAKER_01'), /go forward/i);
  t.regex(said('SPEAKER_02'), /Dashwood.*respectable/s);
  const alone = await diarize(CONVERSATION);
  t.deepEqual(result.turns, alone.turns, 'the same pass over the audio as without a transcript');
  t.deepEqual(result.speakers, alone.speakers);
  const other = await transcribe(CONVERSATION, { maxWorkers: 1, chunkSizeSeconds: 10 });
  t.deepEqual(other.turns, alone.turns, 'labels hold for the whole file, whatever the chunks');
});

test.serial('events carry provisional speakers, and the speakers event settles them', async (t) => {
  const seen: string[] = [];
  let provisional = 0;
  let settled: unknown;
  const job = transcribeChunked(CONVERSATION, { chunkSizeSeconds: 10 });
  for await (const event of job) {
    if (seen.at(-1) !== event.type) seen.push(event.type);
    if (event.type === 'segment') {
      t.is(event.segment.words?.length === 0, false);
      if (event.segment.speaker !== undefined) provisional++;
    }
    if (event.type === 'speakers') settled = event;
  }
  const result = await job;
  t.true(provisional > 0);
  t.deepEqual(seen.slice(-2), ['speakers', 'done']);
  const { segments, speakers, turns, exclusiveTurns } = result;
  t.deepEqual(settled, { type: 'speakers', segments, speakers, turns, exclusiveTurns });
});

test.serial('diarize: false computes nothing for it', async (t) => {
  const before = binding().counters();
  const result = await transcribe(CONVERSATION, { diarize: false, endTime: 8 });
  const { segmented, embedded } = binding().counters();
  t.deepEqual({ segmented, embedded }, { segmented: before.segmented, embedded: before.embedded });
  t.false('turns' in result || 'speakers' in result);
  t.true(result.segments.every((segment) => !('speaker' in segment)));
});

test.serial('the number of speakers can be given, and bounded', async (t) => {
  t.is((await diarize(CONVERSATION, { numSpeakers: 2 })).speakers.length, 2);
  t.is((await diarize(CONVERSATION, { numSpeakers: 1 })).speakers.length, 1);
  t.is((await diarize(CONVERSATION, { maxSpeakers: 2 })).speakers.length, 2);
  t.is((await diarize(CONVERSATION, { minSpeakers: 2, maxSpeakers: 5 })).speakers.length, 3);
  await rejects(t, 'ERR_INVALID_ARG', () => diarize(CONVERSATION, { numSpeakers: 0 }));
  await rejects(t, 'ERR_INVALID_ARG', () => diarize(CONVERSATION, { numSpeakers: 2, maxSpeakers: 3 }));
  await rejects(t, 'ERR_INVALID_ARG', () => diarize(CONVERSATION, { minSpeakers: 3, maxSpeakers: 2 }));
  await rejects(t, 'ERR_INVALID_ARG', () => diarize(CONVERSATION, { speakers: 2 } as never));
});

test.serial('a known voice gets its name, a stranger a label', async (t) => {
  const Kennedy = await enroll(JFK, { startTime: 0, endTime: 5 });
  t.is(Kennedy.length, 192);
  const result = await diarize(CONVERSATION, { voices: { Kennedy } });
  t.deepEqual(
    result.speakers.map(({ label }) => label),
    ['Kennedy', 'SPEAKER_00', 'SPEAKER_01'],
  );
  t.is(speakerOf({ start: 5.3, end: 7.5, speaker: '' }, result.turns), 'Kennedy');
  const strict = await diarize(CONVERSATION, { voices: { Kennedy }, voiceThreshold: 0.999 });
  t.is(strict.speakers[0]?.label, 'SPEAKER_00');
  await rejects(t, 'ERR_INVALID_ARG', () => diarize(CONVERSATION, { voices: { Ada: [1, 2, 3] } }));
  for (const name of ['', ' ', 'SPEAKER_00']) {
    const error = await rejects(t, 'ERR_INVALID_ARG', () => diarize(CONVERSATION, { voices: { [name]: Kennedy } }));
    t.true(error.message.includes(`'${name}'`), error.message);
  }
  await rejects(t, 'ERR_INVALID_ARG', () => diarize(CONVERSATION, { voices: { Ada: new Array(192).fill(0) } }));
  await rejects(t, 'ERR_AUDIO_FORMAT', () => enroll(new Float32Array(3 * RATE)));
  await rejects(t, 'ERR_INVALID_ARG', () => enroll(JFK, { numSpeakers: 2 } as object));
});

test.serial('a part of the audio has the times of the whole', async (t) => {
  const result = await diarize(CONVERSATION, { startTime: 10, endTime: 24 });
  t.true(result.turns.every(({ start, end }) => start >= 10 && end <= 24));
  t.not(speakerOf({ start: 10.7, end: 17, speaker: '' }, result.turns), undefined);
  t.not(
    speakerOf({ start: 10.7, end: 17, speaker: '' }, result.turns),
    speakerOf({ start: 18.2, end: 20.3, speaker: '' }, result.turns),
  );
});

test.serial('silence, next to nothing, and a wrong source', async (t) => {
  for (const audio of [new Float32Array(20 * RATE), new Float32Array(100)]) {
    const { turns, speakers, duration } = await diarize(audio);
    t.deepEqual(
      { turns, speakers, duration },
      { turns: [], speakers: [], duration: Math.round((audio.length / RATE) * 1000) / 1000 },
    );
  }
  await rejects(t, 'ERR_AUDIO_NOT_FOUND', () => diarize('/no/such/file'));
  await rejects(t, 'ERR_INVALID_ARG', () => diarize(CONVERSATION, { startTime: 1000 }));
});

test.serial('one loaded diarizer serves many jobs, and close() waits for them', async (t) => {
  const diarizer = await loadDiarizer();
  t.true(diarizer.byteSize > 10e6);
  t.is(nativeBytes().diarization, diarizer.byteSize);
  const jobs = [diarize(CONVERSATION, { diarizer, threads: 1 }), transcribe(JFK, { diarizer })];
  const closing = diarizer.close();
  const [alone, transcript] = await Promise.all(jobs);
  await closing;
  t.is((alone as DiarizationResult).speakers.length, 3);
  t.is(transcript?.speakers?.length, 1);
  t.is(diarizer.byteSize, 0);
  await rejects(t, 'ERR_CLOSED', () => diarize(CONVERSATION, { diarizer }));
  await rejects(t, 'ERR_INVALID_ARG', () => diarize(CONVERSATION, { diarizer: {} as never }));
});

test.serial('turns as they are decided, progress to the end', async (t) => {
  const events: DiarizeEvent[] = [];
  const fractions: (number | undefined)[] = [];
  const job = diarize(CONVERSATION, { onProgress: ({ fraction }) => fractions.push(fraction) });
  for await (const event of job) events.push(event);
  t.true(events.some(({ type }) => type === 'turn'));
  t.is(events.at(-1)?.type, 'done');
  t.is(fractions.at(-1), 1);
  const error = new Error('mine');
  const failing = diarize(CONVERSATION, {
    onProgress: () => {
      throw error;
    },
  });
  t.is(await t.throwsAsync(async () => failing), error);
});

test.serial('aborted at any moment: ERR_ABORTED, nothing left; a transcript keeps the speakers so far', async (t) => {
  for (const delay of [0, 5, 20, 60, 150, 400, 900]) {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), delay);
    const error = await diarize(CONVERSATION, { signal: controller.signal, threads: 2 }).then(
      () => undefined,
      (cause: { code?: string }) => cause,
    );
    clearTimeout(timer);
    if (error) t.is(error.code, 'ERR_ABORTED');
    assertIdle(t, `aborted after ${delay} ms`);
  }
  const job = transcribeChunked(CONVERSATION, { chunkSizeSeconds: 8, maxWorkers: 1 });
  const caught = await (async () => {
    for await (const event of job) if (event.type === 'segment' && event.segment.start > 5) job.abort();
  })().catch((error: unknown) => error as { code: string; partial?: { segments: { speaker?: string }[] } });
  if (caught) {
    t.is(caught.code, 'ERR_ABORTED');
    t.true((caught.partial?.segments.length ?? 0) > 0);
    t.truthy(caught.partial?.segments[0]?.speaker);
  }
});

test.serial('aborted while the speakers are found at the end: the transcript is not lost', async (t) => {
  const { finish } = SpeakerTracker.prototype;
  for (const failing of [false, true]) {
    const controller = new AbortController();
    let calls = 0;
    SpeakerTracker.prototype.finish = async function () {
      if (calls++ === 0) controller.abort();
      if (failing) throw new Error('no speakers');
      return finish.call(this);
    };
    try {
      const error = await rejects(t, 'ERR_ABORTED', () => transcribe(JFK, { signal: controller.signal }));
      t.regex(error.partial?.text ?? '', /your country/);
      t.is(error.partial?.speakers?.length, failing ? undefined : 1);
    } finally {
      SpeakerTracker.prototype.finish = finish;
    }
    assertIdle(t);
  }
});
