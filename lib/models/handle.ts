import { HearkenError } from '../errors.js';
import { weights } from '../resources/usage.js';

/** What native handles have in common: see lib/binding.ts. */
export interface NativeHandle {
  readonly byteSize: number;
  readonly closed: boolean;
  close(): Promise<void>;
}

interface Forgotten {
  what: string;
  ticket: object;
}

// Only a safety net: memory is freed at a known moment by close().
const forgotten = new FinalizationRegistry<Forgotten>(({ what, ticket }) => {
  weights.remove(ticket);
  process.emitWarning(`${what} was garbage collected without close()`, { code: 'HEARKEN_NOT_CLOSED' });
});

/** Loaded weights that users hold and any number of jobs share. */
export abstract class Handle<Native extends NativeHandle> implements AsyncDisposable {
  protected readonly native: Native;
  /** Is it a manager's? Its leases end it, not close(). */
  readonly #leased: boolean;
  readonly #ticket: object;
  #holds = 0;
  #closing: { done: Promise<void>; idle: () => void } | undefined;

  constructor(native: Native, what: string, leased: boolean) {
    this.native = native;
    this.#leased = leased;
    this.#ticket = weights.add(native.byteSize);
    forgotten.register(this, { what, ticket: this.#ticket }, this);
  }

  get byteSize(): number {
    return this.native.byteSize;
  }

  get closed(): boolean {
    return this.#closing !== undefined || this.native.closed;
  }

  /** Of a manager's: see {@link Pooled.pin}. */
  pin: (() => () => void) | undefined;

  /** A job's share: close() lets it finish, whatever workers it still makes. Returns what ends it. */
  hold(): () => void {
    if (this.pin) return this.pin();
    this.#holds++;
    return () => {
      if (--this.#holds === 0) this.#closing?.idle();
    };
  }

  async close(): Promise<void> {
    if (this.#leased) {
      throw new HearkenError('ERR_INVALID_ARG', 'this handle is shared by its leases: release() the lease instead');
    }
    await this.free();
  }

  /** Frees the weights, once no job uses them; resolves when the memory is gone. */
  async free(): Promise<void> {
    forgotten.unregister(this);
    if (!this.#closing) {
      let idle = () => {};
      const ready = new Promise<void>((resolve) => {
        idle = resolve;
      });
      this.#closing = { done: ready.then(() => this.#end()), idle };
      if (this.#holds === 0) idle();
    }
    await this.#closing.done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Frees what refers to the weights and is not in use. */
  protected async empty(): Promise<void> {}

  async #end(): Promise<void> {
    await this.empty();
    await this.native.close();
    weights.remove(this.#ticket);
  }
}
