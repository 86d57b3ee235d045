// The same words from every engine: on this CPU, and on older ones that qemu-user plays, where the loader has to choose by itself and
// an instruction too many would end the process.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../cmake.mjs';
import { placeBinaries, run } from './run.mjs';

const FILE = join(ROOT, 'examples', 'jfk.wav');
const SAID =
  'And so my fellow Americans ask not what your country can do for you ask what you can do for your country.';
// Three seconds that hold speech: an emulated CPU without AVX is a hundred times slower than this one.
const SHORT = { startTime: 8, endTime: 11, diarize: false };

/** CPUs by qemu's names, and the engine that each must get. qemu's plain model is one of 2003; it knows no AVX-512. */
const MACHINES = {
  x64: [
    ['Haswell', 'avx2'],
    ['IvyBridge', 'sse42'],
    ['Nehalem', 'sse42'],
    ['qemu64', 'baseline'],
  ],
  arm64: [
    ['max', 'dotprod'],
    ['cortex-a53', 'baseline'],
  ],
};

const words = (text) =>
  text
    .toLowerCase()
    .match(/[\p{L}\p{N}']+/gu)
    ?.join(' ') ?? '';

export function compareWords({ target, prebuilds, name, check }) {
  const engines = Object.fromEntries(
    readdirSync(join(prebuilds, name)).map((file) => [file.replace('.node', ''), join(prebuilds, name, file)]),
  );
  const binaries = placeBinaries(join(ROOT, 'build', 'cpu', 'words'), join(prebuilds, `${name}.node`), engines);
  const attempt = (what, given, judge) => {
    try {
      const result = run({ binaries, file: FILE, ...given });
      check(...judge(result));
      return result;
    } catch (error) {
      check(`${what}: ${error.message}`, false);
    }
  };
  const whole = {};
  const short = {};
  for (const level of target.levels) {
    attempt(level, { cpu: level }, (result) => {
      whole[level] = words(result.text);
      return [
        `${level} on this CPU, ${result.seconds.toFixed(2)} CPU s: “${result.text}”`,
        whole[level] === words(SAID) && result.level === level,
      ];
    });
    attempt(level, { cpu: level, options: SHORT }, (result) => {
      short[level] = words(result.text);
      return [
        `${level} on this CPU, three seconds: “${result.text}”`,
        words(SAID).endsWith(short[level]) && short[level].split(' ').length > 5,
      ];
    });
  }
  const qemu = { x64: 'qemu-x86_64', arm64: 'qemu-aarch64' }[target.arch];
  if (process.platform !== 'linux' || spawnSync(qemu, ['--version']).status !== 0) {
    check(`${qemu} is needed for older CPUs (Debian/Ubuntu: apt-get install qemu-user)`, false);
    return;
  }
  for (const [machine, level] of MACHINES[target.arch]) {
    attempt(machine, { emulator: [qemu, '-cpu', machine], options: SHORT }, (result) => [
      `${machine} (qemu-user) runs ${result.level}: “${result.text}” (${result.seconds.toFixed(0)} s)`,
      result.level === level && words(result.text) === short[level],
    ]);
  }
}
