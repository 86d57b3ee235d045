import { Command } from 'commander';
import { jobsText } from './cache.js';
import { type DoctorReport, examine } from './doctor-checks.js';
import { bytesText } from './download-bar.js';
import { type CliIO, EXIT, printable } from './io.js';
import { sizeText } from './text.js';

/** `hearken doctor`: what this machine has of what hearken needs; exit code 1 when something essential is broken. */
export function doctorCommand(library: CliIO['library']): Command {
  return new Command('doctor')
    .description('what this machine has of what hearken needs, and what to do about the rest')
    .option('--json', 'as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const report = await examine(library);
      process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : reportText(report));
      if (!report.ok) process.exitCode = EXIT.failed;
    });
}

function reportText(report: DoctorReport): string {
  const { node, cpu, addon, source, models, data, ffmpeg, memory } = report;
  const rows: [string, string][] = [
    ['hearken', report.version],
    ['node', `${node.version} on ${node.platform}-${node.arch}`],
    ['cpu', `${cpu.model}, ${cpu.cores} ${cpu.cores === 1 ? 'core' : 'cores'}`],
    [
      'addon',
      addon ? `${addon.path} (hearken ${addon.version.hearken}, whisper.cpp ${addon.version.whisper})` : 'not loaded',
    ],
  ];
  if (addon) rows.push(['engine', `${addon.level}, of ${addon.levels.join(', ')} (${addon.features.join(', ')})`]);
  if (source) rows.push(['source', `${source.path}, ${source.ok ? 'SHA-256 verified' : 'CHANGED'}`]);
  for (const model of models.embedded) {
    rows.push(['model', `${model.name}, embedded, ${model.ok ? 'SHA-256 verified' : 'DAMAGED'}: ${model.path}`]);
  }
  for (const model of models.pulled) {
    const state = model.state === 'damaged' ? 'DAMAGED' : "size right; 'hearken models verify' checks it whole";
    rows.push(['model', `${model.name}, pulled, ${bytesText(model.bytes)} (${state}): ${model.path}`]);
  }
  rows.push(['models folder', models.folder]);
  if (data) rows.push(['data folder', dataText(data)]);
  rows.push(['ffmpeg', ffmpeg ? `${ffmpeg.version}: ${ffmpeg.path}` : 'not found']);
  rows.push(['memory', `${bytesText(memory.totalBytes)}, of which ${bytesText(memory.freeBytes)} are free`]);
  rows.push(['container limit', limitText(memory.container)]);
  const width = Math.max(...rows.map(([label]) => label.length));
  const lines = rows.map(([label, text]) => `${label.padEnd(width)}  ${printable(text)}`);
  lines.push('');
  for (const { level, message, remedy } of report.problems) {
    lines.push(`${level}: ${printable(message)}`, `  → ${printable(remedy)}`);
  }
  lines.push(
    report.problems.length === 0
      ? 'Everything is in order.'
      : report.ok
        ? 'hearken works.'
        : 'hearken does not work yet.',
  );
  return `${lines.join('\n')}\n`;
}

function dataText({ folder, writable, bytes, jobs }: NonNullable<DoctorReport['data']>): string {
  const kept = bytes === 0 ? 'nothing kept yet' : `${sizeText(bytes)} kept, jobs: ${jobsText(jobs)}`;
  return `${folder} (${writable ? '' : 'NOT WRITABLE; '}${kept})`;
}

function limitText(container: DoctorReport['memory']['container']): string {
  if (!container) return 'none';
  const used = container.usedBytes === undefined ? '' : `, ${bytesText(container.usedBytes)} of it used`;
  return `${bytesText(container.limitBytes)}${used} (cgroup v${container.cgroup}, ${container.path})`;
}
