import { printable } from './io.js';

let hushed = false;

/** From now on the library's warnings are not said: `--quiet`. */
export function hushWarnings(): void {
  hushed = true;
}

/**
 * Says the library's warnings as the commands say everything, on a line of their own; the rest is left to Node, which also may
 * have been told to say none.
 */
export function tellWarnings(stderr: NodeJS.WriteStream = process.stderr): void {
  const others = process.listeners('warning');
  if (others.length === 0) return;
  process.removeAllListeners('warning');
  process.on('warning', (warning: Error & { code?: string }) => {
    if (!warning.code?.startsWith('HEARKEN_')) {
      for (const listener of others) listener.call(process, warning);
      return;
    }
    if (hushed) return;
    // Where a progress line stands, it gives way, and is drawn again with the next progress.
    const clear = stderr.isTTY ? '\r\u001b[2K' : '';
    stderr.write(`${clear}hearken: warning: ${printable(warning.message)}\n`);
  });
}
