import { stat } from 'node:fs/promises';

/** What a file is known by, without reading it: another one at the same path is another model. */
export async function identityOf(path: string): Promise<string> {
  const { dev, ino, size, mtimeMs } = await stat(path);
  return `${path} ${dev}:${ino} ${size} ${mtimeMs}`;
}
