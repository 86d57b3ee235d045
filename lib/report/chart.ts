import { basename } from 'node:path';
import type { MemorySample } from '../memory.js';
import { PARTS, REST } from './parts.js';
import { sampleText, slices } from './slices.js';
import { amount, duration, escapeHtml, mb, megabytes } from './text.js';
import { amountTicks, timeTicks } from './ticks.js';
import type { MemoryReport, ReportFile } from './types.js';

// The picture: one SVG as wide as its place. Lengths across are percentages, so that nothing is scaled but the curves, which lie in
// SVGs of their own that are stretched; text keeps its size on a telephone. Heights are pixels.

/** Of the labels left of the picture, as in style.ts. */
const MARGIN = 44;
/** Units across in the stretched SVGs. */
const ACROSS = 1000;
const FILES = { top: 22, height: 20 };
const PLOT = { top: 90, height: 300 };
const WORKERS = { top: 424, height: 44 };
const AXIS = 474;
const HEIGHT = 498;
/** A limit further above the peak than this would flatten the curve: it is told, not drawn. */
const LIMIT_IN_SIGHT = 2.5;
const MOST_SLICES = 160;

/** What the picture is drawn to. */
interface Frame {
  /** Of the time axis, in seconds. */
  end: number;
  /** Of the memory axis, in MB. */
  top: number;
  ticks: number[];
}

const round = (value: number) => Math.round(value * 100) / 100;
const across = (seconds: number, { end }: Frame) => round((seconds / end) * ACROSS);
const percent = (seconds: number, { end }: Frame) => `${round((seconds / end) * 100)}%`;
/** From the top of the plot. */
const down = (bytes: number, { top }: Frame) => round(PLOT.height * (1 - megabytes(bytes) / top));

export const limitInSight = ({ limit, peak }: MemoryReport): boolean => limit > 0 && limit <= peak.rss * LIMIT_IN_SIGHT;

function frameOf(report: MemoryReport): Frame {
  const { samples, peak } = report;
  const highest = Math.max(
    peak.rss,
    ...samples.map(({ native }) => native.total),
    limitInSight(report) ? report.limit : 0,
  );
  const ticks = amountTicks(megabytes(highest) * 1.04);
  const end = Math.max(samples.at(-1)?.seconds ?? 0, 0.1);
  return { end, top: ticks.at(-1) as number, ticks };
}

/** The whole picture, with a title and a description for who can't see it. */
export function chart(report: MemoryReport): string {
  const frame = frameOf(report);
  return `<svg class="chart" width="100%" height="${HEIGHT}" role="img" aria-labelledby="chart-title chart-description">
<title id="chart-title">Memory over time</title>
<desc id="chart-description">${escapeHtml(description(report))}</desc>
${files(report.files, frame)}
${plot(report, frame)}
${workers(report.samples, frame)}
${timeAxis(frame)}
</svg>`;
}

function description({ before, peak, after, afterCleanup, limit, samples, files }: MemoryReport): string {
  return `Resident memory over ${duration(samples.at(-1)?.seconds ?? 0)} and ${files.length} ${files.length === 1 ? 'file' : 'files'}: \
${mb(before.rss)} before, a peak of ${mb(peak.rss)}, ${mb(after.rss)} after, ${mb(afterCleanup.rss)} after cleanup; \
${limit > 0 ? `the limit is ${mb(limit)}` : 'no limit'}. Below the line, hearken's native memory by category. The tables hold the same figures.`;
}

const heading = (y: number, text: string) => `<text class="heading" x="${-MARGIN}" y="${y}">${text}</text>`;

/** A bar for each file over the time that it took; its name where there is room. */
function files(all: readonly ReportFile[], frame: Frame): string {
  const bars = all.map(({ name, start, end, error }) => {
    const width = ((end - start) / frame.end) * 100;
    const text = `${name}: ${duration(end - start)}${error ? `, ${error.code}` : ''}`;
    const label = width < 7 ? '' : `<text x="7" y="14">${error ? '✕ ' : ''}${escapeHtml(basename(name))}</text>`;
    // Its own SVG cuts off what of the name is too long.
    return `<svg class="file${error ? ' failed' : ''}" x="${percent(start, frame)}" y="${FILES.top}" width="${round(Math.max(width, 0.2))}%" \
height="${FILES.height}"><title>${escapeHtml(text)}</title><rect width="100%" height="100%" rx="4"/>${label}</svg>`;
  });
  return `<g class="files">${heading(12, 'Files')}${bars.join('')}</g>`;
}

/** An SVG over the whole width that is stretched to it. */
const stretched = (part: { top: number; height: number }, content: string) =>
  `<svg x="0" y="${part.top}" width="100%" height="${part.height}" viewBox="0 0 ${ACROSS} ${part.height}" preserveAspectRatio="none">${content}</svg>`;

const line = (points: readonly (readonly [number, number])[]) => points.map(([x, y]) => `${x} ${y}`).join('L');

function plot(report: MemoryReport, frame: Frame): string {
  const { samples } = report;
  const x = ({ seconds }: MemorySample) => across(seconds, frame);
  const y = (bytes: number) => down(bytes, frame);
  const grid = frame.ticks.map((tick) => {
    const at = round(PLOT.top + PLOT.height * (1 - tick / frame.top));
    return { tick, at };
  });
  const highest = samples.reduce((best, sample) => (sample.rss > best.rss ? sample : best));
  return `<g class="plot">
${heading(64, 'Memory, MB')}
${grid.map(({ at, tick }) => `<line class="${tick === 0 ? 'base' : 'grid'}" x1="0" x2="100%" y1="${at}" y2="${at}"/>`).join('')}
${stretched(PLOT, `${areas(samples, x, y)}<path class="rss" d="M${line(samples.map((s) => [x(s), y(s.rss)]))}"/>${limitLine(report, x, y)}${starts(report.files, frame)}`)}
${grid.map(({ at, tick }) => `<text class="tick end" x="-8" y="${at + 4}">${amount(tick)}</text>`).join('')}
${limitText(report, highest, frame)}
${peakMark(report, highest, frame)}
${stretched(PLOT, hovers(samples, frame))}
</g>`;
}

/** The categories on top of each other, and everything else up to the line. */
function areas(samples: readonly MemorySample[], x: (s: MemorySample) => number, y: (bytes: number) => number): string {
  let floor = samples.map(() => 0);
  const between = (name: string, lower: readonly number[], upper: readonly number[]) => {
    if (upper.every((bytes, i) => bytes === lower[i])) return '';
    const over = samples.map((sample, i) => [x(sample), y(upper[i] as number)] as const);
    const under = samples.map((sample, i) => [x(sample), y(lower[i] as number)] as const).reverse();
    return `<path class="area ${name}" d="M${line(over)}L${line(under)}Z"/>`;
  };
  const stacked = PARTS.map(({ key }) => {
    const lower = floor;
    floor = samples.map(({ native }, i) => (lower[i] as number) + native[key]);
    return between(key, lower, floor);
  });
  const rest = between(
    'rest',
    floor,
    samples.map(({ rss }, i) => Math.max(rss, floor[i] as number)),
  );
  return rest + stacked.join('');
}

/** Steps, with gaps where there was none. */
function limitLine(report: MemoryReport, x: (s: MemorySample) => number, y: (bytes: number) => number): string {
  if (!limitInSight(report)) return '';
  let path = '';
  let before = 0;
  for (const sample of report.samples) {
    if (before > 0) path += `H${x(sample)}`;
    if (sample.limit > 0 && sample.limit !== before)
      path += before > 0 ? `V${y(sample.limit)}` : `M${x(sample)} ${y(sample.limit)}`;
    before = sample.limit;
  }
  return `<path class="limit" d="${path}"/>`;
}

/** On the side where the peak is not. */
function limitText(report: MemoryReport, highest: MemorySample, frame: Frame): string {
  const { limit } = report;
  if (limit === 0) return '';
  if (!limitInSight(report)) {
    return `<text class="limit-text end" x="100%" y="64">limit ${mb(limit)} ↑</text>`;
  }
  const place = highest.seconds > frame.end / 2 ? 'start" x="6"' : 'end" x="100%"';
  return `<text class="limit-text ${place} y="${PLOT.top + down(limit, frame) - 5}">limit ${mb(limit)}</text>`;
}

/** Where the files begin, but for the first. */
function starts(all: readonly ReportFile[], frame: Frame): string {
  const path = all.slice(1).map(({ start }) => `M${across(start, frame)} 0V${PLOT.height}`);
  return path.length === 0 ? '' : `<path class="begin" d="${path.join('')}"/>`;
}

/** Its text lies above it, or below where the limit's line would cross it. */
function peakMark({ peak, limit }: MemoryReport, { seconds }: MemorySample, frame: Frame): string {
  const share = seconds / frame.end;
  const side = share < 0.15 ? 'start' : share > 0.85 ? 'end' : 'middle';
  const y = PLOT.top + down(peak.rss, frame);
  const room = limit > 0 ? down(peak.rss, frame) - down(limit, frame) : Number.POSITIVE_INFINITY;
  const above = room < 0 || room > 28;
  const x = percent(seconds, frame);
  return `<circle class="peak" cx="${x}" cy="${y}" r="4.5"/><text class="peak-text ${side}" x="${x}" y="${above ? y - 10 : y + 22}">peak ${mb(peak.rss)}</text>`;
}

/** Invisible bars that a pointer finds, each with the figures of its moment. */
function hovers(samples: readonly MemorySample[], frame: Frame): string {
  const bars = slices(samples, MOST_SLICES).map(({ start, end, highest }) => {
    const x = across(start, frame);
    return `<rect x="${x}" width="${round(across(end, frame) - x)}" height="${PLOT.height}"><title>${sampleText(highest)}</title></rect>`;
  });
  return `<g class="hovers">${bars.join('')}</g>`;
}

/** How many workers decode, as steps. */
function workers(samples: readonly MemorySample[], frame: Frame): string {
  const most = Math.max(1, ...samples.map((sample) => sample.workers));
  const y = (count: number) => round(WORKERS.height * (1 - count / most));
  let path = `M0 ${WORKERS.height}`;
  for (const { seconds, workers: count } of samples) path += `H${across(seconds, frame)}V${y(count)}`;
  path += `V${WORKERS.height}Z`;
  const marks = most > 8 ? [most] : Array.from({ length: most }, (_, i) => i + 1);
  return `<g class="workers">
${heading(WORKERS.top - 10, `Workers that decode, at most ${most}`)}
${stretched(WORKERS, `<path class="steps" d="${path}"/>`)}
${marks.map((count) => `<line class="grid" x1="0" x2="100%" y1="${WORKERS.top + y(count)}" y2="${WORKERS.top + y(count)}"/>`).join('')}
<line class="base" x1="0" x2="100%" y1="${WORKERS.top + WORKERS.height}" y2="${WORKERS.top + WORKERS.height}"/>
</g>`;
}

function timeAxis(frame: Frame): string {
  const ticks = timeTicks(frame.end).map(({ at, text }, i) => {
    const share = at / frame.end;
    const side = share < 0.03 ? 'start' : share > 0.94 ? 'end' : 'middle';
    const x = percent(at, frame);
    // Every second one gives way where there is little room.
    const wide = i % 2 === 1 ? ' wide' : '';
    return `<line class="grid${wide}" x1="${x}" x2="${x}" y1="${AXIS - 6}" y2="${AXIS}"/><text class="tick ${side}${wide}" x="${x}" y="${AXIS + 15}">${text}</text>`;
  });
  return `<g class="time">${ticks.join('')}</g>`;
}

/** What the colours mean, with the highest of each. */
export function legend(report: MemoryReport): string {
  const { peak, limit } = report;
  const entry = (name: string, label: string, what: string) =>
    `<li><span class="key ${name}"></span><span>${label} <small>${what}</small></span></li>`;
  return `<ul class="legend">
${entry('rss', 'Resident memory', `peak ${mb(peak.rss)}`)}
${entry('rest', REST.label, REST.what)}
${[...PARTS]
  .reverse()
  .map(({ key, label }) => entry(key, label, `peak ${mb(peak.native[key])}`))
  .join('\n')}
${limit > 0 ? entry('limit', 'Limit', mb(limit)) : ''}
</ul>`;
}
