import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { formatReport, type MemoryReport } from '../../lib/report/index.js';
import { findChromium, Page, type Viewport } from '../helpers/chromium.js';
import { folder } from '../helpers/folder.js';
import { reportOf, timelineOf } from '../helpers/memory-report.js';

// The memory report's page in a real browser: what is asserted is what the browser laid out, not what the file says.

const MB = 2 ** 20;
const chromium = findChromium();
// On a developer's machine it is skipped, and counted as such; where everything has to be there it fails.
const browserTest = chromium === undefined && process.env.CI !== 'true' ? test.serial.skip : test.serial;

interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** The border boxes of all elements that a selector finds. */
const boxes = (selector: string) => `[...document.querySelectorAll(${JSON.stringify(selector)})].map((element) => {
  const { left, right, top, bottom } = element.getBoundingClientRect();
  return { left, right, top, bottom };
})`;

async function withPage(
  t: ExecutionContext,
  reports: readonly MemoryReport[],
  viewports: readonly Viewport[],
  look: (page: Page, viewport: Viewport, report: number) => Promise<void>,
): Promise<void> {
  if (chromium === undefined) throw new Error('no Chromium: install one, or name it by HEARKEN_CHROMIUM');
  const root = folder(t);
  const urls = reports.map((report, i) => {
    const path = join(root, `memory-${i}.html`);
    writeFileSync(path, formatReport(report, 'html'));
    return pathToFileURL(path).href;
  });
  const page = await Page.open(chromium);
  try {
    for (const [i, url] of urls.entries()) {
      for (const viewport of viewports) {
        await page.show(url, viewport);
        await look(page, viewport, i);
      }
    }
    t.deepEqual([...new Set(page.requests)], urls, 'it asks for nothing but itself');
    t.deepEqual(page.complaints, []);
  } finally {
    await page.close();
  }
}

/** All of the picture's text can be seen, and none of it lies on another. */
async function readable(t: ExecutionContext, page: Page, place: string, width: number): Promise<void> {
  const texts = (await page.ask<(Box & { text: string })[]>(
    `[...document.querySelectorAll('.chart > g > text, .plot text')].filter((text) => text.getClientRects().length > 0).map((text) => {
      const { left, right, top, bottom } = text.getBoundingClientRect();
      return { left, right, top, bottom, text: text.textContent };
    })`,
  )) as (Box & { text: string })[];
  t.true(texts.length > 5, place);
  for (const [i, a] of texts.entries()) {
    t.true(a.left >= 0 && a.right <= width, `${place}: “${a.text}” is cut off`);
    const on = texts
      .slice(i + 1)
      .find((b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3);
    t.is(on, undefined, `${place}: “${a.text}” and “${on?.text}” overlap`);
  }
}

const EVERY: readonly Viewport[] = [
  { width: 1280, height: 900 },
  { width: 360, height: 740 },
  { width: 1280, height: 900, dark: true },
  { width: 360, height: 740, dark: true },
];

browserTest('the curve, the areas and every label lie where they belong, on a desk and on a telephone', async (t) => {
  await withPage(t, [reportOf()], EVERY, async (page, { width, dark }) => {
    const place = `${width} px${dark ? ', dark' : ''}`;
    const overflow = await page.ask<number>('document.documentElement.scrollWidth - window.innerWidth');
    t.true(overflow <= 0, `${place}: ${overflow} px too wide`);

    const [plot] = await page.ask<Box[]>(boxes('.plot > svg'));
    const [curve, ...more] = await page.ask<Box[]>(boxes('.rss:not(.key)'));
    if (!plot || !curve) return t.fail('no curve');
    t.deepEqual(more, []);
    t.true(plot.right - plot.left > width * 0.6, `${place}: a plot of ${plot.right - plot.left} px`);
    const slack = 1.5; // half of the line's width, and rounding
    t.true(Math.abs(curve.left - plot.left) < slack && Math.abs(curve.right - plot.right) < slack, place);
    t.true(curve.top > plot.top && curve.bottom < plot.bottom + slack, place);
    for (const area of await page.ask<Box[]>(boxes('.area'))) {
      t.true(area.left > plot.left - slack && area.right < plot.right + slack);
      t.true(area.top > plot.top - slack && area.bottom < plot.bottom + slack);
    }

    // The scale holds: so many MB are so many pixels, for the peak of the curve and for the limit.
    const pixels = (await page.ask<number[]>(
      `[...document.querySelectorAll('.plot .tick')].map((tick) => Number(tick.textContent.replace(',', '')))`,
    )) as number[];
    const lines = await page.ask<Box[]>(boxes('.plot > line'));
    const top = Math.max(...pixels);
    const y = (megabytes: number) => plot.bottom - (megabytes / top) * (plot.bottom - plot.top);
    t.deepEqual(
      lines.map((line) => Math.round((line.top + line.bottom) / 2)),
      pixels.map((tick) => Math.round(y(tick))),
      place,
    );
    const highest = Math.max(...timelineOf(3, 0).map(({ rss }) => rss)) / MB;
    t.true(Math.abs(curve.top - y(highest)) < slack, `${place}: ${curve.top} for ${y(highest)}`);
    const [limit] = await page.ask<Box[]>(boxes('path.limit'));
    t.true(limit !== undefined && Math.abs((limit.top + limit.bottom) / 2 - y(512)) < slack, place);

    await readable(t, page, place, width);
  });
});

browserTest('the headline, the tables and the picture’s alternative say the figures', async (t) => {
  await withPage(t, [reportOf()], EVERY.slice(0, 1), async (page) => {
    const text = (await page.ask<string>('document.body.innerText')).replaceAll('\u00a0', ' ');
    for (const said of [
      'A peak of 281 MB for 2 files, 3.5 MB more after cleanup than before',
      'limit of 512 MB held, 231 MB to spare',
      'Before\n52 MB',
      'Peak\n281 MB',
      'After\n160 MB',
      'After cleanup\n56 MB\n+3.5 MB',
      'first.wav\t30:00 min\t4.0 s\t7.1 s\t50\t280\t60\t210\t2\t1',
      'Whisper models weights\t0\t44\t44\t0',
      '2026-01-02 03:04 UTC',
    ]) {
      t.true(text.includes(said), `${said}\n\n${text}`);
    }
    const { role, name, description } = await page.ask<Record<string, string>>(`(() => {
      const chart = document.querySelector('.chart');
      const [title, desc] = chart.getAttribute('aria-labelledby').split(' ').map((id) => document.getElementById(id).textContent);
      return { role: chart.getAttribute('role'), name: title, description: desc };
    })()`);
    t.deepEqual([role, name], ['img', 'Memory over time']);
    t.regex(description ?? '', /a peak of 281.MB, .* 56.MB after cleanup; the limit is 512.MB/);
    const rows = `document.querySelectorAll('details tbody tr').length`;
    t.true((await page.ask<number>(rows)) > 10);
    t.is(
      await page.ask<number>(
        `[...document.querySelectorAll('[id]')].length - new Set([...document.querySelectorAll('[id]')].map(({ id }) => id)).size`,
      ),
      0,
    );
  });
});

browserTest('light and dark: text stands out from what it stands on', async (t) => {
  const contrast = `(() => {
    const light = (color) => {
      const [r, g, b] = color.match(/[\\d.]+/g).map((part) => part / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const color = getComputedStyle(at).backgroundColor;
        if (color !== 'rgba(0, 0, 0, 0)') return color;
      }
    };
    const all = ['h1', '.lead', '.verdict', '.figure', '.since', 'td', 'th', 'summary', 'footer p', '.chart .tick', '.chart .heading', '.peak-text', '.limit-text', '.file text'];
    return all.map((selector) => {
      const element = document.querySelector(selector);
      const style = getComputedStyle(element);
      const [a, b] = [light(element.namespaceURI.endsWith('svg') ? style.fill : style.color), light(ground(element))].sort((x, y) => y - x);
      return { selector, ratio: (a + 0.05) / (b + 0.05) };
    });
  })()`;
  const grounds: string[] = [];
  const viewports = [
    ...EVERY.filter(({ width }) => width === 1280),
    { width: 800, height: 1000, dark: true, print: true },
  ];
  await withPage(t, [reportOf()], viewports, async (page, { dark, print }) => {
    for (const { selector, ratio } of await page.ask<{ selector: string; ratio: number }[]>(contrast)) {
      t.true(ratio >= 4.5, `${selector}, ${dark ? 'dark' : 'light'}${print ? ', printed' : ''}: ${ratio}`);
    }
    grounds.push(await page.ask<string>('getComputedStyle(document.body).backgroundColor'));
  });
  t.deepEqual(
    grounds,
    ['rgb(246, 247, 249)', 'rgb(18, 22, 28)', 'rgb(255, 255, 255)'],
    'on paper it is light, whatever the screen',
  );
});

browserTest('a pointer over the picture finds the figures of that moment', async (t) => {
  await withPage(t, [reportOf()], EVERY.slice(0, 1), async (page) => {
    const [plot] = await page.ask<Box[]>(boxes('.plot > svg'));
    if (!plot) return t.fail('no plot');
    const share = 0.25; // 45 s into the first job of 180 s, when two workers decode
    const [x, y] = [plot.left + (plot.right - plot.left) * share, (plot.top + plot.bottom) / 2];
    const title = await page.ask<string>(
      `document.elementFromPoint(${x}, ${y} - window.scrollY).querySelector('title').textContent`,
    );
    t.regex(
      title.replaceAll('\u00a0', ' '),
      /^1:(29|30|31) min: \d+ MB resident\nWhisper models 44 MB\nWorkers (112|56) MB\n/,
    );
  });
});

browserTest('names that are markup, long, or many; failures; nothing at all: still whole', async (t) => {
  const samples = timelineOf(3, 0);
  const error = {
    code: 'ERR_AUDIO_FORMAT',
    message: '<img src="http://127.0.0.1:9/x.png" onerror="document.title=\'run\'">',
  };
  const name = `</title></svg><script>document.title='run'</script><h1>${'long'.repeat(60)}`;
  const many = Array.from({ length: 60 }, (_, i) => ({ name: `${i}.wav`, start: i * 6, end: i * 6 + 6 }));
  const none = { weights: 0, states: 0, audio: 0, diarization: 0, total: 0 };
  const nothing = { rss: 0, native: none };
  const odd: [string, MemoryReport][] = [
    ['markup', reportOf({ files: [{ name, start: 0, end: 180, error }], notBegun: [name], end: 'interrupted', error })],
    ['many', reportOf({ files: many, samples })],
    ['passed', reportOf({ limit: 128 * MB, peak: { rss: 300 * MB, native: none } })],
    ['close', reportOf({ limit: 290 * MB })],
    ['far', reportOf({ limit: 65_536 * MB })],
    ['large', reportOf({ peak: { rss: 70_000 * MB, native: none }, limit: 0 })],
    [
      'nothing',
      reportOf({
        files: [],
        samples: [{ seconds: 0, ...nothing, limit: 0, workers: 0 }],
        before: nothing,
        peak: nothing,
        after: nothing,
        afterCleanup: nothing,
      }),
    ],
  ];
  const reports = odd.map(([, report]) => report);
  await withPage(t, reports, EVERY.slice(0, 2), async (page, { width }, i) => {
    const what = odd[i]?.[0];
    const [wide, title, scripts, h1] = await page.ask<[number, string, number, number]>(
      `[document.documentElement.scrollWidth, document.title, document.scripts.length, document.querySelectorAll('h1').length]`,
    );
    t.true(wide <= width, `${what}, ${width} px: ${wide}`);
    t.regex(title, /^Memory of \d+ files? – hearken$/);
    t.deepEqual([scripts, h1], [0, 1], what);
    await readable(t, page, `${what}, ${width} px`, width);
  });
});
