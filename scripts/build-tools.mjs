// What a build from source needs of the machine, and how to get what is not there.
import { spawnSync } from 'node:child_process';

/** Whether there is such a command, and it starts. */
export function works(command) {
  const run = spawnSync(command, ['--version'], { stdio: 'ignore', shell: false });
  return !run.error && run.status === 0;
}

/** Names of the tools that are needed and missing. `patching`: the source of whisper.cpp still has to be patched. */
export function missingTools({ patching = false } = {}) {
  const missing = [];
  if (!works('cmake')) missing.push('cmake (3.18 or newer)');
  // Visual Studio and Xcode bring what follows; cmake finds Visual Studio by itself.
  if (process.platform !== 'win32') {
    const compilers = process.env.CXX ? [process.env.CXX.trim().split(/\s+/)[0]] : ['c++', 'g++', 'clang++'];
    if (!compilers.some(works)) missing.push('a C++17 compiler');
    if (!works('make') && !works('ninja')) missing.push('make or ninja');
  }
  if (patching && !works('git')) missing.push('git, which applies deps/patches to whisper.cpp');
  return missing;
}

const HOW = {
  linux: [
    ['Debian, Ubuntu', 'apt-get install cmake g++ make'],
    ['Fedora, RHEL', 'dnf install cmake gcc-c++ make'],
    ['Alpine', 'apk add cmake g++ make linux-headers'],
    ['Arch', 'pacman -S cmake gcc make'],
  ],
  darwin: [
    ['compiler and make', 'xcode-select --install'],
    ['cmake', 'brew install cmake'],
  ],
  win32: [
    ['cmake', 'winget install Kitware.CMake'],
    ['compiler', 'winget install Microsoft.VisualStudio.2022.BuildTools, with "Desktop development with C++"'],
  ],
};

/** One screen: what is missing, and the commands that install it here. */
export function installAdvice(missing, platform = process.platform) {
  const rows = HOW[platform] ?? [['', 'cmake 3.18 or newer, a C++17 compiler and make']];
  const git = missing.some((tool) => tool.startsWith('git'));
  const width = Math.max(...rows.map(([where]) => where.length));
  return [
    'to build it from source, this machine lacks:',
    ...missing.map((tool) => `  - ${tool}`),
    '',
    'Install what is missing:',
    ...rows.map(([where, command]) => `  ${where.padEnd(width)}  ${command}`),
    ...(git ? ['  and git, likewise'] : []),
    '',
    "Then run 'npx hearken build'. It takes some minutes and downloads nothing.",
  ].join('\n');
}
