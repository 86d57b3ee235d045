// npm run test:emulated: prebuilt binaries of other platforms, run on Linux x64 as far as that goes: under qemu-user, musl's loader, Wine.
// Each engine transcribes three seconds with speakers; what can't run is named. Needs `npm run prebuild -- --target …` before.
// --native [--cpu level] [part of a test's name, -part]: instead the C++ tests, compiled for those platforms.
// --get: download Node for those platforms (npm, PyPI) into build/emulated. --target linux-arm64-glibc,…: these only.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cmakeBuild, ROOT } from './cmake.mjs';
import { machineFor } from './emulated/machines.mjs';
import { hereTarget, TARGETS } from './prebuild/targets.mjs';
import { compilerName, zigToolchain } from './prebuild/zig.mjs';
import { vendorWhisper } from './vendor-whisper.mjs';

const EXPECTED = 'And so my fellow Americans.';
const JOB = ['examples/jfk.wav', { endTime: 3, diarize: true, maxWorkers: 1, cache: false }];
const MINUTES = 20;

const { values, positionals } = parseArgs({
  options: {
    get: { type: 'boolean' },
    target: { type: 'string' },
    native: { type: 'boolean' },
    cpu: { type: 'string' },
  },
  allowPositionals: true,
});
if (values.cpu && !values.native) throw new Error('only --native takes --cpu: every engine that is there is run');
if (positionals.length > 0 && !values.native)
  throw new Error(`'${positionals[0]}': only --native takes names of tests`);
const others = TARGETS.filter(({ id }) => id !== hereTarget()?.id);
const targets = values.target?.split(',').map((id) => others.find((one) => one.id === id)) ?? others;
if (targets.includes(undefined)) throw new Error(`--target: one of ${others.map(({ id }) => id).join(', ')}`);

// As in an installed package: prebuilds/ alone, where node-gyp-build has to find the one of the platform.
const packageFolder = join(ROOT, 'build', 'emulated', 'package');
rmSync(packageFolder, { recursive: true, force: true });
mkdirSync(packageFolder, { recursive: true });
symlinkSync(join(ROOT, 'prebuilds'), join(packageFolder, 'prebuilds'));

const count = { passed: 0, failed: 0, skipped: 0 };
function report(outcome, what) {
  count[outcome]++;
  console.log(`${{ passed: '✔', failed: '✘', skipped: '-' }[outcome]} ${what}`);
}

function run([command, ...args], machine, cpu) {
  const env = {
    ...process.env,
    ...machine.env,
    HEARKEN_PREBUILD: packageFolder,
    HEARKEN_CPU: cpu,
    HEARKEN_CACHE: 'off',
  };
  // Into files: Node under Wine can't write into the pipes that Node makes.
  const [out, err] = ['out', 'err'].map((name) => join(ROOT, 'build', 'emulated', name));
  const child = spawnSync(command, [...args, 'scripts/emulated/one.mjs', JSON.stringify(JOB)], {
    cwd: ROOT,
    env,
    stdio: ['ignore', openSync(out, 'w'), openSync(err, 'w')],
    timeout: MINUTES * 60_000,
  });
  if (child.error || child.status !== 0) {
    const said = readFileSync(err, 'utf8').trim().slice(-1500);
    throw new Error(String(child.error ?? `${child.signal ?? child.status}: ${said}`));
  }
  return JSON.parse(readFileSync(out, 'utf8').trim().split('\n').at(-1));
}

/** One transcription. `level`: what must have run; `named`: chosen by HEARKEN_CPU, not by the CPU. */
function attempt(target, machine, { level, named, cpu }) {
  const started = Date.now();
  const what = `${target.id} ${level}${cpu ? ` on ${cpu}` : ''}, ${machine.how}`;
  try {
    const said = run(machine.start(cpu), machine, named ? level : '');
    const wrong = [];
    if (said.level !== level) wrong.push(`ran ${said.level}`);
    if (said.text !== EXPECTED) wrong.push(`expected “${EXPECTED}”`);
    if (new Set(said.turns.map(([, , speaker]) => speaker)).size !== 1) wrong.push('expected one speaker');
    if (said.left !== 0) wrong.push(`${said.left} bytes are left after cleanupResources()`);
    const turns = said.turns.map(([start, end]) => `${start}–${end}`).join(', ');
    const seconds = ((Date.now() - started) / 1000).toFixed(0);
    const text = `${what}, ${said.runtime}: “${said.text}” speaker ${turns} (${seconds} s)`;
    report(wrong.length > 0 ? 'failed' : 'passed', [text, ...wrong].join('; '));
  } catch (error) {
    report('failed', `${what}: ${error.message}`);
  }
}

/** The C++ tests, with the level that most CPUs get. */
function testNative(target, machine) {
  const level = values.cpu ?? (target.arch === 'x64' ? 'avx2' : 'dotprod');
  const work = join(ROOT, 'build', 'prebuild', target.id);
  const folder = join(work, `tests-${compilerName(target)}`, level);
  const { options, env } = zigToolchain(target, work);
  cmakeBuild(
    folder,
    ['hearken_tests'],
    [...options, '-DHEARKEN_ADDON=OFF', '-DHEARKEN_TESTS=ON', `-DHEARKEN_CPU=${level}`],
    env,
  );
  const [command, ...args] = [
    ...machine.program(),
    join(folder, `hearken_tests${target.platform === 'win32' ? '.exe' : ''}`),
  ];
  const child = spawnSync(command, [...args, ...positionals], {
    cwd: ROOT,
    env: { ...process.env, ...machine.env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  report(child.status === 0 ? 'passed' : 'failed', `${target.id} ${level}, C++ tests, ${machine.how}`);
}

if (values.native) vendorWhisper({ log: console.log });
for (const target of targets) {
  if (values.native) {
    const machine = machineFor(target.id, { get: values.get });
    if (machine.missing) report('skipped', `${target.id}: ${machine.missing}`);
    else testNative(target, machine);
    continue;
  }
  const name = target.libc ? `hearken.${target.libc}` : 'hearken';
  const folder = join(ROOT, 'prebuilds', `${target.platform}-${target.arch}`, name);
  const engines = existsSync(folder) ? readdirSync(folder).map((file) => file.replace('.node', '')) : [];
  if (engines.length === 0) {
    report('skipped', `${target.id}: not built: npm run prebuild -- --target ${target.id}`);
    continue;
  }
  const machine = machineFor(target.id, { get: values.get });
  if (machine.missing) {
    report('skipped', `${target.id}: ${machine.missing}`);
    continue;
  }
  if (machine.cpus) {
    for (const [cpu, level] of machine.cpus) {
      if (engines.includes(level)) attempt(target, machine, { level, cpu });
      else report('skipped', `${target.id} ${level}: not built`);
    }
  } else {
    for (const level of engines) attempt(target, machine, { level, named: true });
    if (machine.renamed) {
      const start = () => machine.renamed;
      attempt(
        target,
        { ...machine, start, how: `${machine.how}, as application.exe` },
        { level: engines[0], named: true },
      );
    }
  }
}
console.log(`emulated: ${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
if (count.failed > 0) process.exitCode = 1;
