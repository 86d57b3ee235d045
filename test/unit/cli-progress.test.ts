import { PassThrough } from 'node:stream';
import test from 'ava';
import { ProgressLine, progressText, shortTime } from '../../lib/cli/progress.js';
import type { Progress } from '../../lib/types.js';

const HALF: Progress = { fraction: 0.4299, processed: 423, total: 1000, elapsed: 34, eta: 46.2, speed: 12.34 };

function terminal(isTTY = true, columns = 80) {
  let text = '';
  const stream = Object.assign(new PassThrough(), { isTTY, columns });
  stream.on('data', (data) => {
    text += data;
  });
  let now = 0;
  return {
    stream,
    clock: () => now,
    wait: (ms: number) => {
      now += ms;
    },
    take: async () => {
      await new Promise(setImmediate);
      const taken = text;
      text = '';
      return taken;
    },
  };
}

test('percent, place, speed and what is left', (t) => {
  t.is(progressText('talk.mp3', HALF, 80), 'talk.mp3   42%  7:03 of 16:40  12.3x  ETA 0:47');
  const unknown = { ...HALF, fraction: undefined, total: undefined, eta: undefined };
  t.is(progressText('stdin', unknown, 80), 'stdin  7:03  12.3x');
  t.is(progressText('talk.mp3', undefined, 80), 'talk.mp3  starting');
  t.is(progressText('x', { ...HALF, fraction: 1 }, 80).slice(0, 7), 'x  100%');
});

test('99.9 % is not done', (t) => {
  t.true(progressText('x', { ...HALF, fraction: 0.9999 }, 80).includes(' 99%'));
});

test('the line fits whatever the width, and the name gives way first', (t) => {
  for (let columns = 1; columns < 120; columns++) {
    t.true(progressText('a rather long name of a file.mp3', HALF, columns).length < columns || columns === 1);
    const wide = progressText('会議の録音の名前がとても長い.mp3', HALF, columns);
    t.true([...wide].reduce((n, c) => n + (c.charCodeAt(0) >= 0x2e80 ? 2 : 1), 0) <= columns, `${columns}`);
  }
  t.is(progressText('a rather long name.mp3', HALF, 50), 'a rather …   42%  7:03 of 16:40  12.3x  ETA 0:47');
});

test('short times', (t) => {
  t.deepEqual([0, 5.9, 65, 3600, 36061, -1].map(shortTime), ['0:00', '0:05', '1:05', '1:00:00', '10:01:01', '0:00']);
});

test('one line is redrawn in place, ten times a second at most, and cleared at the end', async (t) => {
  const { stream, clock, wait, take } = terminal();
  const line = new ProgressLine(stream, false, clock);
  line.begin('a.mp3');
  t.is(await take(), '\r\u001b[2Ka.mp3  starting');
  wait(50);
  line.update('a.mp3', HALF);
  t.is(await take(), '');
  wait(50);
  line.update('a.mp3', HALF);
  const drawn = await take();
  t.true(drawn.startsWith('\r\u001b[2Ka.mp3   42%'));
  t.false(drawn.includes('\n'));
  wait(200);
  line.update('a.mp3', HALF);
  t.is(await take(), '', 'the same line is not drawn again');
  line.clear();
  t.is(await take(), '\r\u001b[2K');
  line.clear();
  t.is(await take(), '');
});

test('nothing is drawn on a pipe, nor when quiet', async (t) => {
  for (const [isTTY, quiet] of [
    [false, false],
    [true, true],
  ] as const) {
    const { stream, clock, take } = terminal(isTTY);
    const line = new ProgressLine(stream, quiet, clock);
    line.begin('a.mp3');
    line.update('a.mp3', HALF);
    line.clear();
    t.is(await take(), '');
  }
});

test('a name cannot steer the terminal', (t) => {
  t.is(progressText('a\u001b[2J\n.mp3', undefined, 80), 'a\uFFFD[2J .mp3  starting');
});
