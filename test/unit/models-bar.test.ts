import test from 'ava';
import { DownloadBar, downloadText } from '../../lib/cli/download-bar.js';

const at = (done: number, phase: 'download' | 'wait' | 'verify' = 'download') => ({
  name: 'base',
  phase,
  done,
  total: 148_000_000,
  resumedAt: 0,
});

test('percent, megabytes, speed and time to go', (t) => {
  t.is(
    downloadText(at(37_000_000), 3_700_000, 120),
    `base  ${'█'.repeat(6)}${'░'.repeat(18)}  25%  37.0 MB of 148.0 MB  3.7 MB/s  0:30 left`,
  );
  t.regex(downloadText(at(0), undefined, 120), / {2}0% {2}0\.0 MB of 148\.0 MB$/);
  t.regex(downloadText(at(148_000_000), 1, 120), /100%/);
  t.regex(downloadText(at(1, 'wait'), 1, 120), /another process/);
});

test('a line never reaches the edge of the terminal', (t) => {
  for (let columns = 1; columns < 130; columns++)
    t.true(downloadText(at(37_000_000), 3_700_000, columns).length < columns);
});

test('draws on a terminal only, and clears its line', (t) => {
  const draw = (isTTY: boolean) => {
    const out: string[] = [];
    const bar = new DownloadBar({
      isTTY,
      columns: 100,
      write: (s: string) => out.push(s),
    } as unknown as NodeJS.WriteStream);
    for (let ms = 0; ms <= 1_000; ms += 10) bar.update(at(ms * 10_000), 1_000_000 + ms);
    bar.clear();
    return out;
  };
  t.deepEqual(draw(false), []);
  const lines = draw(true);
  t.true(lines.length > 5 && lines.length < 15, `${lines.length} lines`);
  t.is(lines.at(-1), '\r\u001b[2K');
  t.regex(lines.at(-2) ?? '', /10\.0 MB\/s/);
});
