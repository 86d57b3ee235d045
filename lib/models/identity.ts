import { stat } from 'node:fs/promises';

/** What a file is known by, without reading it: another one at the same path, or other bytes in it, is another model. */
export async function identityOf(path: string): Promise<string> {
  // The time of the last change can't be set back, as the one of the last writing can.
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return `${path} ${dev}:${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}
