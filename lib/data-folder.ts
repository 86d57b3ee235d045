import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/**
 * The folder of all that hearken keeps, models and finished work: the given one, HEARKEN_DATA_DIR, else the place that the
 * system has for an application's data. Nothing is created.
 *
 * @param given an absolute or relative path
 * @param env the environment; default: the process's
 * @param platform the system whose custom counts; default: this one
 * @param home the user's folder; default: what the system says
 */
export function dataFolder(
  given?: string,
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  const chosen = given || env.HEARKEN_DATA_DIR;
  if (chosen) return resolve(chosen);
  if (platform === 'win32') return join(env.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'hearken');
  // The XDG specification says that a relative path in these variables is to be ignored.
  const data = env.XDG_DATA_HOME && isAbsolute(env.XDG_DATA_HOME) ? env.XDG_DATA_HOME : join(home, '.local', 'share');
  return join(data, 'hearken');
}
