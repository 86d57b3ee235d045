import { HearkenError } from '../errors.js';
import { budget } from '../resources/budget.js';

/** Events that may wait for a reader before the job does. */
const MOST_WAITING = 16;

/** Hands an event to whoever iterates; resolves once there is room for the next. */
export interface Emit<Event> {
  (event: Event): Promise<void> | undefined;
  /** Does anybody iterate? */
  listening(): boolean;
}

/** A running job: a promise of its result, and an iterable of its events. */
export interface Job<Event, Result> extends Promise<Result>, AsyncIterable<Event> {
  abort(reason?: unknown): void;
}

/** How a job is stopped: from outside, or by itself. */
export interface Reins {
  signal: AbortSignal;
  abort(reason: unknown): void;
}

/** Events on their way to one iterator, with a bound: a reader that stops reading stops the job. */
class EventQueue<Event> implements AsyncIterator<Event, undefined> {
  #events: Event[] = [];
  #readers: {
    resolve: (result: IteratorResult<Event, undefined>) => void;
    reject: (error: unknown) => void;
  }[] = [];
  #room: (() => void)[] = [];
  #ended = false;
  #error: { error: unknown } | undefined;
  readonly #onReturn: () => Promise<void> | undefined;

  constructor(onReturn: () => Promise<void> | undefined) {
    this.#onReturn = onReturn;
  }

  push(event: Event): Promise<void> | undefined {
    if (this.#ended) return undefined;
    const reader = this.#readers.shift();
    if (reader) {
      reader.resolve({ value: event, done: false });
      return undefined;
    }
    this.#events.push(event);
    if (this.#events.length < MOST_WAITING) return undefined;
    return new Promise((resolve) => this.#room.push(resolve));
  }

  end(error?: { error: unknown }): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    for (const reader of this.#readers.splice(0)) this.#settle(reader);
    this.release();
  }

  /** Lets the job go on although nobody reads. */
  release(): void {
    for (const resolve of this.#room.splice(0)) resolve();
  }

  next(): Promise<IteratorResult<Event, undefined>> {
    const event = this.#events.shift();
    if (event) {
      if (this.#events.length < MOST_WAITING) this.release();
      return Promise.resolve({ value: event, done: false });
    }
    return new Promise((resolve, reject) => {
      const reader = { resolve, reject };
      if (this.#ended) this.#settle(reader);
      else this.#readers.push(reader);
    });
  }

  /** The loop was left early: nobody will read the rest. The code behind the loop goes on once the job has ended. */
  async return(): Promise<IteratorResult<Event, undefined>> {
    this.#events = [];
    this.end();
    this.#error = undefined;
    await this.#onReturn();
    return { value: undefined, done: true };
  }

  #settle(reader: {
    resolve: (result: IteratorResult<Event, undefined>) => void;
    reject: (error: unknown) => void;
  }): void {
    if (this.#error) {
      const { error } = this.#error;
      this.#error = undefined;
      reader.reject(error);
    } else {
      reader.resolve({ value: undefined, done: true });
    }
  }
}

/**
 * A job from the function that does it. It starts in the next microtask, so that a `for await` around the call gets every event.
 * Events are kept for iterators only: a caller that just awaits pays nothing for them.
 */
export function startJob<Event, Result>(
  signal: AbortSignal | undefined,
  run: (emit: Emit<Event>, reins: Reins) => Promise<Result>,
): Job<Event, Result> {
  const controller = new AbortController();
  const queues = new Set<EventQueue<Event>>();
  const abort = (reason?: unknown) =>
    controller.abort(reason ?? new HearkenError('ERR_ABORTED', 'the job was aborted'));
  const forward = () => abort(signal?.reason);
  if (signal?.aborted) forward();
  else signal?.addEventListener('abort', forward, { once: true });

  // A stopped job waits for no reader: who aborts may be the one that does not read.
  let hasty = false;
  const hurry = () => {
    for (const queue of queues) queue.release();
  };
  controller.signal.addEventListener('abort', hurry);
  // Nor does one that holds memory which another waits for: its reader may be who started that one.
  const calm = budget.onCongestion(hurry);
  const push = (event: Event) => {
    const waits = [...queues].map((queue) => queue.push(event)).filter((wait) => wait !== undefined);
    const patient = waits.length > 0 && !hasty && !controller.signal.aborted && !budget.congested;
    return patient ? Promise.all(waits).then(() => undefined) : undefined;
  };
  const emit: Emit<Event> = Object.assign(push, { listening: () => queues.size > 0 });

  // Set together with the end of the queues: an iterator made in between would wait for ever.
  let outcome: { error?: { error: unknown } } | undefined;
  const settle = (error?: { error: unknown }) => {
    outcome = error ? { error } : {};
    signal?.removeEventListener('abort', forward);
    calm();
    for (const queue of queues) queue.end(error);
  };
  const promise = Promise.resolve()
    .then(() => run(emit, { signal: controller.signal, abort }))
    .then(
      (result) => {
        settle();
        return result;
      },
      (error: unknown) => {
        settle({ error });
        throw error;
      },
    );
  const job: Job<Event, Result> = Object.assign(promise, {
    abort,
    [Symbol.asyncIterator](): AsyncIterator<Event, undefined> {
      // Who iterates gets the error from the iterator; the promise need not be awaited as well.
      const ended = promise.then(
        () => {},
        () => {},
      );
      const queue = new EventQueue<Event>(() => {
        queues.delete(queue);
        if (outcome || queues.size > 0) return undefined;
        abort(new HearkenError('ERR_ABORTED', 'the loop over the events was left'));
        return ended;
      });
      if (outcome) queue.end(outcome.error);
      else queues.add(queue);
      return queue;
    },
  });
  hasteners.set(job, () => {
    hasty = true;
    hurry();
  });
  return job;
}

const hasteners = new WeakMap<object, () => void>();

/** Lets a job go on to its end without waiting for its readers: who waits for its end may be one of them. */
export function hasten(job: object): void {
  hasteners.get(job)?.();
}
