import { createReadStream, readFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import {
  type AudioSource,
  type DiarizeOptions,
  diarize,
  enroll,
  type PcmFormat,
  type SpeakerTrack,
  type SpeakerTurn,
  transcribe,
  transcribeChunked,
} from '../../lib/index.js';
import { compareTurns, errorRate } from '../helpers/der.js';
import { assertIdle, assertSound, rejects } from '../helpers/engine.js';
import { parseRttm } from '../helpers/rttm.js';
import { sharedPath, sharedTest } from '../helpers/shared.js';
import { conversationSamples, JFK, JFK_SECONDS, jfkSamples, RATE } from '../helpers/speech.js';

// One after the other: each test looks at what is left of the whole process.

test.afterEach.always((t) => assertIdle(t));

const CALL = 'audio/made/call2_stereo.flac';
const TELEPHONE = 'audio/made/call2_stereo_8k_mulaw.wav';
const TRUTH = 'audio/made/call2_stereo.rttm';
const CALL_SECONDS = 199.296;

/** Channels of 16 kHz samples as bare PCM; shorter ones are silent at the end. */
function interleaved(channels: Float32Array[]): { bytes: Uint8Array; pcm: PcmFormat } {
  const length = Math.max(...channels.map((channel) => channel.length));
  const out = new Float32Array(length * channels.length);
  channels.forEach((channel, c) => {
    channel.forEach((value, i) => {
      out[i * channels.length + c] = value;
    });
  });
  return {
    bytes: new Uint8Array(out.buffer),
    pcm: { sampleFormat: 'f32', sampleRate: RATE, channels: channels.length },
  };
}

interface Heard extends SpeakerTrack {
  provisional: SpeakerTurn[];
}

async function listen(audio: AudioSource, options: DiarizeOptions = {}): Promise<Heard> {
  const job = diarize(audio, { ...options, channels: true, threads: 1 });
  const provisional: SpeakerTurn[] = [];
  for await (const event of job) if (event.type === 'turn') provisional.push(event.turn);
  const { speakers, turns, exclusiveTurns } = await job;
  return { speakers, turns, exclusiveTurns, provisional };
}

const truth = (start = 0, end = CALL_SECONDS): SpeakerTurn[] =>
  parseRttm(readFileSync(sharedPath(TRUTH), 'utf8'))
    .filter((turn) => turn.end > start && turn.start < end)
    .map((turn) => ({ ...turn, start: Math.max(start, turn.start), end: Math.min(end, turn.end) }));

function assertTurns(t: ExecutionContext, { turns, exclusiveTurns }: SpeakerTrack, start: number, end: number): void {
  for (const turn of turns) t.true(turn.start >= start && turn.end > turn.start && turn.end <= end + 1e-3);
  let at = start;
  for (const turn of exclusiveTurns) {
    t.true(turn.start >= at - 1e-6, `exclusive turns overlap at ${turn.start}`);
    at = turn.end;
  }
}

for (const [path, most] of [
  [CALL, 0.03],
  [TELEPHONE, 0.055],
] as const) {
  sharedTest.serial([path, TRUTH], `who speaks on which channel of ${path}`, async (t) => {
    const heard = await listen(sharedPath(path));
    assertTurns(t, heard, 0, CALL_SECONDS);
    const { mapping, ...counts } = compareTurns(truth(), heard.turns, { duration: CALL_SECONDS });
    const rate = errorRate(counts);
    t.log(`DER ${(100 * rate).toFixed(2)} %`, counts);
    t.true(rate < most, `DER ${rate}`);
    t.is(counts.confusion, 0);
    // The truth says which channel is whose.
    t.deepEqual([...mapping].sort(), [
      ['SPEAKER_00', 'LS2414'],
      ['SPEAKER_01', 'LS2609'],
    ]);
    t.deepEqual(
      heard.speakers.map(({ label }) => label),
      ['SPEAKER_00', 'SPEAKER_01'],
    );
    const [a, b] = heard.speakers.map(({ embedding }) => embedding) as [number[], number[]];
    const cosine = a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
    t.true(cosine < 0.5, `two people's voices have cosine ${cosine}`);
    // What is told on the way is what is told in the end, but for pauses inside a turn.
    const early = compareTurns(heard.turns, heard.provisional, { duration: CALL_SECONDS });
    t.true(early.falseAlarm === 0 && early.missed < 0.2 * early.total, JSON.stringify(early));
  });
}

sharedTest.serial([CALL, TRUTH], 'bytes and a stream give what the file gives', async (t) => {
  const path = sharedPath(CALL);
  const expected = await listen(path);
  t.deepEqual(await listen(createReadStream(path)), expected);
  t.deepEqual(await listen(readFileSync(path)), expected);
});

for (const [path, file] of [
  [TELEPHONE, 'telephone'],
  [CALL, 'call'],
] as const) {
  sharedTest.serial([path, TRUTH], `a range of the ${file} has its own turns, from a file and a stream`, async (t) => {
    const range = { startTime: 57.3, endTime: 121.9 };
    const heard = await listen(sharedPath(path), range);
    assertTurns(t, heard, range.startTime, range.endTime);
    const counts = compareTurns(truth(range.startTime, range.endTime), heard.turns, { duration: CALL_SECONDS });
    t.true(errorRate(counts) < 0.07, `DER ${errorRate(counts)}`);
    t.deepEqual(await listen(createReadStream(sharedPath(path)), range), heard);
  });
}

test.serial('channels keep their numbers, whoever speaks first, and however many are silent', async (t) => {
  const late = new Float32Array(14 * RATE);
  late.set(jfkSamples(), 3 * RATE);
  const { bytes, pcm } = interleaved([new Float32Array(0), late, conversationSamples().subarray(0, 5 * RATE)]);
  const { turns, speakers } = await listen(bytes, { pcm });
  t.deepEqual(
    speakers.map(({ label }) => label),
    ['SPEAKER_01', 'SPEAKER_02'],
  );
  t.is(turns[0]?.speaker, 'SPEAKER_02');
  for (const turn of turns.filter(({ speaker }) => speaker === 'SPEAKER_01')) {
    t.true(turn.start > 3 && turn.end <= 3 + JFK_SECONDS + 0.05);
  }
});

test.serial('a channel of a known voice has its name', async (t) => {
  const late = new Float32Array(14 * RATE);
  late.set(jfkSamples(), 3 * RATE);
  const { bytes, pcm } = interleaved([new Float32Array(0), late, conversationSamples().subarray(8 * RATE, 17 * RATE)]);
  const { speakers } = await listen(bytes, { pcm, voices: { Kennedy: await enroll(JFK) } });
  t.deepEqual(
    speakers.map(({ label }) => label),
    ['Kennedy', 'SPEAKER_02'],
  );
});

test.serial('a voice that leaks into the other channel is not its speaker', async (t) => {
  const voice = jfkSamples();
  const leak = new Float32Array(voice.length + 960); // 60 ms late, 15 dB down
  voice.forEach((value, i) => {
    leak[i + 960] = 0.18 * value;
  });
  const { bytes, pcm } = interleaved([voice, leak]);
  const { speakers } = await listen(bytes, { pcm });
  t.deepEqual(
    speakers.map(({ label }) => label),
    ['SPEAKER_00'],
  );
});

test.serial('a transcript by channel', async (t) => {
  const second = new Float32Array(24 * RATE);
  second.set(conversationSamples().subarray(0, 9 * RATE), 13 * RATE);
  const { bytes, pcm } = interleaved([jfkSamples(), second]);
  const job = transcribeChunked(bytes, { pcm, diarize: 'channels' });
  const told: string[] = [];
  for await (const event of job) if (event.type === 'segment') told.push(event.segment.speaker ?? 'nobody');
  const result = await job;
  assertSound(t, result);
  for (const { start, speaker } of result.segments) t.is(speaker, start < 12 ? 'SPEAKER_00' : 'SPEAKER_01');
  t.deepEqual(new Set(told), new Set(['SPEAKER_00', 'SPEAKER_01']));
  t.is(result.speakers?.length, 2);
  t.regex(result.text, /ask not what your country/);
});

test.serial('silence on all channels has no speakers', async (t) => {
  const { bytes, pcm } = interleaved([new Float32Array(2 * RATE), new Float32Array(2 * RATE)]);
  t.deepEqual(await listen(bytes, { pcm }), { speakers: [], turns: [], exclusiveTurns: [], provisional: [] });
  t.deepEqual((await listen(new Uint8Array(0), { pcm })).turns, []);
});

test.serial('audio that has no channel for each speaker is refused', async (t) => {
  const mono = await rejects(t, 'ERR_INVALID_ARG', () => transcribe(JFK, { diarize: 'channels' }));
  t.regex(mono.message, /one channel.*by voice/);
  t.is((await rejects(t, 'ERR_INVALID_ARG', () => listen(JFK))).message, mono.message);
  const silence = Array.from({ length: 9 }, () => new Float32Array(RATE));
  const { bytes, pcm } = interleaved(silence);
  const many = await rejects(t, 'ERR_INVALID_ARG', () => transcribe(bytes, { pcm, diarize: 'channels' }));
  t.regex(many.message, /9 channels.*at most 8/);
  t.deepEqual((await listen(interleaved(silence.slice(1)).bytes, { pcm: { ...pcm, channels: 8 } })).turns, []);
});

test.serial('options that channels leave no room for are refused', async (t) => {
  for (const extra of [{ channel: 0 }, { numSpeakers: 2 }, { minSpeakers: 2 }, { maxSpeakers: 3 }]) {
    const error = await rejects(t, 'ERR_INVALID_ARG', () => transcribe(JFK, { diarize: 'channels', ...extra }));
    t.regex(error.message, /^diarize: 'channels' /);
    const alone = await rejects(t, 'ERR_INVALID_ARG', () => listen(JFK, extra));
    t.regex(alone.message, /^channels: true /);
  }
  await rejects(t, 'ERR_INVALID_ARG', () => diarize(JFK, { channels: 'yes' as never }));
  t.is((await diarize(JFK, { channels: false })).speakers.length, 1);
});

test.serial('a job that is stopped leaves nothing, and tells what it heard', async (t) => {
  const voice = conversationSamples();
  const channel = new Float32Array(20 * voice.length);
  for (let i = 0; i < 20; i++) channel.set(voice, i * voice.length);
  const { bytes, pcm } = interleaved([channel, new Float32Array(channel.length)]);
  const job = transcribeChunked(bytes, { pcm, diarize: 'channels' });
  const first = new Promise<void>((resolve, reject) => {
    (async () => {
      for await (const event of job) if (event.type === 'segment') break;
      resolve();
    })().catch(reject);
  });
  await first;
  const error = (await rejects(t, 'ERR_ABORTED', () => job)) as Error & { partial?: SpeakerTrack };
  t.true((error.partial?.turns.length ?? 0) > 0);
  t.deepEqual(new Set(error.partial?.turns.map(({ speaker }) => speaker)), new Set(['SPEAKER_00']));
});

test.serial('without a transcript, a job that is stopped leaves nothing at all', async (t) => {
  const voice = jfkSamples();
  const { bytes, pcm } = interleaved([voice, voice, voice, voice]);
  // Without an end: no machine is so fast that it is done before it is stopped.
  async function* endless() {
    for (;;) yield bytes;
  }
  for (const delay of [0, 20, 100]) {
    const job = diarize(endless(), { pcm, channels: true });
    setTimeout(() => job.abort(), delay);
    const error = await rejects(t, 'ERR_ABORTED', () => job);
    t.is(error.partial, undefined);
    assertIdle(t);
  }
});

test.serial('a stream that breaks off fails the job and leaves nothing', async (t) => {
  const { bytes, pcm } = interleaved([jfkSamples(), jfkSamples()]);
  async function* broken() {
    yield bytes.subarray(0, 4 * RATE);
    throw new Error('the line is dead');
  }
  const error = await rejects(t, 'ERR_AUDIO_READ', () => transcribe(broken(), { pcm, diarize: 'channels' }));
  t.regex(error.message, /the line is dead/);
});
