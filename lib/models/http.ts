import { HearkenError } from '../errors.js';

/** A failed request; `transient` ones are worth another try. */
export class DownloadError extends HearkenError {
  constructor(
    message: string,
    readonly transient: boolean,
    options: ErrorOptions & { retryAfterMs?: number | undefined } = {},
  ) {
    super('ERR_MODEL_DOWNLOAD', message, options);
    this.retryAfterMs = options.retryAfterMs;
  }
  readonly retryAfterMs: number | undefined;
}

/** A response to a request for the rest of a file. */
export interface RangeResponse {
  /** whole: from the first byte, whatever was asked for; rest: from `from`; beyond: the server's file has no byte there. */
  kind: 'whole' | 'rest' | 'beyond';
  body: AsyncIterable<Uint8Array>;
  /** Bytes of the whole file, where the server tells. */
  total: number | undefined;
  /** A strong validator, with which a later request can say "only if it is still the same file". */
  etag: string | undefined;
  /** Ends the connection without reading on. */
  cancel(): Promise<void>;
}

const MAX_REDIRECTS = 10;
const TRANSIENT_STATUS = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Asks for a file from byte `from` on; follows redirects, which must not leave https once they are there. */
export async function requestRange(
  url: URL,
  from: number,
  ifRange: string | undefined,
  signal: AbortSignal,
): Promise<RangeResponse> {
  const headers: Record<string, string> = { 'user-agent': 'hearken', 'accept-encoding': 'identity' };
  if (from > 0) {
    headers.range = `bytes=${from}-`;
    if (ifRange) headers['if-range'] = ifRange;
  }
  let at = url;
  for (let hop = 0; ; hop++) {
    const response = await send(at, headers, signal);
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || !location) return interpret(response, at, from);
    await response.body?.cancel();
    if (hop === MAX_REDIRECTS) throw new DownloadError(`${url.href} redirects more than ${MAX_REDIRECTS} times`, false);
    at = redirect(at, location);
  }
}

async function send(url: URL, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, { headers, signal, redirect: 'manual' });
  } catch (cause) {
    signal.throwIfAborted();
    const reason = networkReason(cause);
    throw new DownloadError(
      `cannot reach ${url.host} (${reason}): check the connection, or name another server with HEARKEN_MODELS_URL`,
      !/ENOTFOUND|CERT|SSL|ERR_TLS/.test(reason),
      { cause },
    );
  }
}

/** fetch wraps what happened into "fetch failed"; the code is in the cause. */
export function networkReason(error: unknown): string {
  const cause = (error as { cause?: unknown }).cause ?? error;
  const { code, message } = cause as { code?: string; message?: string };
  return code ?? message ?? String(cause);
}

function redirect(from: URL, location: string): URL {
  let to: URL;
  try {
    to = new URL(location, from);
  } catch {
    throw new DownloadError(`${from.href} redirects to ${JSON.stringify(location)}, which is no address`, false);
  }
  const downgrade = from.protocol === 'https:' && to.protocol === 'http:';
  if (downgrade || (to.protocol !== 'https:' && to.protocol !== 'http:')) {
    throw new DownloadError(`${from.href} redirects to ${to.protocol}//${to.host}, which is refused`, false);
  }
  return to;
}

async function interpret(response: Response, url: URL, from: number): Promise<RangeResponse> {
  const { status, headers } = response;
  const cancel = async () => {
    await response.body?.cancel().catch(() => {});
  };
  const etag = headers.get('etag');
  const common = {
    body: (response.body ?? []) as AsyncIterable<Uint8Array>,
    etag: etag && !etag.startsWith('W/') ? etag : undefined,
    cancel,
  };
  if (status === 416 && from > 0) {
    await cancel();
    return { ...common, kind: 'beyond', total: undefined };
  }
  if (status !== 200 && status !== 206) {
    await cancel();
    throw new DownloadError(
      `${url.href} answers with status ${status}${response.statusText ? ` (${response.statusText})` : ''}`,
      TRANSIENT_STATUS.has(status),
      { retryAfterMs: retryAfter(headers.get('retry-after')) },
    );
  }
  if (/^text\/html\b/i.test(headers.get('content-type') ?? '')) {
    await cancel();
    throw new DownloadError(
      `${url.href} answers with a web page (status ${status}) instead of a model: is a login, a proxy or a wrong address in the way?`,
      false,
    );
  }
  if (status === 200) return { ...common, kind: 'whole', total: count(headers.get('content-length')) };
  const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers.get('content-range') ?? '');
  if (!range || Number(range[1]) !== from) {
    await cancel();
    throw new DownloadError(
      `${url.href} was asked for bytes from ${from} on and sent ${headers.get('content-range') ?? 'no Content-Range'}`,
      false,
    );
  }
  return { ...common, kind: 'rest', total: count(range[3]) };
}

function count(text: string | null | undefined): number | undefined {
  return text && /^\d+$/.test(text) ? Number(text) : undefined;
}

function retryAfter(value: string | null): number | undefined {
  if (!value) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) && ms > 0 ? ms : undefined;
}
