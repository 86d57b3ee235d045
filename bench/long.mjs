// An hour of speech with two workers and the default model: memory, time and WER, beside whisper-cli with the same weights,
// and what it costs to tell the speakers apart.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { whisperCli } from './build-whisper-cli.mjs';
import {
  CLI,
  DEFAULT_MODEL,
  fromDist,
  median,
  options,
  percent,
  positive,
  provenance,
  ROOT,
  shared,
  stop,
  table,
  verdict,
  workFolder,
} from './lib/common.mjs';
import { measureOk } from './lib/measure.mjs';
import { runWhisperCli, SETTINGS } from './lib/peer.mjs';

const HEARKEN = 'hearken, 2 workers';
const SHORT = 'hearken, 2 workers, --end 600';
const SPEAKERS = 'hearken with speakers, 2 workers';
const MEETING = 'hearken with speakers, 20-minute meeting';
const MB = 1e6;

const opts = options('npm run bench -- long [options]', {
  minutes: { type: 'string', default: '60', help: 'length; below 60 a cut of the recording (needs ffmpeg)' },
  only: { type: 'string', multiple: true, help: 'only systems whose name contains this; may be repeated' },
  repeat: { type: 'string', default: '1', help: 'rounds, the systems taking turns; medians are shown' },
  model: { type: 'string', default: DEFAULT_MODEL.slice(ROOT.length + 1), help: 'weights of all systems' },
  hearken: { type: 'string', default: '', help: 'further arguments for hearken, separated by spaces' },
  json: { type: 'boolean', default: false, help: 'print JSON instead of a table' },
});
const minutes = positive(opts, 'minutes');
const repeat = positive(opts, 'repeat');
const model = join(ROOT, opts.model);
if (!existsSync(model)) stop(`there is no model ${opts.model}.`);

const { compareTexts, errors, rate } = await fromDist('test/helpers/wer.js');
const folder = workFolder('long');
const recording = await shared('audio', 'made', 'long_en.mp3');
const { utterances } = JSON.parse(readFileSync(await shared('audio', 'made', 'long_en.json'), 'utf8'));

/** The recording, or a cut of it that ends in the pause after the last whole utterance; and what is said in it. */
function material() {
  const inside = utterances.filter((utterance) => utterance.end <= minutes * 60);
  const text = inside.map((utterance) => utterance.text).join(' ');
  const after = utterances[inside.length];
  if (!after) return { file: recording, text, seconds: utterances.at(-1).end };
  const seconds = ((inside.at(-1)?.end ?? stop('--minutes is shorter than the first utterance.')) + after.start) / 2;
  const file = join(folder, `cut-${seconds.toFixed(3)}.wav`);
  if (!existsSync(file)) {
    const args = ['-v', 'error', '-i', recording, '-t', String(seconds), '-ac', '1', '-ar', '16000', '-y', file];
    const run = spawnSync('ffmpeg', args, { stdio: 'inherit' });
    if (run.error || run.status !== 0) stop('ffmpeg could not cut the recording; it is needed for --minutes below 60.');
  }
  return { file, text, seconds };
}

const { file, text, seconds } = material();

const meeting = {
  file: await shared('audio', 'made', 'meeting_20min.flac'),
  text: JSON.parse(readFileSync(await shared('audio', 'made', 'meeting_20min.json'), 'utf8'))
    .utterances.map((utterance) => utterance.text)
    .join(' '),
  seconds: 1200,
};

async function runHearken(input, extra) {
  const out = join(folder, `hearken-${process.pid}.json`);
  const more = opts.hearken.split(' ').filter(Boolean);
  const args = [
    CLI,
    'transcribe',
    input,
    '--workers',
    '2',
    '--model',
    model,
    '--quiet',
    '-f',
    'json',
    '-o',
    out,
    ...extra,
    ...more,
  ];
  const run = await measureOk(process.execPath, args, { cwd: folder });
  const result = JSON.parse(readFileSync(out, 'utf8'));
  rmSync(out);
  return { ...run, text: result.text };
}

const wanted = (name) => !opts.only || opts.only.some((part) => name.includes(part));
const systems = Object.entries({
  [HEARKEN]: { text, seconds, run: () => runHearken(file, ['--no-diarize']) },
  [SPEAKERS]: { text, seconds, run: () => runHearken(file, []) },
  ...(minutes > 10 && {
    [SHORT]: {
      text: utterances
        .filter((utterance) => utterance.end <= 600)
        .map((utterance) => utterance.text)
        .join(' '),
      seconds: 600,
      run: () => runHearken(recording, ['--end', '600', '--no-diarize']),
    },
    [MEETING]: { ...meeting, run: () => runHearken(meeting.file, []) },
  }),
  ...Object.fromEntries(
    Object.entries(SETTINGS).map(([name, settings]) => [
      name,
      { text, seconds, run: () => runWhisperCli(whisperCli().cli, { model, file, settings, folder }) },
    ]),
  ),
}).filter(([name]) => wanted(name));
if (systems.length === 0)
  stop(
    `--only names no system; there are ${[HEARKEN, SPEAKERS, SHORT, MEETING, ...Object.keys(SETTINGS)].join('; ')}.`,
  );
if (systems.some(([name]) => name in SETTINGS)) whisperCli(); // a build must not fall into a measured round

const runs = new Map(systems.map(([name]) => [name, []]));
for (let round = 1; round <= repeat; round++) {
  for (const [name, system] of systems) {
    console.error(`round ${round} of ${repeat}: ${name} …`);
    const { wall, cpu, peak, text: heard } = await system.run();
    runs.get(name).push({ wall, cpu, peak, counts: compareTexts(system.text, heard) });
  }
}

const results = systems.map(([name, system]) => {
  const all = runs.get(name);
  const counts = all[0].counts;
  return {
    name,
    seconds: system.seconds,
    wall: median(all.map((run) => run.wall)),
    cpu: median(all.map((run) => run.cpu ?? Number.NaN)),
    peak: median(all.map((run) => run.peak ?? Number.NaN)),
    counts,
    wer: rate(counts),
    errors: errors(counts),
  };
});
if (opts.json) {
  console.log(JSON.stringify({ provenance: provenance(), minutes, repeat, results }, null, 2));
  process.exit();
}

const fixed = (value, digits) => (Number.isFinite(value) ? value.toFixed(digits) : '–');
const ours = results.find((result) => result.name === HEARKEN);
const ratio = (value, base) => (base === undefined || value === undefined ? '' : ` (${fixed(value / base, 2)}×)`);
console.log(`long_en, ${fixed(seconds / 60, 1)} minutes, ${opts.model}, median of ${repeat}\n${provenance()}\n`);
console.log(
  table(
    ['system', 'wall s', 'CPU s', 'peak RSS MB', 'WER %', 'sub', 'del', 'ins', '× real time'],
    results.map((r) => {
      const base = r.name === SHORT || r.name === MEETING ? undefined : ours;
      return [
        r.name,
        fixed(r.wall, 1) + ratio(r.wall, base?.wall),
        fixed(r.cpu, 1) + ratio(r.cpu, base?.cpu),
        fixed(r.peak / MB, 1) + ratio(r.peak, ours?.peak),
        percent(r.wer),
        r.counts.substitutions,
        r.counts.deletions,
        r.counts.insertions,
        fixed(r.seconds / r.wall, 1),
      ];
    }),
  ),
);

const short = results.find((result) => result.name === SHORT);
const peers = results.filter((result) => result.name in SETTINGS);
const lines = [];
if (ours) lines.push(verdict(!(ours.peak >= 350 * MB), `peak RSS ${fixed(ours.peak / MB, 1)} MB, below 350 MB`));
if (ours && short) {
  const growth = ours.peak / short.peak - 1;
  lines.push(verdict(Math.abs(growth) <= 0.05, `peak RSS within 5 % of ten minutes' (${percent(growth, 1)} %)`));
}
const speakers = results.find((result) => result.name === SPEAKERS);
const talk = results.find((result) => result.name === MEETING);
if (speakers) {
  lines.push(
    verdict(!(speakers.peak >= 450 * MB), `peak RSS with speakers ${fixed(speakers.peak / MB, 1)} MB, below 450 MB`),
  );
}
if (speakers && talk) {
  const growth = speakers.peak / talk.peak - 1;
  lines.push(
    verdict(
      Math.abs(growth) <= 0.05,
      `peak RSS with speakers within 5 % of a 20-minute meeting's (${percent(growth, 1)} %)`,
    ),
  );
}
if (speakers && ours) {
  const cost = Math.max(speakers.cpu / ours.cpu, speakers.wall / ours.wall);
  lines.push(verdict(cost <= 1.35, `speakers cost ${fixed(cost, 2)} times the transcription alone, at most 1.35`));
}
if (ours && peers.length > 0) {
  const best = Math.min(...peers.map((peer) => peer.wer));
  const fastest = Math.min(...peers.map((peer) => peer.wall));
  lines.push(
    verdict(
      ours.wer <= best + 0.005,
      `WER ${percent(ours.wer)} %, at most 0.5 points above whisper-cli's best (${percent(best)} %)`,
    ),
  );
  lines.push(
    verdict(
      ours.wall < fastest,
      `wall time ${fixed(ours.wall, 1)} s, below whisper-cli's fastest (${fixed(fastest, 1)} s)`,
    ),
  );
}
console.log(`\n${lines.join('\n')}`);
