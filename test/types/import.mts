// What a user of TypeScript sees through `import`: the package by its name, the types of what the README shows.
import {
  type AudioSource,
  type CoverageSpan,
  HearkenError,
  type HearkenErrorCode,
  loadWhisperModel,
  OUTPUT_FORMATS,
  type Progress,
  type Segment,
  type TranscribeEvent,
  type TranscribeOptions,
  type TranscriptionJob,
  type TranscriptionResult,
  transcribe,
  transcribeChunked,
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
same<CoverageSpan['status'], 'decoded' | 'silence' | 'suppressed' | 'failed' | 'aborted'>(true);
same<ReturnType<typeof result.toSRT>, string>(true);
same<ReturnType<typeof result.save>, Promise<void>>(true);
await result.save('a.srt');
await result.save('a', 'vtt');
// @ts-expect-error no such format
await result.save('a', 'docx');
for (const format of OUTPUT_FORMATS) result.format(format).trim();

const job: TranscriptionJob = transcribeChunked(new Float32Array(16_000), { chunkSizeSeconds: 30, maxWorkers: 2 });
for await (const event of job) {
  same<typeof event, TranscribeEvent>(true);
  if (event.type === 'segment') same<typeof event.segment, Segment>(true);
  else if (event.type === 'progress') same<typeof event.progress, Progress>(true);
  else {
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
