import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/**
 * The folder of pulled models: HEARKEN_MODELS_DIR, else the place the system has for an application's data. Nothing is created.
 */
export function modelsFolder(
  given?: string,
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  const chosen = given || env.HEARKEN_MODELS_DIR;
  if (chosen) return resolve(chosen);
  if (platform === 'win32') return join(env.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'hearken', 'models');
  // The XDG specification says that a relative path in these variables is to be ignored.
  const data = env.XDG_DATA_HOME && isAbsolute(env.XDG_DATA_HOME) ? env.XDG_DATA_HOME : join(home, '.local', 'share');
  return join(data, 'hearken', 'models');
}

/** Whether connections are forbidden: the option, else HEARKEN_OFFLINE. */
export function isOffline(option?: boolean, env: NodeJS.ProcessEnv = process.env): boolean {
  return option ?? /^(1|true|yes|on)$/i.test(env.HEARKEN_OFFLINE ?? '');
}
