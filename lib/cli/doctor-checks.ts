import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { CacheInfo } from '../cache/types.js';
import { toHearkenError } from '../errors.js';
import { listModels, type ModelListing, type ModelVerification, modelsFolder, verifyModel } from '../models/index.js';
import { type ContainerMemory, containerMemory } from '../resources/container.js';
import { type AddonReport, checkAddon, checkSource, type SourceReport } from './doctor-addon.js';
import type { StoreLibrary } from './io.js';

/** Something that `hearken doctor` found wrong; an error keeps hearken from working at all. */
export interface Problem {
  level: 'error' | 'warning';
  message: string;
  /** What to do. */
  remedy: string;
}

export interface PulledModel {
  name: string;
  path: string;
  bytes: number;
  state: 'pulled' | 'damaged';
}

/** Of what is kept of finished work. */
export interface DataReport extends Pick<CacheInfo, 'folder' | 'bytes' | 'jobs'> {
  writable: boolean;
}

export interface DoctorReport {
  ok: boolean;
  problems: Problem[];
  version: string;
  node: { version: string; platform: string; arch: string };
  cpu: { model: string; cores: number };
  addon: AddonReport | null;
  source: SourceReport | null;
  models: { embedded: ModelVerification[]; folder: string; pulled: PulledModel[] };
  data: DataReport | null;
  ffmpeg: { path: string; version: string } | null;
  memory: { totalBytes: number; freeBytes: number; container: ContainerMemory | null };
}

/** Looks at everything that hearken needs. Never rejects: what goes wrong is a problem in the report. */
export async function examine(library: () => Promise<Pick<StoreLibrary, 'cacheInfo'>>): Promise<DoctorReport> {
  const problems: Problem[] = [];
  const version = packageVersion();
  checkNode(problems);
  const addon = await checkAddon(problems);
  const source = await checkSource(problems);
  const models = await checkModels(problems);
  const data = await checkData(problems, library);
  const ffmpeg = await checkFfmpeg(problems);
  const container = containerMemory();
  const total = totalmem();
  return {
    ok: !problems.some((problem) => problem.level === 'error'),
    problems,
    version,
    node: { version: process.version, platform: process.platform, arch: process.arch },
    cpu: { model: cpus()[0]?.model.trim() || 'unknown', cores: availableParallelism() },
    addon,
    source,
    models,
    data,
    ffmpeg,
    memory: {
      totalBytes: total,
      freeBytes: freemem(),
      // A limit above what the machine has limits nothing.
      container: container && container.limitBytes < total ? container : null,
    },
  };
}

function packageVersion(): string {
  const manifest = new URL('../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

function checkNode(problems: Problem[]): void {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  problems.push({
    level: 'error',
    message: `Node ${process.version} is too old`,
    remedy: 'install Node 20.19 or newer',
  });
}

async function checkModels(problems: Problem[]): Promise<DoctorReport['models']> {
  const folder = modelsFolder();
  const report: DoctorReport['models'] = { embedded: [], folder, pulled: [] };
  try {
    for (const model of await listModels()) await checkModel(model, report, problems);
  } catch (thrown) {
    problems.push(modelProblem('error', toHearkenError(thrown).message));
  }
  const obstacle = folderObstacle('models', folder);
  if (obstacle) {
    problems.push({
      level: 'warning',
      message: obstacle,
      remedy: 'make it writable, or name another with HEARKEN_MODELS_DIR',
    });
  }
  return report;
}

/** An embedded model is hashed; of a pulled one, which may have gigabytes, only the size is looked at. */
async function checkModel(model: ModelListing, report: DoctorReport['models'], problems: Problem[]): Promise<void> {
  if (model.check === 'sha256') {
    try {
      const result = await verifyModel(model.name);
      report.embedded.push(result);
      if (result.problem) problems.push(modelProblem('error', result.problem));
    } catch (thrown) {
      problems.push(modelProblem('error', toHearkenError(thrown).message));
    }
  } else if (model.path) {
    const state = model.state === 'damaged' ? 'damaged' : 'pulled';
    report.pulled.push({ name: model.name, path: model.path, bytes: model.bytes, state });
    if (state === 'damaged') {
      const text = `${model.path} has not the size of ${model.name}: run 'hearken models pull ${model.name}'`;
      problems.push(modelProblem('warning', text));
    }
  }
}

/** Our messages end with what to do, behind the last colon. */
function modelProblem(level: Problem['level'], text: string): Problem {
  const cut = text.lastIndexOf(': ');
  return { level, message: text.slice(0, cut), remedy: text.slice(cut + 2) };
}

/** Without a place to keep work in, hearken works with --no-cache. */
async function checkData(
  problems: Problem[],
  library: () => Promise<Pick<StoreLibrary, 'cacheInfo'>>,
): Promise<DataReport | null> {
  try {
    const { folder, bytes, jobs } = await (await library()).cacheInfo();
    const obstacle = folderObstacle('data', folder);
    if (obstacle) {
      const remedy = 'make it writable, name another with HEARKEN_DATA_DIR, or keep nothing with --no-cache';
      problems.push({ level: 'warning', message: obstacle, remedy });
    }
    // As long as there is nothing, nothing had to be opened.
    if (bytes === 0) await checkDatabase(problems);
    return { folder, writable: obstacle === undefined, bytes, jobs };
  } catch (thrown) {
    const { message } = toHearkenError(thrown);
    const remedy = "see 'hearken cache info'; nothing is kept with --no-cache";
    problems.push({ level: 'warning', message: `what is kept of finished work can't be used: ${message}`, remedy });
    return null;
  }
}

async function checkDatabase(problems: Problem[]): Promise<void> {
  try {
    await import('libsql');
  } catch (thrown) {
    problems.push({
      level: 'warning',
      message: `finished work can't be kept: the package libsql is not there, or does not load (${toHearkenError(thrown).message.split('\n')[0]})`,
      remedy: 'install it (npm install libsql), or keep nothing with --no-cache',
    });
  }
}

/** Why nothing could be written into a folder that may not exist yet. */
function folderObstacle(what: string, folder: string): string | undefined {
  let existing = folder;
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  if (!statSync(existing).isDirectory()) return `the ${what} folder ${folder} cannot be made: ${existing} is a file`;
  try {
    accessSync(existing, constants.W_OK);
    return undefined;
  } catch {
    return `the ${what} folder ${folder} is not writable`;
  }
}

async function checkFfmpeg(problems: Problem[]): Promise<DoctorReport['ffmpeg']> {
  const named = process.env.HEARKEN_FFMPEG;
  const path = named ? namedProgram(named) : onPath('ffmpeg');
  if (!path) {
    problems.push({
      level: 'warning',
      message: named
        ? `HEARKEN_FFMPEG names ${named}, which is not a program`
        : 'there is no ffmpeg on PATH: m4a, aac, opus, webm, mp4 and other containers cannot be read (wav, mp3, flac and ogg can)',
      remedy: named ? 'give the path of ffmpeg, or unset it' : 'install ffmpeg, or give its path in HEARKEN_FFMPEG',
    });
    return null;
  }
  try {
    const { stdout } = await promisify(execFile)(path, ['-hide_banner', '-version'], { timeout: 5_000 });
    return { path, version: /version (\S+)/.exec(stdout)?.[1] ?? 'unknown' };
  } catch (error) {
    problems.push({
      level: 'warning',
      message: `${path} does not run (${error instanceof Error ? error.message.split('\n')[0] : error})`,
      remedy: 'install ffmpeg again, or give the path of another in HEARKEN_FFMPEG',
    });
    return null;
  }
}

function namedProgram(name: string): string | undefined {
  if (!/[/\\]/.test(name)) return onPath(name);
  const path = resolve(name);
  return isProgram(path) ? path : undefined;
}

function onPath(name: string): string | undefined {
  const endings = process.platform === 'win32' ? ['.exe', ''] : [''];
  return (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .flatMap((folder) => endings.map((ending) => join(folder, name + ending)))
    .find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
