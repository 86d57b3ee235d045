import { SAMPLE_RATE } from '../audio/source.js';
import { binding, type NativeDiarizerMemory, type NativeModelInfo } from '../binding.js';
import type { DiarizerFiles, LoadedDiarizer } from '../models/diarizer.js';
import type { ResourceManager } from '../models/manager.js';
import type { Wanted } from '../models/shared.js';
import type { Model, WhisperFile } from '../models/whisper-model.js';
import { budget, type Grant, type Need } from '../resources/budget.js';
import type { Lease } from '../resources/lease.js';
import type { Pooled } from '../resources/pool.js';
import type { Given } from './given.js';
import type { ModelFiles } from './model-digests.js';

/** What a job wants, beside the handles that its caller gave. */
export interface Wants {
  what: string;
  /** A Whisper model: its name or path, for so many workers of so many decoders each, and chunks of so many samples. */
  model?: { model?: string; offline?: boolean; decoders: number; chunkSamples: number };
  workers: number;
  /** Telling speakers apart: by channel, or by voice with so many threads beside so many workers. */
  speakers?: { channels: boolean; threads(workers: number): number };
}

type Speakers = NonNullable<Wants['speakers']>;

/** Of a job beside what is counted, measured (bench/limits.mjs): stacks, text. What a worker never touches of its state pays for its own. */
const JOB_EXTRA = 2 ** 20;

/** Of one worker. */
export function stateBytes(
  info: NativeModelInfo,
  { decoders, chunkSamples }: Pick<NonNullable<Wants['model']>, 'decoders' | 'chunkSamples'>,
): number {
  const beyond = info.secondBytes * (chunkSamples / SAMPLE_RATE - 30);
  const more = decoders > 1 ? info.decodersBytes + (decoders - 1) * info.decoderBytes : 0;
  return info.stateBytes + beyond + more;
}

/** Of telling speakers apart: for an hour, as the length is not known before the audio is opened. */
function sessionBytes(sizes: NativeDiarizerMemory, { channels, threads }: Speakers, workers: number): number {
  if (channels) return sizes.channelSessionBytes;
  return sizes.sessionBytes + threads(workers) * sizes.threadBytes + sizes.hourBytes;
}

/** The models that a job will use: found, and their headers read, but not loaded. */
export class Order {
  readonly given: Given;
  readonly wants: Wants;
  readonly model: Share<Model, WhisperFile> | undefined;
  readonly diarizer: Share<LoadedDiarizer, DiarizerFiles> | undefined;

  /** Where the models are, and what they are known by. */
  get files(): Omit<ModelFiles, 'vadModel'> {
    const { given, model, diarizer } = this;
    const files: Omit<ModelFiles, 'vadModel'> = {};
    if (given.model) files.whisper = given.model;
    else if (model) files.whisper = { ...model.wanted.file, identity: model.wanted.identity };
    if (!this.wants.speakers) return files;
    if (given.diarizer) files.diarizer = { ...given.diarizer.files, identity: given.diarizer.identity };
    else if (diarizer) files.diarizer = { ...diarizer.wanted.file, identity: diarizer.wanted.identity };
    return files;
  }

  /** Handles that the caller gave are used as they are. */
  static async find(manager: ResourceManager, given: Given, wants: Wants): Promise<Order> {
    const { model, speakers } = wants;
    return new Order(
      given,
      wants,
      model && !given.model ? new Share(await manager.shared.whisper(model)) : undefined,
      speakers && !given.diarizer ? new Share(await manager.shared.diarizer({})) : undefined,
    );
  }

  private constructor(
    given: Given,
    wants: Wants,
    model: Share<Model, WhisperFile> | undefined,
    diarizer: Share<LoadedDiarizer, DiarizerFiles> | undefined,
  ) {
    this.given = given;
    this.wants = wants;
    this.model = model;
    this.diarizer = diarizer;
  }
}

/**
 * The memory and the models of one job: granted as a whole before anything is loaded, so that a job either fits or is refused
 * at once.
 */
export class Supplies {
  readonly grant: Grant;
  readonly #order: Order;

  static async reserve(order: Order, signal: AbortSignal): Promise<Supplies> {
    const { given, wants, model, diarizer } = order;
    const { model: want, speakers } = wants;
    const info = given.model?.info ?? model?.wanted.file.info;
    const sizes = given.diarizer?.sizes ?? diarizer?.wanted.file.sizes;
    let granted: number | undefined; // a session keeps the threads that it was opened with
    const bytes = (workers: number): number => {
      let sum = JOB_EXTRA + (model?.missing() ?? 0) + (diarizer?.missing() ?? 0);
      if (want && info) {
        sum += workers * stateBytes(info, want) + binding().audioBytes(want.chunkSamples, 2 * workers + 1);
      }
      if (speakers && sizes) sum += sessionBytes(sizes, speakers, granted ?? workers);
      return sum;
    };
    const need = (): Need => {
      // What is loaded is held from here on, so that nobody frees it while this job waits for the rest.
      model?.share();
      diarizer?.share();
      const need = { what: wants.what, workers: wants.workers, bytes };
      if (!want || !speakers || !sizes) return need;
      const without = bytes(1) - (diarizer?.missing() ?? 0) - sessionBytes(sizes, speakers, 1);
      return { ...need, leaner: { how: 'without speakers', bytes: without } };
    };
    try {
      const grant = await budget.admit(need, signal);
      granted = grant.workers;
      return new Supplies(grant, order);
    } catch (error) {
      await model?.release();
      await diarizer?.release();
      throw error;
    }
  }

  private constructor(grant: Grant, order: Order) {
    this.grant = grant;
    this.#order = order;
  }

  async model(signal: AbortSignal): Promise<Model> {
    return this.#order.given.model ?? ((await this.#order.model?.load(signal)) as Model);
  }

  async diarizer(signal: AbortSignal): Promise<LoadedDiarizer> {
    return this.#order.given.diarizer ?? ((await this.#order.diarizer?.load(signal)) as LoadedDiarizer);
  }

  async close(): Promise<void> {
    try {
      await Promise.all([this.#order.model?.release(), this.#order.diarizer?.release()]);
    } finally {
      this.grant.release();
    }
  }
}

/** A job's share in a model: held as soon as it is loaded, by whomever. */
class Share<T extends Pooled, File> {
  readonly wanted: Wanted<T, File>;
  #lease: Lease<T> | undefined;

  constructor(wanted: Wanted<T, File>) {
    this.wanted = wanted;
  }

  share(): void {
    this.#lease ??= this.wanted.share();
  }

  /** Bytes that loading it will take. */
  missing(): number {
    return this.#lease ? 0 : this.wanted.bytes;
  }

  async load(signal: AbortSignal): Promise<T> {
    this.#lease ??= await this.wanted.load(signal);
    return this.#lease.handle;
  }

  async release(): Promise<void> {
    await this.#lease?.release();
  }
}
