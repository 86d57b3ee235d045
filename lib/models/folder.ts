import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { dataFolder } from '../data-folder.js';

/**
 * The folder of pulled models: the given one, HEARKEN_MODELS_DIR, else `models` in the data folder. Nothing is created.
 *
 * @param given an absolute or relative path
 * @param env the environment; default: the process's
 * @param platform the system whose custom counts; default: this one
 * @param home the user's folder; default: what the system says
 */
export function modelsFolder(
  given?: string,
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  const chosen = given || env.HEARKEN_MODELS_DIR;
  return chosen ? resolve(chosen) : join(dataFolder(undefined, env, platform, home), 'models');
}

/** Whether connections are forbidden: the option, else HEARKEN_OFFLINE. */
export function isOffline(option?: boolean, env: NodeJS.ProcessEnv = process.env): boolean {
  return option ?? /^(1|true|yes|on)$/i.test(env.HEARKEN_OFFLINE ?? '');
}
