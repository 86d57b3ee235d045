import test from 'ava';
import { Coverage } from '../../lib/pipeline/coverage.js';
import type { CoverageSpan } from '../../lib/types.js';
import { random } from '../helpers/speech.js';

const S = 16_000;
const brief = (spans: CoverageSpan[]) => spans.map(({ start, end, status }) => `${start}-${end} ${status}`);

test('gaps are silence, neighbours of one kind are one span', (t) => {
  const coverage = new Coverage(0);
  coverage.add(1 * S, 2 * S, 'decoded');
  coverage.add(2 * S, 3 * S, 'decoded');
  coverage.add(5 * S, 6 * S, 'decoded');
  t.is(coverage.position, 6 * S);
  coverage.finish(7 * S);
  t.deepEqual(brief(coverage.spans()), ['0-1 silence', '1-3 decoded', '3-5 silence', '5-6 decoded', '6-7 silence']);
});

test('a range that does not begin at 0; a rest that was aborted; what overlaps counts once', (t) => {
  const coverage = new Coverage(10 * S);
  coverage.add(10 * S, 12 * S, 'decoded');
  coverage.add(11 * S, 13 * S, 'decoded');
  coverage.add(11 * S, 12 * S, 'failed', 'too late');
  coverage.finish(20 * S, 'aborted');
  coverage.finish(15 * S, 'silence');
  t.deepEqual(brief(coverage.spans()), ['10-13 decoded', '13-20 aborted']);
});

test('remarks replace what they lie on, but not silence', (t) => {
  const coverage = new Coverage(0);
  coverage.add(0, 10 * S, 'decoded');
  coverage.add(12 * S, 14 * S, 'decoded');
  coverage.remark(2 * S, 4 * S, 'suppressed', 'a loop');
  coverage.remark(9 * S, 13 * S, 'failed', 'no text');
  coverage.remark(20 * S, 30 * S, 'failed', 'nowhere');
  t.deepEqual(brief(coverage.spans()), [
    '0-2 decoded',
    '2-4 suppressed',
    '4-9 decoded',
    '9-10 failed',
    '10-12 silence',
    '12-13 failed',
    '13-14 decoded',
  ]);
  t.is(coverage.spans()[1]?.reason, 'a loop');
  t.false('reason' in (coverage.spans()[0] as CoverageSpan));
});

test('nothing at all, and less than a millisecond', (t) => {
  t.deepEqual(new Coverage(0).spans(), []);
  const coverage = new Coverage(0);
  coverage.add(3, S, 'decoded');
  coverage.finish(S + 5);
  t.deepEqual(brief(coverage.spans()), ['0-1 decoded']);
});

test('whatever is added, the spans tile the range', (t) => {
  const next = random(4);
  for (let round = 0; round < 200; round++) {
    const begin = Math.floor(next() * S);
    const coverage = new Coverage(begin);
    let at = begin;
    for (let i = 0; i < 8; i++) {
      const from = at + Math.floor((next() - 0.2) * S * 3);
      const to = from + Math.floor(next() * S * 2);
      coverage.add(from, to, next() < 0.8 ? 'decoded' : 'failed', next() < 0.5 ? undefined : 'why');
      const low = from + Math.floor(next() * S);
      coverage.remark(low, low + Math.floor(next() * S), 'suppressed', 'remark');
      at = Math.max(at, to);
    }
    coverage.finish(at + S);
    const spans = coverage.spans();
    t.is(spans[0]?.start, Math.round((begin * 1000) / S) / 1000);
    t.is(spans.at(-1)?.end, Math.round(((at + S) * 1000) / S) / 1000);
    spans.reduce((before, span) => {
      t.is(span.start, before.end);
      t.true(span.end > span.start);
      return span;
    });
  }
});
