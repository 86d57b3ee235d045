import { PARTS, REST } from './parts.js';
import { slices } from './slices.js';
import { amount, change, duration, escapeHtml, megabytes } from './text.js';
import type { MemoryReport, Moment, ReportFile } from './types.js';

const MOST_ROWS = 24;

const row = (cells: readonly string[]) => {
  const [head, ...others] = cells;
  return `<tr><th scope="row">${head}</th>${others.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
};

/** A table that scrolls on its own where it is too wide. */
function table(caption: string, columns: readonly string[], rows: readonly string[]): string {
  return `<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table>
<caption>${caption}</caption>
<thead><tr>${columns.map((name) => `<th scope="col">${name}</th>`).join('')}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table></div>`;
}

const inMb = (bytes: number) => amount(megabytes(bytes));

/** What each file took. */
export function filesTable({ files, notBegun }: MemoryReport): string {
  const columns = ['File', 'Audio', 'Time', 'CPU', 'Before', 'Peak', 'After', 'Native peak', 'Workers', 'Evictions'];
  const name = (text: string) => `<bdi>${escapeHtml(text)}</bdi>`;
  const words = (text: string) => `<td class="words" colspan="${columns.length - 1}">${text}</td>`;
  const rows = files.map((file) => {
    const cells = file.receipt ? figures(file) : '';
    const error = file.error ? words(`✕ ${escapeHtml(`${file.error.message} [${file.error.code}]`)}`) : '';
    if (cells === '') return `<tr class="failed"><th scope="row">${name(file.name)}</th>${error}</tr>`;
    const below = error === '' ? '' : `<tr class="failed"><th scope="row"></th>${error}</tr>`;
    return `<tr><th scope="row">${name(file.name)}</th>${cells}</tr>${below}`;
  });
  const left = notBegun.map(
    (file) => `<tr class="failed"><th scope="row">${name(file)}</th>${words('not begun')}</tr>`,
  );
  return table('Files: memory in MB', columns, [...rows, ...left]);
}

function figures({ receipt }: ReportFile): string {
  if (!receipt) return '';
  const { rssBefore, rssPeak, rssAfter, nativePeak, workers, evictions, audioSeconds, wallSeconds, cpuSeconds } =
    receipt;
  return [
    duration(audioSeconds),
    duration(wallSeconds),
    duration(cpuSeconds),
    inMb(rssBefore),
    `<strong>${inMb(rssPeak)}</strong>`,
    inMb(rssAfter),
    inMb(nativePeak.total),
    String(workers),
    String(evictions),
  ]
    .map((cell) => `<td>${cell}</td>`)
    .join('');
}

/** hearken's own ledger at the moments of the headline. */
export function ledgerTable({ before, peak, after, afterCleanup }: MemoryReport): string {
  const moments = [before, peak, after, afterCleanup];
  const line = (label: string, of: (moment: Moment) => number) =>
    row([label, ...moments.map((moment) => inMb(of(moment)))]);
  return table(
    'Where it was: memory in MB',
    ['', 'Before', 'Highest', 'After', 'After cleanup'],
    [
      ...PARTS.map(({ key, label, what }) => line(`${label} <small>${what}</small>`, ({ native }) => native[key])),
      line('All of hearken’s native memory', ({ native }) => native.total),
      `<tr><th scope="row">${REST.label} <small>${REST.what}</small></th>${moments
        .map((moment) => `<td>${moment === peak ? '–' : inMb(Math.max(0, moment.rss - moment.native.total))}</td>`)
        .join('')}</tr>`,
      line('Resident memory of the process', ({ rss }) => rss),
      row(['Since the beginning', ...moments.map(({ rss }) => change(rss - before.rss))]),
    ],
  );
}

/** The picture in figures. */
export function timelineTable({ samples }: MemoryReport): string {
  const rows = slices(samples, MOST_ROWS).map(({ highest: { seconds, rss, native, limit, workers } }) =>
    row([
      duration(seconds),
      inMb(rss),
      ...PARTS.map(({ key }) => inMb(native[key])),
      inMb(native.total),
      limit > 0 ? inMb(limit) : 'none',
      String(workers),
    ]),
  );
  const columns = ['Time', 'Resident', ...PARTS.map(({ label }) => label), 'All native', 'Limit', 'Workers decoding'];
  return table('Memory over time, in MB: of each stretch the moment with the most', columns, rows);
}
