// What a user of TypeScript sees through `import`: the package by its name, the types of what the README shows.
import {
  type AudioSource,
  type CoverageSpan,
  type DiarizationJob,
  type DiarizationResult,
  type DiarizeEvent,
  type DiarizeOptions,
  type Diarizer,
  type DiarizerSpec,
  diarize,
  enroll,
  HearkenError,
  type HearkenErrorCode,
  loadDiarizer,
  loadWhisperModel,
  OUTPUT_FORMATS,
  type OutputFormat,
  type Progress,
  type Segment,
  type Speaker,
  type SpeakerOptions,
  type SpeakerTrack,
  type SpeakerTurn,
  type TranscribeEvent,
  type TranscribeOptions,
  type TranscriptionJob,
  type TranscriptionResult,
  transcribe,
  transcribeChunked,
  type VoiceEmbedding,
  type WhisperModel,
  type Word,
} from 'hearken';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_: Same<A, B>): void {}

const result: TranscriptionResult = await transcribe('a.mp3');
same<typeof result.segments, Segment[]>(true);
same<typeof result.words, Word[]>(true);
same<typeof result.coverage, CoverageSpan[]>(true);
same<typeof result.text, string>(true);
same<typeof result.duration, number>(true);
same<typeof result.languageProbability, number | undefined>(true);
same<Segment['words'], Word[] | undefined>(true);
same<typeof result.speakers, Speaker[] | undefined>(true);
same<typeof result.turns, SpeakerTurn[] | undefined>(true);
same<typeof result.exclusiveTurns, SpeakerTurn[] | undefined>(true);
same<Segment['speaker'] | Word['speaker'], string | undefined>(true);
same<CoverageSpan['status'], 'decoded' | 'silence' | 'suppressed' | 'failed' | 'aborted'>(true);
same<ReturnType<typeof result.toSRT>, string>(true);
same<ReturnType<typeof result.save>, Promise<void>>(true);
await result.save('a.srt');
await result.save('a', 'vtt');
await result.save('a', 'rttm', 'meeting');
same<ReturnType<typeof result.toRTTM>, string>(true);
const format: OutputFormat = 'rttm';
result.format(format, 'meeting').trim();
// @ts-expect-error no such format
await result.save('a', 'docx');
for (const format of OUTPUT_FORMATS) result.format(format).trim();

const job: TranscriptionJob = transcribeChunked(new Float32Array(16_000), { chunkSizeSeconds: 30, maxWorkers: 2 });
for await (const event of job) {
  same<typeof event, TranscribeEvent>(true);
  if (event.type === 'segment') same<typeof event.segment, Segment>(true);
  else if (event.type === 'progress') same<typeof event.progress, Progress>(true);
  else if (event.type === 'speakers') {
    const track: SpeakerTrack = event;
    same<typeof event.segments, Segment[]>(true);
    same<typeof track.turns, SpeakerTurn[]>(true);
    same<typeof event.speakers, Speaker[]>(true);
  } else {
    same<typeof event.type, 'done'>(true);
    same<typeof event.result, TranscriptionResult>(true);
  }
  // @ts-expect-error only a segment event has one
  event.segment;
}
const whole: TranscriptionResult = await job;
job.abort();
whole.toMarkdown();

const model = await loadWhisperModel('tiny.en', { signal: AbortSignal.timeout(1000), offline: true });
const handle: WhisperModel = model;
same<typeof handle.byteSize, number>(true);
await using disposed = await loadWhisperModel();
const options: TranscribeOptions = {
  model: disposed,
  language: 'en',
  startTime: 1,
  endTime: 2,
  words: false,
  signal: new AbortController().signal,
  onProgress: ({ fraction, eta }) => {
    same<typeof fraction, number | undefined>(true);
    same<typeof eta, number | undefined>(true);
  },
};
// Who speaks: alone, with known voices, with one load of the nets for several jobs.
const spec: DiarizerSpec = { segmentation: 's.gguf', embedding: 'e.gguf' };
const diarizer: Diarizer = await loadDiarizer(spec, { signal: AbortSignal.timeout(1000) });
await using shared = await loadDiarizer();
same<typeof diarizer.byteSize, number>(true);
const ada = await enroll('ada.wav', { startTime: 1, endTime: 6, diarizer });
same<typeof ada, number[]>(true);
const voice: VoiceEmbedding = new Float32Array(192);
const people: SpeakerOptions = { voices: { Ada: ada, Bob: voice }, voiceThreshold: 0.4, diarizer: shared };
const wanted: DiarizeOptions = {
  ...people,
  minSpeakers: 2,
  maxSpeakers: 5,
  threads: 2,
  channel: 0,
  startTime: 1,
  endTime: 2,
};
const heard: DiarizationJob = diarize('a.wav', wanted);
for await (const event of heard) {
  same<typeof event, DiarizeEvent>(true);
  if (event.type === 'turn') same<typeof event.turn, SpeakerTurn>(true);
  else if (event.type === 'progress') same<typeof event.progress, Progress>(true);
  else same<typeof event.result, DiarizationResult>(true);
}
heard.abort();
const { speakers, turns, exclusiveTurns, duration, ...found }: DiarizationResult = await heard;
same<(typeof speakers)[number], Speaker>(true);
same<typeof turns | typeof exclusiveTurns, SpeakerTurn[]>(true);
same<typeof duration, number>(true);
found.toRTTM('a').trim();
await transcribe('a.wav', { ...people, numSpeakers: 2 });
await transcribe('a.wav', { diarize: false });
await transcribe('call.wav', { diarize: 'channels' });
// @ts-expect-error no such way to tell speakers apart
await transcribe('call.wav', { diarize: 'sides' });
// @ts-expect-error a clip has one voice, and the number is not asked for
await enroll('ada.wav', { numSpeakers: 2 });
// @ts-expect-error voices have names
await diarize('a.wav', { voices: [ada] });
// @ts-expect-error channels are an option of transcripts
await diarize('a.wav', { diarize: 'channels' });
await diarizer.close();

const sources: AudioSource[] = [
  'a.wav',
  new URL('file:///a.wav'),
  new Uint8Array(1),
  Buffer.alloc(1),
  new ArrayBuffer(1),
  new Float32Array(1),
  (async function* () {
    yield new Uint8Array(1);
  })(),
  process.stdin,
];
for (const source of sources) await transcribe(source, options);
// @ts-expect-error not an option
await transcribe('a.wav', { chunkSize: 30 });
// @ts-expect-error seconds are numbers
await transcribe('a.wav', { startTime: '5:00' });
// @ts-expect-error samples of 16 bit need `pcm` and bytes
await transcribe(new Int16Array(1));
// @ts-expect-error results are read-only where they are computed
result.words = [];

try {
  await transcribe('a.wav');
} catch (error) {
  if (error instanceof HearkenError) {
    same<typeof error.code, HearkenErrorCode>(true);
    same<typeof error.partial, TranscriptionResult | undefined>(true);
    // @ts-expect-error no such code
    if (error.code === 'ERR_NO_SUCH') throw error;
  }
}
await handle.close();
