import { HearkenError } from '../errors.js';

/** A share in something that is loaded once for all who hold one. */
export interface Lease<T> extends Disposable, AsyncDisposable {
  /** What is shared, to pass as an option of jobs; ERR_CLOSED once the lease is released. */
  readonly handle: T;
  /** Whether it was given back. */
  readonly released: boolean;
  /**
   * Gives the share back. Idempotent. What nobody holds any more stays for a while or until a cleanup; where it is not to be
   * kept, the promise resolves when its memory is gone.
   */
  release(): Promise<void>;
}

/** Where a lease was taken, for the warning about one that was never given back: costs a stack trace each, so only on demand. */
const place = (): string | undefined =>
  process.env.HEARKEN_DEBUG === '1' ? new Error('acquired').stack?.split('\n').slice(3).join('\n') : undefined;

interface Lost {
  what: string;
  place: string | undefined;
  giveBack: () => Promise<void>;
}

// Only a safety net: whoever takes a lease gives it back.
const lost = new FinalizationRegistry<Lost>(({ what, place: from, giveBack }) => {
  giveBack().catch(() => {}); // nobody is there to be told
  const where = from === undefined ? 'HEARKEN_DEBUG=1 shows where it was acquired' : `it was acquired\n${from}`;
  process.emitWarning(`a lease of ${what} was garbage collected without release(); ${where}`, {
    code: 'HEARKEN_LEASE_LOST',
  });
});

export class OwnLease<T> implements Lease<T> {
  #handle: T | undefined;
  #giveBack: (() => Promise<void>) | undefined;
  #gone: Promise<void> | undefined;
  readonly #what: string;

  /** `giveBack` is called exactly once, and must not refer to the lease: else it could never be collected. */
  constructor(handle: T, what: string, giveBack: () => Promise<void>) {
    this.#handle = handle;
    this.#giveBack = giveBack;
    this.#what = what;
    lost.register(this, { what, place: place(), giveBack }, this);
  }

  get handle(): T {
    if (!this.#giveBack) throw new HearkenError('ERR_CLOSED', `the lease of ${this.#what} was released`);
    return this.#handle as T;
  }

  get released(): boolean {
    return this.#giveBack === undefined;
  }

  async release(): Promise<void> {
    const giveBack = this.#giveBack;
    if (giveBack) {
      this.#giveBack = undefined;
      this.#handle = undefined;
      lost.unregister(this);
      this.#gone = giveBack();
    }
    await this.#gone;
  }

  [Symbol.dispose](): void {
    this.release().catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }
}
