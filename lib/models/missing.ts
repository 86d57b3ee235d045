import { HearkenError } from '../errors.js';
import { isOffline, modelsFolder } from './folder.js';
import { type ModelEntry, nearNames } from './registry.js';

/** The error for a name that is not in the table. */
export function unknownName(name: string, entries: readonly ModelEntry[]): HearkenError {
  const near = nearNames(
    name,
    entries.flatMap((e) => [e.name, ...(e.aliases ?? [])]),
  );
  const hint = near.length > 0 ? ` Did you mean ${near.join(' or ')}?` : '';
  return new HearkenError(
    'ERR_MODEL_NOT_FOUND',
    `there is no model named ${JSON.stringify(name.slice(0, 200))}.${hint} 'hearken models list' shows all names; a path to a ggml file works too.`,
  );
}

/** The error for a known model whose file is not on this machine. */
export function absentModel(
  entry: ModelEntry | undefined,
  name: string,
  options: { offline?: boolean; modelsDir?: string } = {},
): HearkenError {
  if (!entry || entry.embeddedPath) {
    const where = entry ? ` (${entry.embeddedPath})` : '';
    return new HearkenError(
      'ERR_MODEL_NOT_FOUND',
      `the embedded model ${name} is missing${where}: reinstall hearken-models`,
    );
  }
  const size = `${Math.round(entry.bytes / 1e6)} MB`;
  const copy = `or copy ${entry.file} into ${modelsFolder(options.modelsDir)}`;
  return isOffline(options.offline)
    ? new HearkenError(
        'ERR_MODEL_OFFLINE',
        `the model ${name} is not on this machine and hearken is offline: run 'hearken models pull ${name}' (${size}) where there is a connection, ${copy}`,
      )
    : new HearkenError(
        'ERR_MODEL_NOT_FOUND',
        `the model ${name} is not on this machine: run 'hearken models pull ${name}' (${size}), ${copy}`,
      );
}
