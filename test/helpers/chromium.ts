import { spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

// A real browser, looked into through its own debugging protocol: JSON messages over two pipes, each ended by a zero byte.

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'chrome'];
const ANSWER_MS = 60_000;

function runs(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** HEARKEN_CHROMIUM, or one on PATH; undefined where there is none. One that is named and does not exist is an error. */
export function findChromium(): string | undefined {
  const named = process.env.HEARKEN_CHROMIUM;
  if (named) {
    if (!runs(named)) throw new Error(`HEARKEN_CHROMIUM is ${named}, which can't be run`);
    return named;
  }
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(runs);
}

interface Message {
  id?: number;
  sessionId?: string;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { message: string };
}

interface Waiting {
  resolve(result: Record<string, unknown>): void;
  reject(error: Error): void;
}

export interface Viewport {
  width: number;
  height: number;
  dark?: boolean;
  /** As on paper. */
  print?: boolean;
}

/** One page in a browser of its own. */
export class Page {
  /** URLs that the page asked for, in order. */
  readonly requests: string[] = [];
  /** What it complained of: exceptions, console messages, broken policies. */
  readonly complaints: string[] = [];
  readonly #child;
  readonly #folder = mkdtempSync(join(tmpdir(), 'hearken-chromium-'));
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Map<string, () => void>();
  readonly #ended: Promise<void>;
  #said = '';
  #rest = '';
  #id = 0;
  #session: string | undefined;

  private constructor(chromium: string) {
    this.#child = spawn(
      chromium,
      [
        '--headless=new',
        '--no-sandbox', // refuses to run as root otherwise; it only sees our own file
        '--disable-gpu',
        '--disable-dev-shm-usage',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--hide-scrollbars',
        '--remote-debugging-pipe',
        `--user-data-dir=${this.#folder}`,
        'about:blank',
      ],
      { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'] },
    );
    const child = this.#child;
    (child.stdio[2] as Readable).setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-2000);
    });
    (child.stdio[4] as Readable).setEncoding('utf8').on('data', (text: string) => this.#read(text));
    (child.stdio[3] as Writable).on('error', () => {});
    this.#ended = new Promise((resolve) => {
      child.once('error', (error) => this.#fail(error));
      child.once('close', (code) => {
        this.#fail(new Error(`${chromium} ended with ${code}: ${this.#said}`));
        resolve();
      });
    });
  }

  static async open(chromium: string): Promise<Page> {
    const page = new Page(chromium);
    try {
      const { targetInfos } = await page.#call('Target.getTargets');
      const target = (targetInfos as { type: string; targetId: string }[]).find(({ type }) => type === 'page');
      const { sessionId } = await page.#call('Target.attachToTarget', { targetId: target?.targetId, flatten: true });
      page.#session = sessionId as string;
      for (const domain of ['Page', 'Runtime', 'Network', 'Log']) await page.#call(`${domain}.enable`);
    } catch (error) {
      await page.close();
      throw error;
    }
    return page;
  }

  async show(url: string, { width, height, dark = false, print = false }: Viewport): Promise<void> {
    await this.#call('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
    await this.#call('Emulation.setEmulatedMedia', {
      media: print ? 'print' : '',
      features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }],
    });
    const loaded = new Promise<void>((resolve) => this.#listeners.set('Page.loadEventFired', resolve));
    const { errorText } = await this.#call('Page.navigate', { url });
    if (errorText !== undefined) throw new Error(`${url}: ${errorText}`);
    await loaded;
  }

  /** What an expression is in the page, as JSON can tell it. */
  async ask<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.#call('Runtime.evaluate', {
      expression,
      returnByValue: true,
      awaitPromise: true,
    });
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { value: T }).value;
  }

  async point(x: number, y: number): Promise<void> {
    await this.#call('Input.dispatchMouseEvent', { type: 'mouseMoved', x, y });
  }

  /** The whole page as PNG. */
  async screenshot(): Promise<Buffer> {
    const { data } = await this.#call('Page.captureScreenshot', { format: 'png', captureBeyondViewport: true });
    return Buffer.from(data as string, 'base64');
  }

  async close(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #call(method: string, params: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const id = ++this.#id;
    const session = this.#session === undefined ? {} : { sessionId: this.#session };
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer to ${method}: ${this.#said}`)), ANSWER_MS);
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(id);
      };
      this.#waiting.set(id, {
        resolve: (result) => {
          done();
          resolve(result);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      });
      (this.#child.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    });
  }

  #fail(error: Error): void {
    for (const waiting of [...this.#waiting.values()]) waiting.reject(error);
  }

  #read(text: string): void {
    const parts = (this.#rest + text).split('\0');
    this.#rest = parts.pop() as string;
    for (const part of parts) this.#hear(JSON.parse(part) as Message);
  }

  #hear({ id, result, error, method, params = {} }: Message): void {
    if (id !== undefined) {
      const waiting = this.#waiting.get(id);
      if (error) waiting?.reject(new Error(error.message));
      else waiting?.resolve(result ?? {});
      return;
    }
    if (method === 'Network.requestWillBeSent') this.requests.push((params.request as { url: string }).url);
    if (method === 'Runtime.exceptionThrown' || method === 'Runtime.consoleAPICalled' || method === 'Log.entryAdded') {
      this.complaints.push(JSON.stringify(params));
    }
    const listener = this.#listeners.get(method ?? '');
    if (listener) {
      this.#listeners.delete(method ?? '');
      listener();
    }
  }
}
