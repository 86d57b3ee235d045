/** What native handles have in common: see lib/binding.ts. */
export interface NativeHandle {
  readonly byteSize: number;
  readonly closed: boolean;
  close(): Promise<void>;
}

// Only a safety net: memory is freed at a known moment by close().
const forgotten = new FinalizationRegistry<string>((what) => {
  process.emitWarning(`${what} was garbage collected without close()`, { code: 'HEARKEN_NOT_CLOSED' });
});

/** Loaded weights that users hold and any number of jobs share. */
export abstract class Handle<Native extends NativeHandle> implements AsyncDisposable {
  protected readonly native: Native;
  #holds = 0;
  #closing: { done: Promise<void>; idle: () => void } | undefined;

  constructor(native: Native, what: string) {
    this.native = native;
    forgotten.register(this, what, this);
  }

  get byteSize(): number {
    return this.native.byteSize;
  }

  get closed(): boolean {
    return this.#closing !== undefined || this.native.closed;
  }

  /** A job's share: close() lets it finish, whatever workers it still makes. Returns what ends it. */
  hold(): () => void {
    this.#holds++;
    return () => {
      if (--this.#holds === 0) this.#closing?.idle();
    };
  }

  async close(): Promise<void> {
    forgotten.unregister(this);
    if (!this.#closing) {
      let idle = () => {};
      const ready = new Promise<void>((resolve) => {
        idle = resolve;
      });
      this.#closing = { done: ready.then(() => this.native.close()), idle };
      if (this.#holds === 0) idle();
    }
    await this.#closing.done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
