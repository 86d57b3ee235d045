import { binding, type NativeDecodeOptions } from '../../lib/binding.js';
import { stateBytes } from '../../lib/pipeline/supplies.js';
import { DECODE_OPTIONS } from './decode-options.js';
import { nativeBytes } from './engine.js';

const SAMPLE_RATE = 16000;

export interface Compared {
  predicted: number;
  ledger: number;
}

/** How far the prediction is off, as a share of what the ledger says. */
export const errorOf = ({ predicted, ledger }: Compared): number => predicted / ledger - 1;

const DECODE: NativeDecodeOptions = { ...DECODE_OPTIONS, bestOf: 1, temperatureIncrement: 0, threads: 2 };

/** A whole window: of less, the encoder takes less to work in. */
const SECONDS = 30;

/**
 * Loads a model and decodes with it: what its header predicted beside what the ledger says then. `decoders`: also with
 * five, by beam search and by sampling. `audio`: a file that holds some.
 */
export async function compareModel(
  path: string,
  audio: string,
  decoders = true,
): Promise<{ weights: Compared; state: Compared; beam?: Compared; sampled?: Compared }> {
  const addon = binding();
  const cancel = new addon.CancelToken();
  const info = await addon.inspectModel(path);
  const model = await addon.loadModel(path, cancel);
  const planner = await addon.openPlanner(
    { path: audio },
    { channel: -1, ffmpegPath: '', begin: 0, end: SECONDS * SAMPLE_RATE, chunkSamples: 30 * SAMPLE_RATE, vadModel: '' },
    cancel,
  );
  const chunk = await planner.next(cancel);
  if (!chunk) throw new Error(`${audio} holds no audio`);
  // With a state of its own, so that every figure is of these options alone.
  const measure = async (options: Partial<NativeDecodeOptions>, count: number): Promise<Compared> => {
    const state = await model.createState();
    await state.decode(chunk, { ...DECODE, ...options }, cancel).catch((error) => {
      if (error.code !== 'ERR_DECODE') throw error; // what a generated file ends with
    });
    const ledger = nativeBytes().states ?? 0;
    await state.close();
    return { predicted: stateBytes(info, { decoders: count, chunkSamples: SECONDS * SAMPLE_RATE }), ledger };
  };
  try {
    const weights = { predicted: info.weightBytes, ledger: nativeBytes().weights ?? 0 };
    const state = await measure({}, 1);
    if (!decoders) return { weights, state };
    const beam = await measure({ beamSize: 5 }, 5);
    const sampled = await measure({ bestOf: 5, temperature: 0.4 }, 5);
    return { weights, state, beam, sampled };
  } finally {
    chunk.release();
    await planner.close();
    await model.close();
  }
}
