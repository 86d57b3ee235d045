// What a user of TypeScript writes, as a CommonJS module.
import hearken = require('hearken');

export async function firstWords(file: string): Promise<string> {
  const result: hearken.TranscriptionResult = await hearken.transcribe(file, { diarize: false });
  return result.text;
}

// @ts-expect-error A file is not a number: the types say so, instead of being `any`.
void firstWords(1);
