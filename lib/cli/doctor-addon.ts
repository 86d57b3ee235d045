import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { binding } from '../binding.js';
import { findEngine } from '../engine.js';
import { toHearkenError } from '../errors.js';
import type { Problem } from './doctor-checks.js';

const ROOT = new URL('../../../', import.meta.url);

export interface AddonReport {
  path: string;
  version: { hearken: string; whisper: string };
  /** What the engine is built for, of `levels`, what this CPU can run. */
  level: string;
  levels: string[];
  features: string[];
}

/** Of the source in the package, which a build from source takes. */
export interface SourceReport {
  path: string;
  /** Whether it is what its checksum says. */
  ok: boolean;
}

export async function checkAddon(problems: Problem[]): Promise<AddonReport | null> {
  try {
    const { path, level, levels } = findEngine();
    const addon = binding();
    const features = Object.entries(addon.cpuFeatures())
      .filter(([, present]) => present)
      .map(([name]) => name);
    const remedy = "run 'npx hearken build', or reinstall hearken";
    const digest = await sourceDigest();
    if (digest !== undefined && digest !== addon.version.engine) {
      const message = `the native addon ${path} was not built from the source that lies beside it`;
      problems.push({ level: 'warning', message, remedy });
    }
    return { path, version: addon.version, level, levels, features };
  } catch (thrown) {
    // The message of ERR_BINDING ends with what to do.
    const { message } = toHearkenError(thrown, 'ERR_BINDING');
    const [what, remedy] = message.split(/: (?=(?:run|use) )/, 2);
    problems.push({ level: 'error', message: what ?? message, remedy: remedy ?? 'reinstall hearken' });
    return null;
  }
}

/** The vendored source of whisper.cpp, against deps/whisper.cpp.sha256. */
export async function checkSource(problems: Problem[]): Promise<SourceReport | null> {
  const path = fileURLToPath(new URL('deps/whisper.cpp', ROOT));
  if (!existsSync(path)) return null;
  const remedy = 'reinstall hearken before you build it from source';
  try {
    const { treeChecksum, expectedChecksums } = await script<{
      treeChecksum(folder: string): string;
      expectedChecksums(path: string): Record<string, string>;
    }>('tree-checksum');
    const expected = expectedChecksums(`${path}.sha256`).patched;
    const got = treeChecksum(path);
    if (got === expected) return { path, ok: true };
    const message = `the source in ${path} was changed: it has the checksum ${got} instead of ${expected}`;
    problems.push({ level: 'warning', message, remedy });
  } catch (thrown) {
    const message = `the source in ${path} can't be verified (${toHearkenError(thrown).message})`;
    problems.push({ level: 'warning', message, remedy });
  }
  return { path, ok: false };
}

/** Undefined where the source was left out, as it may be of what is deployed. */
async function sourceDigest(): Promise<string | undefined> {
  try {
    const { engineDigest } = await script<{ engineDigest(): string }>('engine-digest');
    return engineDigest();
  } catch {
    return undefined;
  }
}

/** One of the build's own scripts, which are JavaScript as they run before anything is compiled. */
async function script<Module>(name: string): Promise<Module> {
  return (await import(new URL(`scripts/${name}.mjs`, ROOT).href)) as Module;
}
