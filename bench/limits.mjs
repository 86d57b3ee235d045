// Memory limits that are kept: an hour of speech under each limit, with and without speakers. It finishes within the limit (the
// kernel's VmHWM at most 5 % above it), or is refused at once; anything else fails the bench. Then the lowest limit that is not
// refused is looked for and proved by a run. With --cgroup the limit is a real control group's, which kills what exceeds it.
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLI, options, provenance, shared, stop, table, verdict, workFolder } from './lib/common.mjs';
import { measure } from './lib/measure.mjs';

const MB = 2 ** 20;
const opts = options('npm run bench -- limits [options]', {
  limits: { type: 'string', default: '128,160,200,256,384,512', help: 'megabytes, comma-separated' },
  file: { type: 'string', default: '', help: 'what to transcribe (default: the shared 60 minutes)' },
  only: { type: 'string', default: '', help: 'words or speakers' },
  lowest: { type: 'boolean', default: false, help: 'only look for the lowest limits' },
  cache: { type: 'boolean', default: false, help: 'with an empty cache, which takes memory of its own' },
  cgroup: { type: 'boolean', default: false, help: 'limits of real control groups (root, Linux)' },
});
const limits = opts.limits.split(',').map(Number);
if (limits.some((limit) => !(limit > 0))) stop('--limits takes numbers of megabytes.');
const file = opts.file || (await shared('audio', 'made', 'long_en.mp3'));
const folder = workFolder('limits');
const kinds = { words: ['--no-diarize'], speakers: [] };

/** A control group below our own, of version 2 or 1; gone after the run. */
function group(limit) {
  const lines = readFileSync('/proc/self/cgroup', 'utf8').split('\n');
  const own = (pattern) => lines.map((line) => pattern.exec(line)?.[1]).find((path) => path !== undefined);
  const [v1, v2] = [own(/^\d+:memory:(\/.*)$/), own(/^0::(\/.*)$/)];
  const path = v1 !== undefined ? join('/sys/fs/cgroup/memory', v1) : join('/sys/fs/cgroup', v2 ?? '');
  const made = join(path, `hearken-${process.pid}`);
  try {
    mkdirSync(made);
    writeFileSync(join(made, v1 !== undefined ? 'memory.limit_in_bytes' : 'memory.max'), String(limit * MB));
  } catch (error) {
    stop(`no control group can be made here (${error.message}): it takes root, and a memory controller.`);
  }
  return { procs: join(made, 'cgroup.procs'), end: () => rmdirSync(made) };
}

async function run(limit, kind) {
  const out = join(folder, `${kind}-${limit}.json`);
  rmSync(out, { force: true });
  const args = [CLI, 'transcribe', file, '--quiet', '--receipt', '-f', 'json', '-o', out, ...kinds[kind]];
  const limited = opts.cgroup ? group(limit) : undefined;
  if (opts.cache) {
    rmSync(join(folder, 'data'), { recursive: true, force: true });
    args.push('--cache', '--data-dir', join(folder, 'data'));
  }
  const command = limited
    ? ['sh', ['-c', 'echo $$ > "$0" && exec "$@"', limited.procs, process.execPath, ...args]]
    : [process.execPath, [...args, '--memory-limit', String(limit)]];
  const { code, signal, stderr, wall, peak } = await measure(...command, { cwd: folder });
  limited?.end();
  const finished = code === 0 && existsSync(out);
  const refused = code === 1 && stderr.includes('[ERR_MEMORY_LIMIT]');
  const receipt = finished ? JSON.parse(readFileSync(out, 'utf8')).receipt : undefined;
  rmSync(out, { force: true });
  const ok = (finished && peak <= limit * MB * 1.05) || (refused && wall < 5);
  return { limit, kind, finished, refused, code, signal, stderr, wall, peak, receipt, ok };
}

const rows = [];
function tell(result) {
  const { limit, kind, finished, refused, code, signal, stderr, wall, peak, receipt, ok } = result;
  const outcome = finished
    ? `finished, ${receipt.workers} workers`
    : refused
      ? 'refused'
      : `ended by ${signal ?? code}`;
  rows.push([
    kind,
    `${limit} MB`,
    outcome,
    `${(peak / MB).toFixed(1)} MB`,
    finished ? (peak / MB / limit).toFixed(3) : '–',
    `${wall.toFixed(1)} s`,
    ok ? 'ok' : 'BROKEN',
  ]);
  console.error(rows.at(-1).join('  '));
  if (!finished) console.error(`  ${stderr.trim()}`);
  if (!ok) process.exitCode = 1;
}

const chosen = Object.keys(kinds).filter((kind) => opts.only === '' || kind === opts.only);
if (!opts.lowest) for (const kind of chosen) for (const limit of limits) tell(await run(limit, kind));
for (const kind of chosen) {
  // What a refusal says would fit, in megabytes; a run proves it, and a little less is refused.
  const asked = await run(Math.min(limits[0], 64), kind);
  // Of a control group's limit 5 % are left to what else is in it.
  const fits = Math.ceil(Number(/a limit of (\d+) MB/.exec(asked.stderr)?.[1]) / (opts.cgroup ? 0.95 : 1));
  if (!asked.refused || !(fits > 0)) stop(`the refusal does not say what would fit: ${asked.stderr}`);
  tell(await run(fits, kind));
  tell(await run(fits - 3, kind));
  console.error(verdict(rows.at(-2)[2].startsWith('finished'), `the lowest limit (${kind}) is ${fits} MB`));
}
console.log(
  `${file.split('/').at(-1)}, VmHWM under ${opts.cgroup ? "a control group's limit" : '--memory-limit'}\n${provenance()}\n`,
);
console.log(table(['', 'limit', '', 'VmHWM', 'of the limit', 'wall', ''], rows, { left: 3 }));
