import test from 'ava';
import type { MemorySample } from '../../lib/memory.js';
import { formatReport, MemoryRecorder } from '../../lib/report/index.js';
import { slices } from '../../lib/report/slices.js';
import { amount, change, duration, escapeHtml, mb } from '../../lib/report/text.js';
import { amountTicks, timeTicks } from '../../lib/report/ticks.js';
import { Timeline } from '../../lib/report/timeline.js';
import { MOST_SAMPLES } from '../../lib/report/types.js';
import { usageOf } from '../helpers/cli-world.js';
import { reportOf, timelineOf } from '../helpers/memory-report.js';
import { RECEIPT } from '../helpers/receipt.js';

const MB = 2 ** 20;

function thinned(samples: readonly MemorySample[]): MemorySample[] {
  const timeline = new Timeline();
  for (const sample of samples) timeline.add(sample);
  return timeline.samples();
}

test('a short timeline is kept whole, a long one within bounds', (t) => {
  for (const minutes of [0.5, 5, 100]) {
    const all = timelineOf(minutes, 0);
    const kept = thinned(all);
    t.true(kept.length <= MOST_SAMPLES, `${minutes} min: ${kept.length}`);
    if (all.length <= 119) t.deepEqual(kept, all);
    else t.true(kept.length > 100);
    t.deepEqual([kept[0], kept.at(-1)], [all[0], all.at(-1)]);
    t.deepEqual(
      kept,
      [...kept].sort((a, b) => a.seconds - b.seconds),
    );
    t.is(new Set(kept).size, kept.length);
  }
});

test('wherever a peak or a fall lies, it is kept: of RSS, native memory, and workers', (t) => {
  for (let at = 0; at < 2000; at += 37) {
    const all = Array.from({ length: 2000 }, (_, seconds) => ({ ...usageOf(100), seconds, workers: 2 }));
    const [first, second, third, fourth] = [at, (at + 500) % 2000, (at + 1000) % 2000, (at + 1500) % 2000];
    all[first] = { ...usageOf(900), seconds: first, workers: 2 };
    all[second] = { ...usageOf(20), seconds: second, workers: 2 };
    all[third] = { ...usageOf(100), native: usageOf(300).native, seconds: third, workers: 2 };
    all[fourth] = { ...usageOf(100), seconds: fourth, workers: 1 };
    const kept = new Set(thinned(all));
    t.deepEqual(
      [first, second, third, fourth].filter((index) => !kept.has(all[index] as MemorySample)),
      [],
    );
  }
});

test('the recorder: the peak is the highest of samples, receipts and moments', (t) => {
  let now = 5000;
  let used = 50;
  const recorder = new MemoryRecorder(
    () => usageOf(used),
    () => now,
  );
  now += 1000;
  recorder.begin('a.wav');
  recorder.sample({ ...usageOf(300), seconds: 0.5, workers: 2 });
  now += 2000;
  recorder.finish({ receipt: { ...RECEIPT, rssPeak: 320 * MB } });
  used = 400;
  recorder.after();
  used = 60;
  now += 500;
  recorder.cleaned();
  const about = {
    hearken: '1.2.3',
    platform: 'p',
    node: 'n',
    end: 'done',
    files: ['a.wav', 'b.wav'],
    error: undefined,
  } as const;
  const report = recorder.report(about);
  t.is(report.peak.rss, 400 * MB);
  t.is(report.peak.native.diarization, RECEIPT.nativePeak.diarization);
  t.is(report.peak.native.total, RECEIPT.nativePeak.total);
  t.deepEqual(
    report.samples.map(({ seconds }) => seconds),
    [0, 1, 1.5, 3, 3, 3.5],
  );
  t.deepEqual(
    report.files.map(({ start, end }) => [start, end]),
    [[1, 3]],
  );
  t.deepEqual([report.afterCleanup.rss, report.freedBytes, report.notBegun], [60 * MB, 170 * MB, ['b.wav']]);
  t.false('error' in report);
  t.deepEqual(JSON.parse(formatReport(report, 'json')), report);
});

test('a sample that comes late does not turn the line around', (t) => {
  let now = 0;
  const recorder = new MemoryRecorder(
    () => usageOf(50),
    () => now,
  );
  recorder.begin('a.wav');
  now = 4000;
  recorder.finish({});
  recorder.sample({ ...usageOf(300), seconds: 0.5, workers: 2 });
  const { samples } = recorder.report({
    hearken: '',
    platform: '',
    node: '',
    end: 'done',
    files: [],
    error: undefined,
  });
  t.deepEqual(
    samples.map(({ seconds }) => seconds),
    [0, 0, 4, 4, 4],
  );
});

test('numbers as people read them', (t) => {
  t.deepEqual([0, 0.04, 0.06, 4.25, 9.94, 9.96, 281.4, 1234.5, 1_234_567, -3.14, -0.01].map(amount), [
    '0',
    '0',
    '0.1',
    '4.3',
    '9.9',
    '10',
    '281',
    '1,235',
    '1,234,567',
    '−3.1',
    '0',
  ]);
  t.is(mb(281.4 * MB), '281\u00a0MB');
  t.deepEqual([5 * MB, -5 * MB, 10].map(change), ['+5.0\u00a0MB', '−5.0\u00a0MB', '±0\u00a0MB']);
  t.deepEqual([0, 4.25, 59.99, 60, 185.9, 3725].map(duration), [
    '0.0 s',
    '4.3 s',
    '59 s',
    '1:00 min',
    '3:05 min',
    '1:02:05 h',
  ]);
});

test('ticks are round, few, and reach what is highest', (t) => {
  t.deepEqual(amountTicks(281), [0, 50, 100, 150, 200, 250, 300]);
  for (const highest of [0, 0.3, 1, 7, 52, 99, 100, 101, 280, 513, 4096, 70_000]) {
    const ticks = amountTicks(highest);
    t.true((ticks.at(-1) as number) >= highest, String(highest));
    t.true(ticks.length >= 2 && ticks.length <= 9, `${highest}: ${ticks}`);
  }
  const texts = (end: number) => timeTicks(end).map(({ text }) => text);
  t.deepEqual(texts(0.8), ['0', '0.1 s', '0.2 s', '0.3 s', '0.4 s', '0.5 s', '0.6 s', '0.7 s', '0.8 s']);
  t.deepEqual(texts(86), ['0', '15 s', '30 s', '45 s', '60 s', '75 s']);
  t.deepEqual(texts(130), ['0', '0:30', '1:00', '1:30', '2:00']);
  t.deepEqual(texts(1000), ['0', '5 min', '10 min', '15 min']);
  t.deepEqual(texts(9000), ['0', '0:30 h', '1:00 h', '1:30 h', '2:00 h', '2:30 h']);
  for (const end of [0.1, 1, 59, 61, 600, 7199, 86_400, 1e6]) {
    const ticks = timeTicks(end);
    t.true(ticks.length >= 2 && ticks.length <= 9, `${end}: ${ticks.length}`);
    t.true((ticks.at(-1)?.at ?? 0) <= end);
    t.is(new Set(ticks.map(({ text }) => text)).size, ticks.length, `${end} s`);
  }
});

test('slices leave no gap and lose no peak', (t) => {
  const samples = thinned(timelineOf(60, 0));
  for (const most of [1, 7, 24, 160, 1000]) {
    const all = slices(samples, most);
    t.true(all.length <= most);
    t.deepEqual(
      all.slice(1).map(({ start }) => start),
      all.slice(0, -1).map(({ end }) => end),
    );
    t.is(Math.max(...all.map(({ highest }) => highest.rss)), Math.max(...samples.map(({ rss }) => rss)));
  }
});

test('nothing of a name or message is markup', (t) => {
  const evil = `<script>alert(1)</script> & "x" 'y' \u0007\u202e`;
  t.is(escapeHtml(evil), '&#60;script&#62;alert(1)&#60;/script&#62; &#38; &#34;x&#34; &#39;y&#39; \uFFFD\uFFFD');
  const error = { code: 'ERR_<b>', message: evil };
  const page = formatReport(
    reportOf({
      files: [{ name: evil, start: 0, end: 360, error }],
      notBegun: [evil],
      error,
      node: evil,
      platform: evil,
      hearken: evil,
      started: evil,
    }),
    'html',
  );
  for (const text of ['<script', '<b>', '\u0007', '\u202e']) t.false(page.includes(text), JSON.stringify(text));
  t.false(/\bon\w+=|javascript:|https?:|@import|url\(/.test(page.replace(evil, '')), 'nothing that runs or loads');
});

test('the page of a run that did nothing is whole', (t) => {
  const nothing = { rss: 0, native: usageOf(0).native };
  const page = formatReport(
    reportOf({
      samples: [{ ...nothing, seconds: 0, limit: 0, workers: 0 }],
      files: [],
      before: nothing,
      peak: nothing,
      after: nothing,
      afterCleanup: nothing,
      limit: 0,
    }),
    'html',
  );
  t.false(/NaN|undefined|Infinity/.test(page));
});
