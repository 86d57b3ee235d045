// A child that transcribes a file with a data folder, and writes down each native computation before it begins: `chunk N`,
// `window N`. Arguments: audio, data folder, result, log.
import { appendFileSync } from 'node:fs';
import type { NativeDecodeOptions } from '../../../lib/binding.js';
import { transcribe } from '../../../lib/index.js';
import { LoadedDiarizer } from '../../../lib/models/diarizer.js';
import { StatePool } from '../../../lib/models/states.js';

const [audio, dataDir, out, log] = process.argv.slice(2) as [string, string, string, string];
const note = (line: string) => appendFileSync(log, `${line}\n`);

const { take } = StatePool.prototype;
StatePool.prototype.take = async function (this: StatePool) {
  const state = await take.call(this);
  if (Object.hasOwn(state, 'decode')) return state;
  const decode = state.decode.bind(state);
  // The addon's own methods are read-only: an assignment would throw.
  return Object.defineProperty(state, 'decode', {
    value: (chunk: { index: number }, options: NativeDecodeOptions, ...rest: never[]) => {
      note(`chunk ${chunk.index}`);
      return decode(chunk as never, options, ...(rest as unknown as [never]));
    },
  });
};

const { open } = LoadedDiarizer.prototype;
LoadedDiarizer.prototype.open = async function (this: LoadedDiarizer, options) {
  const native = await open.call(this, options);
  const advance = native.advance.bind(native);
  let windows = 0;
  return Object.defineProperty(native, 'advance', {
    value: (known: (Uint8Array | null)[], cancel: never) => {
      for (const record of known) note(record === null ? `window ${windows++}` : `known ${windows++}`);
      return advance(known, cancel);
    },
  });
};

const result = await transcribe(audio, { dataDir, cache: true, chunkSizeSeconds: 10, maxWorkers: 2 });
await result.save(out);
