import { Command } from 'commander';
import { toHearkenError } from '../errors.js';
import {
  listModels,
  type ModelListing,
  type ModelVerification,
  modelPath,
  modelsFolder,
  pullModel,
  verifyModel,
} from '../models/index.js';
import { absentModel } from '../models/missing.js';
import { findEntry, type ModelEntry } from '../models/registry.js';
import { DownloadBar } from './download-bar.js';
import { EXIT, printable } from './io.js';
import { columns } from './text.js';

/** `hearken models …`. The table of models can be given, for tests. */
export function modelsCommand(entries?: readonly ModelEntry[]): Command {
  const table = entries ? { entries } : {};
  const models = new Command('models').description('list, download and check models').addHelpText(
    'after',
    `
Models are kept in HEARKEN_MODELS_DIR, by default ${modelsFolder()}.
HEARKEN_MODELS_URL names another server to fetch them from; HEARKEN_OFFLINE=1 forbids connections.`,
  );
  models
    .command('list')
    .description('all models known by name, their sizes, and which are on this machine')
    .option('--json', 'as JSON')
    .action(({ json }: { json?: boolean }) =>
      guarded(async () => {
        const listing = await listModels(table);
        process.stdout.write(json ? `${JSON.stringify(listing, null, 2)}\n` : listText(listing));
      }),
    );
  models
    .command('pull')
    .description('download models, check them, and print where they are')
    .argument('<name...>', 'names from the list')
    .option('-q, --quiet', 'no progress and no remarks')
    .option('--offline', 'open no connection: only check what is on this machine')
    .option('--url <address>', 'fetch from this server instead of HEARKEN_MODELS_URL')
    .action((names: string[], options: PullFlags) => pull(names, options, table));
  models
    .command('path')
    .description('where a model is, or, without a name, the folder of pulled models')
    .argument('[name]', 'a name from the list')
    .action((name?: string) =>
      guarded(async () => {
        if (name === undefined) {
          process.stdout.write(`${modelsFolder()}\n`);
          return;
        }
        const path = await modelPath(name, table);
        if (!path) throw absentModel(findEntry(name, entries), name);
        process.stdout.write(`${path}\n`);
      }),
    );
  models
    .command('verify')
    .description('check models, by default all on this machine, against their checksums')
    .argument('[name...]', 'names from the list, or paths')
    .action((names: string[]) => verify(names, table));
  return models;
}

interface PullFlags {
  quiet?: boolean;
  offline?: boolean;
  url?: string;
}

async function pull(names: string[], flags: PullFlags, table: { entries?: readonly ModelEntry[] }): Promise<void> {
  const stop = new AbortController();
  const onInterrupt = () => stop.abort();
  process.once('SIGINT', onInterrupt);
  const bar = new DownloadBar(process.stderr, !flags.quiet && process.stderr.isTTY === true);
  try {
    for (const name of new Set(names)) {
      if (stop.signal.aborted) break;
      let fetched = false;
      await guarded(async () => {
        const path = await pullModel(name, {
          ...table,
          ...(flags.offline ? { offline: true } : {}),
          ...(flags.url ? { baseUrl: flags.url } : {}),
          signal: stop.signal,
          onProgress: (progress) => {
            fetched ||= progress.phase === 'download';
            bar.update(progress);
          },
        });
        bar.clear();
        if (!flags.quiet) {
          const embedded = (await listModels(table)).find((m) => m.path === path && m.state === 'embedded');
          process.stderr.write(`${remark(name, fetched, embedded)}\n`);
        }
        process.stdout.write(`${path}\n`);
      }, bar);
    }
  } finally {
    process.removeListener('SIGINT', onInterrupt);
  }
}

function remark(name: string, fetched: boolean, embedded: ModelListing | undefined): string {
  if (fetched) return `${name}: downloaded and checked`;
  if (!embedded) return `${name}: on this machine already, and whole`;
  const other = name === 'tiny.en' ? ' Its unquantised form is tiny.en-f16.' : '';
  return `${name}: comes with hearken (${embedded.quantization}), nothing to download.${other}`;
}

async function verify(names: string[], table: { entries?: readonly ModelEntry[] }): Promise<void> {
  await guarded(async () => {
    const chosen = names.length > 0 ? names : (await listModels(table)).filter((m) => m.path).map((m) => m.name);
    for (const name of chosen) {
      await guarded(async () => {
        const result = await verifyModel(name, table);
        process.stdout.write(`${verifyText(name, result)}\n`);
        if (!result.ok) process.exitCode = EXIT.failed;
      });
    }
  });
}

function verifyText(name: string, result: ModelVerification): string {
  if (!result.ok) return `${printable(name)}: FAILED  ${printable(result.problem ?? '')}`;
  const how = { sha256: 'SHA-256', sha1: 'SHA-1', size: 'size', structure: 'structure; no checksum is known for it' };
  return `${printable(name)}: ok (${how[result.method]})  ${printable(result.path)}`;
}

function usedFor({ kind, multilingual }: ModelListing): string {
  const other = { vad: 'finds speech', segmentation: 'finds speaker turns', embedding: 'tells voices apart' };
  return kind === 'whisper' ? (multilingual ? 'multilingual' : 'English') : other[kind];
}

function listText(listing: ModelListing[]): string {
  const rows = listing.map((m) => [
    m.name,
    m.bytes < 1e6 ? `${(m.bytes / 1e6).toFixed(1)} MB` : `${Math.round(m.bytes / 1e6)} MB`,
    usedFor(m),
    m.quantization,
    m.state,
    m.check === 'sha1' ? 'SHA-1' : m.check === 'sha256' ? 'SHA-256' : m.check,
  ]);
  const table = [['NAME', 'SIZE', 'LANGUAGES', 'TYPE', 'STATE', 'CHECKED BY'], ...rows];
  const damaged = listing.filter((m) => m.state === 'damaged');
  const remarks = damaged.map((m) => `\n${m.name} is damaged: ${m.path ?? m.file} has not the size it should have.`);
  return `${columns(table, [1])}${remarks.join('')}${remarks.length > 0 ? '\n' : ''}`;
}

/** Runs an action; an error becomes a line on stderr and the exit code. */
async function guarded(action: () => Promise<void>, bar?: DownloadBar): Promise<void> {
  try {
    await action();
  } catch (thrown) {
    bar?.clear();
    const error = toHearkenError(thrown);
    process.stderr.write(`hearken: ${printable(error.message)} [${error.code}]\n`);
    process.exitCode = error.code === 'ERR_ABORTED' ? EXIT.interrupted : (process.exitCode ?? EXIT.failed);
  }
}
