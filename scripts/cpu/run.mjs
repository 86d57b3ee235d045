// One transcription in a process of its own, with given binaries; what it said, and the CPU time that it took.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../cmake.mjs';

const LIBRARY = pathToFileURL(join(ROOT, 'dist', 'lib', 'index.js')).href;
const SCRIPT = `
  const { transcribe, cleanupResources } = await import('${LIBRARY}');
  const [file, options, warm] = JSON.parse(process.argv[1]);
  if (warm) await transcribe(file, { ...options, startTime: 0, endTime: 1 }); // models are loaded, pages are mapped
  const before = process.cpuUsage();
  const result = await transcribe(file, options);
  const { user, system } = process.cpuUsage(before);
  await cleanupResources();
  const { binding } = await import('${LIBRARY.replace('index.js', 'binding.js')}');
  const turns = (result.turns ?? []).map(({ start, end, speaker }) => [start, end, speaker]);
  console.log(JSON.stringify({ level: binding().version.level, text: result.text.trim(), turns, seconds: (user + system) / 1e6 }));
`;

/** A folder as node-gyp-build looks into, HEARKEN_PREBUILD, with this loader and these engines ({ level: file }). */
export function placeBinaries(folder, loader, engines) {
  const release = join(folder, 'build', 'Release');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(release, 'hearken'), { recursive: true });
  cpSync(loader, join(release, 'hearken.node'));
  for (const [level, file] of Object.entries(engines)) cpSync(file, join(release, 'hearken', `${level}.node`));
  return folder;
}

/** `emulator`: command and arguments that node is started with. Throws with what the process said if it fails. */
export function run({ binaries, cpu, emulator = [], file, options = {} }) {
  const [command, ...args] = [...emulator, process.execPath, '--input-type=module', '-e', SCRIPT];
  const given = { maxWorkers: 1, threads: 1, cache: false, ...options };
  const env = { ...process.env, HEARKEN_PREBUILD: binaries, HEARKEN_CPU: cpu ?? '', HEARKEN_CACHE: 'off' };
  const child = spawnSync(command, [...args, JSON.stringify([file, given, emulator.length === 0])], {
    env,
    encoding: 'utf8',
    timeout: 1_800_000,
  });
  if (child.status !== 0) throw new Error(`${child.signal ?? child.status}: ${child.stderr.trim().slice(-2000)}`);
  return JSON.parse(child.stdout);
}
