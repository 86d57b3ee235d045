import { chart, legend } from './chart.js';
import { STYLE } from './style.js';
import { filesTable, ledgerTable, timelineTable } from './tables.js';
import { amount, change, duration, escapeHtml, mb, megabytes, plural } from './text.js';
import type { MemoryReport } from './types.js';

/**
 * The report as one page that needs nothing else: no script, no network (which its policy forbids besides), no font. All text
 * that is not ours is escaped.
 */
export function memoryPage(report: MemoryReport): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="hearken ${escapeHtml(report.hearken)}">
<link rel="icon" href="data:,">
<title>Memory of ${plural(report.files.length, 'file')} – hearken</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header>
<h1>${headline(report)}</h1>
<p class="lead">${lead(report)}</p>
</header>
<section aria-label="Headline">
${stages(report)}
</section>
<section aria-label="Picture">
${legend(report)}
<div class="frame">${chart(report)}</div>
<details>
<summary>The picture in figures</summary>
${timelineTable(report)}
</details>
</section>
<section aria-label="Tables">
${filesTable(report)}
${ledgerTable(report)}
</section>
<footer>
${footer(report)}
</footer>
</main>
</body>
</html>
`;
}

function headline({ peak, files, end, before, afterCleanup }: MemoryReport): string {
  const left = afterCleanup.rss - before.rss;
  const kept = left <= 0 ? 'all of it returned' : `${mb(left)} more after cleanup than before`;
  const what = end === 'interrupted' ? 'Interrupted: a' : 'A';
  return `${what} peak of ${mb(peak.rss)} for ${plural(files.length, 'file')}, ${kept}`;
}

function lead({ files, limit, peak, end, notBegun, error }: MemoryReport): string {
  const failed = files.filter(({ error }) => error && error.code !== 'ERR_ABORTED').length;
  const audio = files.reduce((sum, { receipt }) => sum + (receipt?.audioSeconds ?? 0), 0);
  const wall = files.reduce((sum, file) => sum + file.end - file.start, 0);
  const parts = [`${duration(audio)} of audio in ${duration(wall)}`];
  if (failed > 0) parts.push(`<span class="verdict bad">${plural(failed, 'file')} failed</span>`);
  if (error) parts.push(`<span class="verdict bad">${escapeHtml(`${error.message} [${error.code}]`)}</span>`);
  if (end === 'interrupted') parts.push('<span class="verdict bad">interrupted</span>');
  if (notBegun.length > 0) parts.push(`${plural(notBegun.length, 'file')} not begun`);
  parts.push(verdict(limit, peak.rss));
  return parts.join(' · ');
}

function verdict(limit: number, peak: number): string {
  if (limit === 0) return 'no limit was set';
  const spare = limit - peak;
  return spare >= 0
    ? `<span class="verdict good">limit of ${mb(limit)} held, ${mb(spare)} to spare</span>`
    : `<span class="verdict bad">limit of ${mb(limit)} passed by ${mb(-spare)}</span>`;
}

/** Before → peak → after → after cleanup, with bars to compare them by. */
function stages({ before, peak, after, afterCleanup, limit }: MemoryReport): string {
  const all = [
    { name: 'Before', rss: before.rss, since: 'the program alone', style: '' },
    { name: 'Peak', rss: peak.rss, since: change(peak.rss - before.rss), style: ' class="peak"' },
    { name: 'After', rss: after.rss, since: change(after.rss - before.rss), style: '' },
    { name: 'After cleanup', rss: afterCleanup.rss, since: change(afterCleanup.rss - before.rss), style: '' },
  ];
  const most = Math.max(1, peak.rss, limit <= 2.5 * peak.rss ? limit : 0);
  const share = (bytes: number) => `${Math.round((bytes / most) * 1000) / 10}%`;
  const mark = limit > 0 && limit <= most ? `<b style="left:${share(limit)}"></b>` : '';
  const items = all.map(
    ({ name, rss, since, style }) => `<li${style}>
<div class="name">${name}</div>
<div class="figure">${amount(megabytes(rss))} <span class="unit">MB</span></div>
<div class="bar"><i style="width:${share(rss)}"></i>${mark}</div>
<div class="since">${since}</div>
</li>`,
  );
  return `<ol class="stages">${items.join('\n')}</ol>`;
}

function footer({ hearken, platform, node, started, freedBytes }: MemoryReport): string {
  const when = `${started.slice(0, 10)} ${started.slice(11, 16)} UTC`;
  return `<p>Resident memory is what the operating system counts for the whole process. hearken’s native memory is counted where it is
allocated and freed; the cleanup freed ${mb(freedBytes)} of it. The peaks of the categories need not have been at one moment. MB are 2<sup>20</sup> bytes.</p>
<p>hearken ${escapeHtml(hearken)}, Node.js ${escapeHtml(node)}, ${escapeHtml(platform)}, ${escapeHtml(when)}</p>`;
}
