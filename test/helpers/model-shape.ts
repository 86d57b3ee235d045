import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';

/** What tells the published Whisper models apart. */
export interface ModelShape {
  state: number;
  audioLayers: number;
  textLayers: number;
  mels: number;
  vocabulary: number;
}

const shape = (state: number, audioLayers: number, textLayers: number, vocabulary: number, mels = 80): ModelShape => ({
  state,
  audioLayers,
  textLayers,
  mels,
  vocabulary,
});

export const PUBLISHED: Record<string, ModelShape> = {
  'tiny.en': shape(384, 4, 4, 51864),
  tiny: shape(384, 4, 4, 51865),
  'base.en': shape(512, 6, 6, 51864),
  base: shape(512, 6, 6, 51865),
  small: shape(768, 12, 12, 51865),
  medium: shape(1024, 24, 24, 51865),
  'large-v2': shape(1280, 32, 32, 51865),
  'large-v3': shape(1280, 32, 32, 51866, 128),
  'large-v3-turbo': shape(1280, 32, 4, 51866, 128),
};

/** ggml's numbers of a file's type and of its tensors' type, and the bytes of a block of so many weights. */
interface WeightType {
  file: number;
  tensor: number;
  block: number;
  bytes: number;
}

const type = (file: number, tensor: number, block: number, bytes: number): WeightType => ({
  file,
  tensor,
  block,
  bytes,
});

const F32 = type(0, 0, 1, 4);
const F16 = type(1, 1, 1, 2);

/** Those of 256 weights a block fit no rows of 384, so no tiny model has them; whisper.cpp can't compute with f32. */
export const WEIGHT_TYPES: Record<string, WeightType> = {
  f32: F32,
  f16: F16,
  q4_0: type(2, 2, 32, 18),
  q4_1: type(3, 3, 32, 20),
  q5_0: type(8, 6, 32, 22),
  q5_1: type(9, 7, 32, 24),
  q8_0: type(7, 8, 32, 34),
  q2_K: type(10, 10, 256, 84),
  q3_K: type(11, 11, 256, 110),
  q4_K: type(12, 12, 256, 144),
  q5_K: type(13, 13, 256, 176),
  q6_K: type(14, 14, 256, 210),
};

interface Tensor {
  name: string;
  shape: number[];
  type: WeightType;
}

function tensorsOf({ state: n, audioLayers, textLayers, mels, vocabulary }: ModelShape, weights: WeightType): Tensor[] {
  const all: Tensor[] = [];
  const add = (name: string, shape: number[], type: WeightType) => all.push({ name, shape, type });
  const convolution = (name: string, inputs: number) => {
    add(`${name}.weight`, [3, inputs, n], weights === F32 ? F32 : F16);
    add(`${name}.bias`, [1, n], F32);
  };
  const norm = (name: string) => {
    add(`${name}.weight`, [n], F32);
    add(`${name}.bias`, [n], F32);
  };
  const linear = (name: string, inputs: number, outputs: number, bias = true) => {
    add(`${name}.weight`, [inputs, outputs], weights);
    if (bias) add(`${name}.bias`, [outputs], F32);
  };
  const attention = (name: string) => {
    norm(`${name}_ln`);
    linear(`${name}.query`, n, n);
    linear(`${name}.key`, n, n, false);
    linear(`${name}.value`, n, n);
    linear(`${name}.out`, n, n);
  };
  const block = (name: string) => {
    attention(`${name}.attn`);
    norm(`${name}.mlp_ln`);
    linear(`${name}.mlp.0`, n, 4 * n);
    linear(`${name}.mlp.2`, 4 * n, n);
  };
  add('encoder.positional_embedding', [n, 1500], F32);
  convolution('encoder.conv1', mels);
  convolution('encoder.conv2', n);
  norm('encoder.ln_post');
  for (let i = 0; i < audioLayers; i++) block(`encoder.blocks.${i}`);
  add('decoder.positional_embedding', [n, 448], F32);
  add('decoder.token_embedding.weight', [n, vocabulary], weights);
  norm('decoder.ln');
  for (let i = 0; i < textLayers; i++) {
    block(`decoder.blocks.${i}`);
    attention(`decoder.blocks.${i}.cross_attn`);
  }
  return all;
}

/**
 * Writes a model file of this shape whose weights are all zero, as holes: a large one takes no room on most disks. Only
 * the decoder's last bias is NaN: so every decode fails, at its first token, when all of its memory has been taken.
 */
export function writeModel(path: string, shape: ModelShape, quantization: string): void {
  const weights = WEIGHT_TYPES[quantization];
  if (!weights) throw new Error(`no weight type ${quantization}`);
  const { state, audioLayers, textLayers, mels } = shape;
  const file = openSync(path, 'w');
  let at = 0;
  const put = (bytes: Uint8Array): void => {
    at += writeSync(file, bytes, 0, bytes.length, at);
  };
  const int32 = (...values: number[]): void => put(new Uint8Array(Int32Array.from(values).buffer));
  const heads = state / 64;
  int32(
    0x67676d6c,
    shape.vocabulary,
    1500,
    state,
    heads,
    audioLayers,
    448,
    state,
    heads,
    textLayers,
    mels,
    weights.file,
  );
  int32(mels, 201);
  at += 4 * mels * 201;
  const words = shape.vocabulary === 51864 ? 50257 : 50258; // the others are made up by the loader
  int32(words);
  const vocabulary: Buffer[] = [];
  for (let i = 0; i < words; i++) {
    const word = Buffer.from(i === 0 ? ' ' : ` w${i}`); // whisper.cpp looks for the one of a blank
    const length = Buffer.alloc(4);
    length.writeUInt32LE(word.length);
    vocabulary.push(length, word);
  }
  put(Buffer.concat(vocabulary));
  for (const tensor of tensorsOf(shape, weights)) {
    const name = Buffer.from(tensor.name);
    int32(tensor.shape.length, name.length, tensor.type.tensor, ...tensor.shape);
    put(name);
    if (tensor.name === 'decoder.ln.bias') {
      put(new Uint8Array(new Float32Array(state).fill(Number.NaN).buffer));
      continue;
    }
    at += (tensor.shape.reduce((product, n) => product * n, 1) / tensor.type.block) * tensor.type.bytes;
  }
  ftruncateSync(file, at);
  closeSync(file);
}
