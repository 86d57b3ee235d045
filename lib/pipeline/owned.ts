interface Closable {
  close(): Promise<void>;
}

/** What a job has opened, to be closed when it ends: the last first, and all of it whatever one close() throws. */
export class Owned {
  readonly #all: Closable[] = [];

  add<T extends Closable>(made: T): T {
    this.#all.push(made);
    return made;
  }

  async close(): Promise<void> {
    const last = this.#all.pop();
    if (!last) return;
    try {
      await last.close();
    } finally {
      await this.close();
    }
  }
}
