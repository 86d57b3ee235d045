import type { NativeDecodeResult, NativeSegment, NativeSpeakers, NativeTurn } from '../binding.js';

// How values are written in the store. Positions in a chunk count from its begin: the same sound elsewhere has the same text.
// What can't be read counts as not there: it will be computed again.

export interface KeptLanguage {
  language: string;
  probability: number;
}

const write = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

function read<T>(bytes: Uint8Array, to: (value: T) => T): T | undefined {
  try {
    return to(JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()) as T);
  } catch {
    return undefined;
  }
}

function moved({ segments, remarks, windows, fallbacks }: NativeDecodeResult, by: number): NativeDecodeResult {
  const shift = <T extends { begin: number; end: number }>(span: T): T => ({
    ...span,
    begin: span.begin + by,
    end: span.end + by,
  });
  return {
    segments: segments.map((segment): NativeSegment => ({ ...shift(segment), words: segment.words.map(shift) })),
    remarks: remarks.map(shift),
    windows,
    fallbacks,
  };
}

export const writeChunk = (result: NativeDecodeResult, begin: number): Buffer => write(moved(result, -begin));

export const readChunk = (bytes: Uint8Array, begin: number): NativeDecodeResult | undefined =>
  read<NativeDecodeResult>(bytes, (result) => moved(result, begin));

export const writeLanguage = (language: KeptLanguage): Buffer => write(language);

export const readLanguage = (bytes: Uint8Array): KeptLanguage | undefined =>
  read<KeptLanguage>(bytes, (value) => {
    if (typeof value.language !== 'string') throw new TypeError('no language');
    return value;
  });

interface WrittenSpeakers {
  turns: [number, number, number][];
  exclusiveTurns: [number, number, number][];
  speakers: { samples: number; embedding: string }[];
}

const writeTurns = (turns: NativeTurn[]) =>
  turns.map(({ begin, end, speaker }): [number, number, number] => [begin, end, speaker]);

const readTurns = (turns: WrittenSpeakers['turns']) =>
  turns.map(([begin, end, speaker]): NativeTurn => ({ begin, end, speaker }));

export function writeSpeakers({ turns, exclusiveTurns, speakers }: NativeSpeakers): Buffer {
  const base64 = (floats: Float32Array) =>
    Buffer.from(floats.buffer, floats.byteOffset, floats.byteLength).toString('base64');
  return write({
    turns: writeTurns(turns),
    exclusiveTurns: writeTurns(exclusiveTurns),
    speakers: speakers.map(({ samples, embedding }) => ({ samples, embedding: base64(embedding) })),
  } satisfies WrittenSpeakers);
}

export function readSpeakers(bytes: Uint8Array): NativeSpeakers | undefined {
  let found: NativeSpeakers | undefined;
  read<WrittenSpeakers>(bytes, (value) => {
    const floats = (text: string) => {
      const raw = Buffer.from(text, 'base64');
      return new Float32Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.byteLength));
    };
    found = {
      turns: readTurns(value.turns),
      exclusiveTurns: readTurns(value.exclusiveTurns),
      speakers: value.speakers.map(({ samples, embedding }) => ({ samples, embedding: floats(embedding) })),
    };
    return value;
  });
  return found;
}
