// What prebuilt binaries are made for. `id` is what --target takes; `zig` the compiler's target, with the oldest C library to run on;
// `levels`: the engines that pay (docs/prebuilds.md has the measurements).
const SYSTEMS = { linux: 'Linux', darwin: 'Darwin', win32: 'Windows' };
const PROCESSORS = { x64: 'x86_64', arm64: 'aarch64' };
const X64 = ['baseline', 'sse42', 'avx2', 'avx512'];
const ARM64 = ['baseline', 'dotprod'];

export const TARGETS = [
  target('linux', 'x64', 'glibc', 'x86_64-linux-gnu.2.17', X64),
  target('linux', 'x64', 'musl', 'x86_64-linux-musl', X64),
  target('linux', 'arm64', 'glibc', 'aarch64-linux-gnu.2.17', ARM64),
  target('linux', 'arm64', 'musl', 'aarch64-linux-musl', ARM64),
  target('darwin', 'x64', undefined, 'x86_64-macos.11.0', ['sse42', 'avx2']),
  target('darwin', 'arm64', undefined, 'aarch64-macos.11.0', ['dotprod']),
  target('win32', 'x64', undefined, 'x86_64-windows-gnu', X64),
];

function target(platform, arch, libc, zig, levels) {
  const id = [platform, arch, libc].filter(Boolean).join('-');
  return { id, platform, arch, libc, zig, levels, system: SYSTEMS[platform], processor: PROCESSORS[arch] };
}

/** The target that runs on this machine. */
export function hereTarget() {
  const glibc = process.report.getReport().header.glibcVersionRuntime !== undefined;
  const libc = process.platform === 'linux' ? (glibc ? 'glibc' : 'musl') : undefined;
  return TARGETS.find((one) => one.platform === process.platform && one.arch === process.arch && one.libc === libc);
}
