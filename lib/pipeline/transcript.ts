import { SAMPLE_RATE } from '../audio/source.js';
import type { NativeChunk, NativeSegment } from '../binding.js';
import type { HearkenError } from '../errors.js';
import { Result } from '../result.js';
import type {
  CoverageSpan,
  Progress,
  Segment,
  SpeakerTrack,
  SpeakerTurn,
  TranscribeEvent,
  Transcript,
  TranscriptionResult,
} from '../types.js';
import { abortedError } from './aborted.js';
import { Assembly } from './assemble.js';
import type { Emit } from './job.js';
import type { JobOptions } from './options.js';
import { checkStart, rangeSeconds, wholeDuration } from './range.js';
import { Reporter } from './report.js';
import type { Decoded } from './scheduler.js';
import { attribute } from './speakers.js';
import { samples, seconds } from './time.js';

/** Who speaks, as far as it is known. */
export interface Voices {
  /** Why it ended early, if it did: the rest of the job was cancelled because of it. */
  readonly failure?: { error: unknown } | undefined;
  /** Resolves once the turns up to the sample are as good as they get for now. */
  settled(sample: number): Promise<void>;
  turnsNear(start: number, end: number): SpeakerTurn[];
  finish(): Promise<SpeakerTrack>;
}

/** The language of the whole, once it is known. */
export interface Spoken {
  language: string;
  /** 0 to 1, where it was detected. */
  probability?: number;
}

export interface Telling {
  job: JobOptions;
  /** The chunks with their text, in order; `early` is told of the windows of one that is still decoded. */
  chunks(early: (chunk: NativeChunk, segments: NativeSegment[]) => void): AsyncIterable<Decoded>;
  voices: Voices | undefined;
  spoken: Spoken;
  audio: {
    /** Samples read so far, from the start of the audio. */
    position(): number;
    /** Seconds of the whole audio, where they are known before the end. */
    duration: number | undefined;
  };
  onProgress: ((progress: Progress) => void) | undefined;
  /** Seconds of the range that are accounted for, after each chunk. */
  onChunk(processed: number, total: number | undefined): Promise<void>;
  emit: Emit<TranscribeEvent>;
  signal: AbortSignal;
}

/** Makes one transcript of chunks, and tells of it as it grows. Throws what ended it; an abort has the partial result. */
export async function tell(telling: Telling): Promise<Result> {
  const { job, voices, spoken, audio, emit, signal } = telling;
  const begin = samples(job.start);
  const assembly = new Assembly(begin, job.words || voices !== undefined, () => spoken.language);
  const reporter = new Reporter(telling.onProgress, emit);
  const total = rangeSeconds(job, audio.duration);
  const processed = () => seconds(assembly.position - begin);

  // Segments leave in order, one after another, whether they come from a finished chunk or from a window of a running one.
  let sent = Promise.resolve();
  let events = 0;
  const send = (segments: Segment[]): Promise<void> => {
    sent = sent.then(async () => {
      for (const segment of emit.listening() ? segments : []) {
        await voices?.settled(samples(segment.end));
        const near = voices?.turnsNear(segment.start, segment.end);
        const parts = near ? attributed([segment], near, job) : [segment];
        for (const part of parts) await emit({ type: 'segment', segment: { ...part, id: events++ } });
      }
      await reporter.at(processed(), total);
    });
    return sent;
  };
  const transcript = (duration: number, covered: CoverageSpan[], track: SpeakerTrack | undefined): Transcript => {
    const plain = assembly.transcript(duration, covered, spoken.probability);
    return track ? { ...plain, segments: attributed(plain.segments, track.turns, job), ...track } : plain;
  };

  let chunks = 0;
  let decodedChunks = 0;
  let failure: unknown;
  let coverage: CoverageSpan[] | undefined;
  let track: SpeakerTrack | undefined;
  try {
    // A failure of a callback in here is thrown by the next send that is awaited.
    const early = (chunk: NativeChunk, segments: NativeSegment[]) =>
      void send(assembly.early(chunk, segments)).catch(() => {});
    for await (const decoded of telling.chunks(early)) {
      chunks++;
      failure ??= decoded.error;
      if (!decoded.error) decodedChunks++;
      await send(assembly.add(decoded));
      await telling.onChunk(processed(), total);
      if (signal.aborted) throw aborted(signal);
    }
    await send(assembly.flush());
    // One chunk that can't be decoded is a hole in the result; if none can, there is no result.
    if (chunks > 0 && decodedChunks === 0) throw failure;
    if (chunks === 0) checkStart(job, seconds(audio.position()) > job.start ? undefined : job.start);
    coverage = assembly.finish(audio.position(), 'silence');
    track = await voices?.finish();
    if (signal.aborted) throw aborted(signal);
  } catch (error) {
    if (voices?.failure) throw voices.failure.error;
    if (!signal.aborted) throw error;
    assembly.flush();
    const end = Math.max(assembly.position, total === undefined ? audio.position() : begin + samples(total));
    const duration = audio.duration ?? seconds(audio.position());
    // Text without speakers is better than none.
    track ??= await voices?.finish().catch(() => undefined);
    throw aborted(signal, new Result(transcript(duration, coverage ?? assembly.finish(end, 'aborted'), track)));
  }

  await reporter.at(processed(), processed(), true); // what was read is all there is
  const result = new Result(transcript(wholeDuration(job, audio.duration, audio.position()), coverage, track));
  const { segments, speakers, turns, exclusiveTurns } = result;
  if (speakers && turns && exclusiveTurns) {
    await emit({ type: 'speakers', segments, speakers, turns, exclusiveTurns });
  }
  return result;
}

/** Segments with their speakers, and without the words that only served to find them. */
function attributed(segments: Segment[], turns: readonly SpeakerTurn[], job: JobOptions): Segment[] {
  const parts = attribute(segments, turns);
  return job.words ? parts : parts.map(({ words, ...part }) => part);
}

/** Long enough to tell a language from. */
export const tellsLanguage = (chunk: NativeChunk): boolean => chunk.end - chunk.begin >= SAMPLE_RATE / 2;

/** Seconds of audio that a result accounts for. */
export function processedSeconds({ coverage }: Transcript): number {
  const done = coverage.filter(({ status }) => status !== 'aborted');
  return (done.at(-1)?.end ?? 0) - (done[0]?.start ?? 0);
}

function aborted(signal: AbortSignal, partial?: TranscriptionResult): HearkenError {
  const error = abortedError('the transcription', signal);
  return partial ? Object.assign(error, { partial }) : error;
}
