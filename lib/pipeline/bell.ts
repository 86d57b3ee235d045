/** Wakes whoever waits for a condition whenever something may have changed it. */
export class Bell {
  #waiting: (() => void)[] = [];

  ring(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
