import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { HearkenError } from '../errors.js';
import type { ModelEntry, ModelKind } from './registry.js';

/** A row of models.json in the package hearken-models. */
interface EmbeddedRow {
  name: string;
  aliases: string[];
  file: string;
  kind: ModelKind;
  multilingual: boolean;
  quantization: string;
  bytes: number;
  sha256: string;
  licence: string;
}

let cached: readonly ModelEntry[] | undefined;

/** What models.json of the package hearken-models lists. Whether the files themselves are there is seen where they are used. */
export function embeddedModels(): readonly ModelEntry[] {
  if (cached) return cached;
  let manifest: string;
  let rows: EmbeddedRow[];
  try {
    manifest = createRequire(import.meta.url).resolve('hearken-models/models.json');
    rows = (JSON.parse(readFileSync(manifest, 'utf8')) as { models: EmbeddedRow[] }).models;
  } catch (cause) {
    throw new HearkenError(
      'ERR_MODEL_NOT_FOUND',
      `the package hearken-models, which holds the default models, is missing or damaged (${cause instanceof Error ? cause.message.split('\n')[0] : cause}): reinstall hearken`,
      { cause },
    );
  }
  cached = rows.map(({ name, aliases, file, kind, multilingual, quantization, bytes, sha256, licence }) => ({
    name,
    aliases,
    file,
    kind,
    multilingual,
    quantization,
    bytes,
    sha256,
    licence,
    embeddedPath: join(dirname(manifest), file),
  }));
  return cached;
}
