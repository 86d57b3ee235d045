import { dataFolder } from '../data-folder.js';
import { identityOf } from './aside.js';
import { type Access, databasePath } from './database.js';
import { Store } from './store.js';
import { toCacheError } from './trouble.js';
import type { StoreOptions } from './types.js';

/** Works with the store if there is one; undefined, and nothing is made, if not. */
export async function withStore<T>(
  options: StoreOptions,
  access: Access,
  work: (store: Store) => Promise<T>,
): Promise<T | undefined> {
  const folder = dataFolder(options.dataDir);
  if (!(await isPresent(databasePath(folder)))) return undefined;
  const store = await Store.open(folder, access);
  try {
    return store && (await work(store));
  } finally {
    await store?.close();
  }
}

async function isPresent(path: string): Promise<boolean> {
  try {
    return (await identityOf(path)) !== undefined;
  } catch (error) {
    throw await toCacheError(error, path, 0);
  }
}
