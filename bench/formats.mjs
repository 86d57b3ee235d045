// The same words from every container and codec, and what becomes of malformed files.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import {
  CLI,
  fromDist,
  options,
  percent,
  provenance,
  sharedData,
  stop,
  table,
  verdict,
  workFolder,
} from './lib/common.mjs';
import { measure } from './lib/measure.mjs';

const opts = options('npm run bench -- formats [options]', {
  base: { type: 'string', help: 'a multilingual model, for the Spanish and Japanese files' },
  only: { type: 'string', help: "'formats' or 'bad'" },
  timeout: { type: 'string', default: '120', help: 'seconds after which a file counts as a hang' },
});
if (opts.only && !['formats', 'bad'].includes(opts.only)) stop("--only is 'formats' or 'bad'.");
const { compareTexts, errors, normalize, rate } = await fromDist('test/helpers/wer.js');
const { sharedPath, manifest } = await sharedData();

/** Runs the CLI on a file, in an empty folder that must stay empty; so must the folder for temporary files. */
async function cli(file, extra = []) {
  const cwd = mkdtempSync(join(workFolder(), 'cwd-'));
  const tmp = mkdtempSync(join(workFolder(), 'tmp-'));
  const env = { ...process.env, TMPDIR: tmp, TMP: tmp, TEMP: tmp };
  const args = [CLI, 'transcribe', file, '-f', 'json', ...extra];
  const run = await measure(process.execPath, args, { cwd, env, timeoutMs: Number(opts.timeout) * 1000 });
  const left = [...readdirSync(cwd), ...readdirSync(tmp)];
  for (const folder of [cwd, tmp]) rmSync(folder, { recursive: true });
  let result;
  try {
    result = JSON.parse(run.stdout);
  } catch {
    // No result: the exit code and the error's code say why.
  }
  return { ...run, left, result, error: /ERR_[A-Z_]+/.exec(run.stderr)?.[0] ?? '' };
}

const ended = (run) => (run.timedOut ? 'hang' : (run.signal ?? run.code));

const MOST_ERRORS = 3;

async function formats() {
  const rows = [];
  let misses = 0;
  let skipped = 0;
  let clips = 0;
  let exacts = 0;
  for (const entry of manifest('formats')) {
    if (entry.language !== 'en' && !opts.base) {
      skipped += 1;
      continue;
    }
    const extra = entry.language === 'en' ? [] : ['--model', resolve(opts.base), '--language', entry.language];
    const run = await cli(sharedPath('audio', entry.file), extra);
    const text = run.result?.text ?? '';
    // The jfk clips must give JFK's words; the originals are compared with what is known of them.
    const counts = entry.text ? compareTexts(entry.text, text, entry.language) : undefined;
    // At 8 kHz, in 8 bits or as lossy AAC the small model hears "America asked"; whisper-cli with the same weights does, too. So
    // up to three of the 22 words may differ, and how many files give all of them is counted.
    const exact = counts !== undefined && errors(counts) === 0;
    const heard = entry.clip === 'jfk' ? counts && errors(counts) <= MOST_ERRORS : run.code === 0 && text.trim() !== '';
    if (!heard) misses += 1;
    if (entry.clip === 'jfk') {
      clips += 1;
      if (exact) exacts += 1;
    }
    rows.push([
      basename(entry.file),
      entry.codec,
      ended(run),
      run.wall.toFixed(1),
      counts ? percent(rate(counts), 1) : '–',
      heard ? (exact || !counts ? '✔' : `✔ ${text.trim()}`) : `✘ ${run.error || text.trim()}`,
    ]);
    console.error(`${basename(entry.file)}: ${heard ? 'as expected' : 'MISS'}`);
  }
  console.log(
    `## ../shared/audio/formats\n\n${table(['file', 'codec', 'exit', 'wall s', 'WER %', 'words'], rows, { left: 2 })}\n`,
  );
  console.log(verdict(misses === 0, `the words of the clip from all ${rows.length} files (${misses} missed)`));
  console.log(`${exacts} of ${clips} files of the same clip give all 22 words alike.`);
  if (skipped > 0) console.log(`${skipped} files in other languages were skipped: they need --base.`);
}

/** What the manifest expects of a bad file, as a check of a run. */
function fits(expect, run) {
  const words = run.result ? normalize(run.result.text) : [];
  const failed = run.code === 1 && run.error !== '' && run.error !== 'ERR_INTERNAL';
  const decoded = run.code === 0 && run.result !== undefined;
  if (decoded && /null|NaN|Infinity/.test(JSON.stringify(run.result.segments))) return false;
  if (expect.startsWith('clear error or')) return failed || decoded;
  if (expect.startsWith('clear error')) return failed;
  if (expect.startsWith('either')) return failed || decoded;
  if (expect.startsWith('decode')) {
    const seconds = /\((\d+(?:\.\d+)?) s\)/.exec(expect)?.[1];
    const whole = seconds === undefined || Math.abs((run.result?.duration ?? 0) - Number(seconds)) < 0.3;
    return decoded && words.length > 0 && whole;
  }
  if (expect.startsWith('empty or short')) return decoded && words.length <= 3;
  if (expect.startsWith('empty')) return decoded && run.result.text.trim() === '';
  return stop(`the manifest expects '${expect}', which this bench cannot check.`);
}

async function bad() {
  const rows = [];
  let misses = 0;
  for (const entry of manifest('bad')) {
    const run = await cli(sharedPath('audio', entry.file));
    const ok = fits(entry.expect, run) && run.left.length === 0 && !run.timedOut;
    if (!ok) misses += 1;
    const text = run.result ? `“${run.result.text.trim().slice(0, 40)}”` : run.error;
    const peak = run.peak ? (run.peak / 1e6).toFixed(0) : '–';
    rows.push([
      basename(entry.file),
      entry.expect,
      ended(run),
      run.wall.toFixed(1),
      peak,
      text,
      run.left.join(' ') || 'nothing',
      ok ? '✔' : '✘',
    ]);
    console.error(`${basename(entry.file)}: ${ok ? 'as expected' : `MISS ${run.stderr.trim()}`}`);
  }
  const header = ['file', 'expected', 'exit', 'wall s', 'peak MB', 'text or code', 'left behind', ''];
  console.log(`## ../shared/audio/bad\n\n${table(header, rows, { left: 2 })}\n`);
  console.log(verdict(misses === 0, `what the manifest expects of all ${rows.length} files (${misses} missed)`));
}

console.log(`${provenance()}\n`);
if (opts.only !== 'bad') await formats();
if (opts.only !== 'formats') await bad();
