import type { Library } from './io.js';
import type { Reins, Task } from './task.js';

/** Goes on with a job that is kept, with its own options. What becomes of it is what becomes of a new one of its kind. */
export class ResumeTask<R> implements Task<R> {
  readonly #id: string;
  readonly #where: { dataDir?: string };
  readonly #like: Task<R>;

  constructor(id: string, where: { dataDir?: string }, like: Task<R>) {
    this.#id = id;
    this.#where = where;
    this.#like = like;
  }

  get nothing(): string {
    return this.#like.nothing;
  }

  /** There is one file, and nothing for it to share. */
  async prepare(): Promise<void> {}

  async perform(library: Library, _audio: unknown, reins: Reins): Promise<R> {
    // Of the job's kind, as is the task that it is like.
    return (await library.resumeJob(this.#id, { ...this.#where, ...reins })) as R;
  }

  async close(): Promise<void> {}

  partial(error: unknown): { result: R; reached: number } | undefined {
    return this.#like.partial(error);
  }

  warning(result: R): string | undefined {
    return this.#like.warning(result);
  }
}
