// What keeping costs, and what it saves: an hour of speech without a cache, with an empty one, again from it, under another name,
// and as another range, for which the audio is read and cut again and only the text and the windows are found. Ratios of one run.
import { copyFileSync, readFileSync, rmSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { CLI, options, provenance, shared, stop, table, workFolder } from './lib/common.mjs';
import { measure } from './lib/measure.mjs';

const MB = 2 ** 20;
const opts = options('npm run bench -- cache [options]', {
  file: { type: 'string', default: '', help: 'what to transcribe (default: the shared 60 minutes)' },
  words: { type: 'boolean', default: false, help: 'without speakers' },
  rounds: { type: 'string', default: '5', help: 'times that a run from the cache is measured; the median counts' },
});
const file = opts.file || (await shared('audio', 'made', 'long_en.mp3'));
const folder = workFolder('cache');
const data = join(folder, 'data');
const copy = join(folder, `another name${extname(file)}`);
rmSync(data, { recursive: true, force: true });
copyFileSync(file, copy);

const rows = [];
let expected;
let first;
async function run(what, audio, ...flags) {
  const out = join(folder, 'out.json');
  rmSync(out, { force: true });
  const args = ['transcribe', audio, '--quiet', '-f', 'json', '-o', out, ...flags];
  if (!flags.includes('--no-cache')) args.push('--data-dir', data);
  if (opts.words) args.push('--no-diarize');
  const env = { ...process.env, HEARKEN_CACHE: 'on' };
  const { code, stderr, wall, cpu, peak } = await measure(process.execPath, [CLI, ...args], { cwd: folder, env });
  if (code !== 0) stop(`${what}: exit ${code}, ${stderr}`);
  const text = readFileSync(out, 'utf8');
  expected ??= text;
  if (text !== expected) {
    console.error(`✘ ${what}: another result`);
    process.exitCode = 1;
  }
  return { what, wall, cpu, peak };
}
const row = ({ what, wall, cpu, peak }) => {
  rows.push([
    what,
    `${wall.toFixed(2)} s`,
    cpu === undefined ? '–' : `${cpu.toFixed(2)} s`,
    `${(peak / MB).toFixed(1)} MB`,
    first ? (first.wall / wall).toFixed(1) : '1.0',
  ]);
  console.error(rows.at(-1).join('  '));
};
async function median(what, ...args) {
  const all = [];
  for (let i = 0; i < Number(opts.rounds); i++) all.push(await run(what, ...args));
  return all.sort((a, b) => a.wall - b.wall)[Math.floor(all.length / 2)];
}

const off = await run('no cache', file, '--no-cache');
first = await run('empty cache', file);
const ratio = first.wall / off.wall;
row(off);
row(first);
const again = await median('again', file);
row(again);
row(await median('another name', copy));
const size = statSync(join(data, 'cache', 'hearken.db')).size;
row(await run('another range: read and cut again', file, '--end', '1000000'));

console.log(provenance('cache'));
console.log(table(['run', 'wall', 'CPU', 'peak', 'times faster than the first'], rows));
console.log(
  `keeping: ${((ratio - 1) * 100).toFixed(1)} % of the wall time; the database has ${(size / MB).toFixed(2)} MB`,
);
console.log(`${(first.wall / again.wall).toFixed(0)} times faster from the cache, output identical`);
if (first.wall / again.wall < 100) process.exitCode = 1;
