import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HearkenError } from './errors.js';

// Which native binary is loaded. node-gyp-build finds the loader, `…/hearken.node` or `…/hearken.glibc.node`: an addon that any CPU
// can run and that says what this one can (native/loader). The engines, one a CPU level, lie in the folder beside it that has its name.

// Under this name tools that trace dependencies (@vercel/nft) see what it loads.
const require = createRequire(import.meta.url);
const PACKAGE_ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
/** A bundler has put this code into another file. */
const BUNDLED = !import.meta.url.endsWith('/lib/engine.js');
const BUILD = "run 'npx hearken build', which builds it from source";

export interface Engine {
  path: string;
  /** What it is built for: `baseline`, `sse42`, `avx2`, `avx512`; on arm64 `baseline`, `dotprod`. */
  level: string;
  /** What this CPU can run, the highest first. */
  levels: string[];
}

/** What of a native failure is worth a line. */
const reason = (thrown: unknown) => (thrown instanceof Error ? thrown.message.trim().split('\n')[0] : String(thrown));

/** The best engine that this CPU can run, or the one that HEARKEN_CPU names. */
export function findEngine(): Engine {
  const platform = `${process.platform}-${process.arch}`;
  if (BUNDLED) {
    const here = fileURLToPath(import.meta.url);
    throw bindingError(
      `hearken is part of the bundle ${here}, which has no binaries: make it external, and install it beside the bundle`,
    );
  }
  let loader: string;
  try {
    loader = (require('node-gyp-build') as { resolve(dir: string): string }).resolve(PACKAGE_ROOT);
  } catch (cause) {
    throw bindingError(`there is no binary of hearken for ${platform} (Node ${process.version}): ${BUILD}`, cause);
  }
  let levels: string[] | undefined;
  try {
    ({ levels } = require(loader) as { levels?: string[] });
  } catch (cause) {
    throw bindingError(`${loader} does not load on this ${platform} (${reason(cause)}): ${BUILD}`, cause);
  }
  if (!Array.isArray(levels)) throw bindingError(`${loader} is not of this version of hearken: ${BUILD}`);
  const file = (level: string) => join(loader.slice(0, -'.node'.length), `${level}.node`);
  const named = process.env.HEARKEN_CPU;
  if (named) {
    if (!levels.includes(named)) {
      throw bindingError(`HEARKEN_CPU is '${named}', which this CPU can't run: use one of ${levels.join(', ')}`);
    }
    if (!existsSync(file(named))) {
      throw bindingError(
        `HEARKEN_CPU is '${named}', and there is no ${file(named)}: run 'npx hearken build --cpu all'`,
      );
    }
    return { path: file(named), level: named, levels };
  }
  const level = levels.find((one) => existsSync(file(one)));
  if (level === undefined) {
    throw bindingError(`no engine beside ${loader} can run on this CPU, which has ${levels.join(', ')}: ${BUILD}`);
  }
  return { path: file(level), level, levels };
}

/** Loads what findEngine() found. */
export function loadEngine<Addon extends { version: { hearken: string } }>(): Addon {
  const { path } = findEngine();
  let addon: Addon;
  try {
    addon = require(path) as Addon;
  } catch (cause) {
    throw bindingError(`${path} does not load (${reason(cause)}): ${BUILD}`, cause);
  }
  // A build from source stays where it is when the package around it is replaced.
  const { version } = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')) as { version: string };
  if (addon.version.hearken !== version) {
    throw bindingError(`${path} is of hearken ${addon.version.hearken}, the code around it of ${version}: ${BUILD}`);
  }
  return addon;
}

function bindingError(message: string, cause?: unknown): HearkenError {
  return new HearkenError('ERR_BINDING', message, cause === undefined ? undefined : { cause });
}
