import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

const WINDOWS = process.platform === 'win32';

/** Runs a program to its end. Throws only where it can't be started or takes longer than `limit` seconds. */
export function run(command, args, { cwd, env, limit = 120 } = {}) {
  const began = performance.now();
  const child = spawnSync(command, args, {
    cwd,
    env,
    encoding: 'utf8',
    timeout: limit * 1000,
    killSignal: 'SIGKILL',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (child.error) throw new Error(`${command} ${args.join(' ')}: ${child.error.message}\n${child.stderr ?? ''}`);
  return {
    code: child.status,
    signal: child.signal,
    out: child.stdout,
    err: child.stderr,
    seconds: (performance.now() - began) / 1000,
  };
}

/** Like run(), for what has to succeed. */
export function must(command, args, options) {
  const ended = run(command, args, options);
  if (ended.code === 0) return ended;
  throw new Error(
    `${command} ${args.join(' ')}: exit code ${ended.code ?? ended.signal}\n${`${ended.out}\n${ended.err}`.trim().slice(-3000)}`,
  );
}

/** Where a program on PATH lies, links followed. */
function find(program) {
  for (const folder of process.env.PATH.split(delimiter)) {
    const path = join(folder, program);
    if (folder !== '' && existsSync(path)) return realpathSync(path);
  }
  throw new Error(`${program} was not found on PATH`);
}

/** npm's JavaScript: under `npm run` it says where it is. */
function npmScript() {
  if (process.env.npm_execpath?.endsWith('npm-cli.js')) return process.env.npm_execpath;
  if (WINDOWS) return join(dirname(process.execPath), 'node_modules', 'npm', 'bin', 'npm-cli.js');
  return find('npm');
}

/** Runs npm with this Node. Its name for the registry and its cache are the caller's. */
export function npm(args, options) {
  return must(process.execPath, [npmScript(), ...args], { limit: 600, ...options });
}

/**
 * A PATH that has Node and a shell on it and nothing else: no compiler, cmake, make, git, Python or ffmpeg. On Windows a link
 * needs rights that few have, so there it is Node's own folder and the system's.
 */
export function barePath(folder, node = process.execPath) {
  if (WINDOWS) return [dirname(node), join(process.env.SystemRoot, 'System32')].join(delimiter);
  mkdirSync(folder, { recursive: true });
  for (const [name, target] of [
    ['node', node],
    ['sh', find('sh')],
    ['env', find('env')],
  ]) {
    if (!existsSync(join(folder, name))) symlinkSync(target, join(folder, name));
  }
  return folder;
}

/** Whether a tool that builds software can be reached by this PATH. */
export function reaches(path, tool) {
  const names = WINDOWS ? [`${tool}.exe`, `${tool}.cmd`] : [tool];
  return path.split(delimiter).some((folder) => names.some((name) => existsSync(join(folder, name))));
}

/**
 * The environment of somebody who has just installed the package: PATH, a home of their own, and what an operating system can't do
 * without. No variable of hearken's and none of npm's.
 */
export function cleanEnvironment(path, home) {
  mkdirSync(home, { recursive: true });
  const kept = ['SystemRoot', 'SystemDrive', 'ComSpec', 'PATHEXT', 'NUMBER_OF_PROCESSORS', 'LANG'];
  const env = { PATH: path, HOME: home, USERPROFILE: home, TMPDIR: home, TEMP: home, TMP: home };
  for (const name of kept) if (process.env[name] !== undefined) env[name] = process.env[name];
  return env;
}
