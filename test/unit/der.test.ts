import { readFileSync } from 'node:fs';
import test from 'ava';
import type { SpeakerTurn } from '../../lib/types.js';
import { cheapestAssignment } from '../helpers/assignment.js';
import { addDerCounts, compareTurns, type DerCounts, errorRate, NO_DER_COUNTS } from '../helpers/der.js';
import { countSpeakers, parseRttm } from '../helpers/rttm.js';
import { sharedPath, sharedTest } from '../helpers/shared.js';

const turns = (list: [number, number, string][]): SpeakerTurn[] =>
  list.map(([start, end, speaker]) => ({ start, end, speaker }));

/** As pyannote.metrics 4.2.0 printed them, six digits: total, missed, false alarm, confusion. */
type Figures = [number, number, number, number];

type Context = { true(value: boolean, message: string): unknown };
const close = (t: Context, counts: DerCounts, [total, missed, falseAlarm, confusion]: Figures, title: string) => {
  for (const [name, expected] of Object.entries({ total, missed, falseAlarm, confusion })) {
    const found = counts[name as keyof DerCounts];
    t.true(Math.abs(found - expected) < 1e-6, `${title}: ${name} ${found}, not ${expected}`);
  }
};

test('each kind of error, by hand', (t) => {
  const truth = turns([
    [0, 10, 'A'],
    [10, 20, 'B'],
  ]);
  const against = (list: [number, number, string][]) => compareTurns(truth, turns(list), { duration: 30 });
  close(t, against([[0, 10, 'x'], [10, 20, 'y']]), [20, 0, 0, 0], 'other labels'); // biome-ignore format: one line each
  close(t, against([[0, 10, 'B'], [10, 20, 'A']]), [20, 0, 0, 0], 'labels the other way round'); // biome-ignore format: one line each
  close(t, against([[0, 8, 'x'], [10, 20, 'y']]), [20, 2, 0, 0], 'missed'); // biome-ignore format: one line each
  close(t, against([[0, 10, 'x'], [10, 23, 'y']]), [20, 0, 3, 0], 'false alarm'); // biome-ignore format: one line each
  close(t, against([[0, 14, 'x'], [14, 20, 'y']]), [20, 0, 0, 4], 'confusion'); // biome-ignore format: one line each
  close(t, against([[0, 20, 'x']]), [20, 0, 0, 10], 'one for two'); // biome-ignore format: one line each
  close(t, against([]), [20, 20, 0, 0], 'nothing found');
  t.is(errorRate(against([])), 1);
});

test('overlapped speech is scored for each of its speakers', (t) => {
  const truth = turns([
    [0, 10, 'A'],
    [6, 16, 'B'],
  ]);
  const one = compareTurns(truth, turns([[0, 10, 'x'], [10, 16, 'y']]), { duration: 16 }); // biome-ignore format: one line
  close(t, one, [20, 4, 0, 0], 'one of two');
  const third = compareTurns(truth, turns([[0, 10, 'x'], [6, 16, 'y'], [6, 7, 'z']]), { duration: 16 }); // biome-ignore format: one line
  close(t, third, [20, 0, 1, 0], 'a third');
  t.deepEqual(Object.fromEntries(third.mapping), { x: 'A', y: 'B' });
});

test('a margin lies on each side of the boundaries of the truth, and only of the truth', (t) => {
  const truth = turns([[5, 10, 'A']]);
  const found = turns([[4.8, 10.3, 'x']]);
  close(t, compareTurns(truth, found, { duration: 20 }), [5, 0, 0.5, 0], 'none');
  close(t, compareTurns(truth, found, { duration: 20, margin: 0.25 }), [4.5, 0, 0.05, 0], '0.25');
  close(t, compareTurns(truth, found, { duration: 20, margin: 0.3 }), [4.4, 0, 0, 0], '0.3');
});

test('only the file is scored', (t) => {
  const counts = compareTurns(turns([[-1, 4, 'A']]), turns([[0, 12, 'x']]), { duration: 10 });
  close(t, counts, [4, 0, 6, 0], 'cut at both ends');
});

test('rates of nothing', (t) => {
  t.is(errorRate(NO_DER_COUNTS), 0);
  t.is(errorRate(compareTurns([], [], { duration: 5 })), 0);
  t.is(errorRate(compareTurns([], turns([[1, 2, 'x']]), { duration: 5 })), 1);
  t.is(
    errorRate(addDerCounts({ total: 6, missed: 1, falseAlarm: 0, confusion: 1 }, { ...NO_DER_COUNTS, total: 2 })),
    0.25,
  );
});

// Made at random. The second hypothesis has one label that overlaps itself.
const RANDOM = [
  {
    truth: turns([[1.18, 1.74, 'R1'], [4.28, 7.23, 'R1'], [4.67, 6.22, 'R2'], [7.02, 7.59, 'R0'], [7.15, 11.52, 'R0'], [8.46, 12.72, 'R1'], [11.43, 15.84, 'R2'], [16.49, 19.12, 'R2']]), // biome-ignore format: data
    found: turns([[2.87, 7.68, 'H0'], [5.42, 6.06, 'H2'], [8.51, 12.24, 'H3'], [8.91, 10.57, 'H3'], [12.85, 17.49, 'H3'], [13.11, 16.21, 'H1'], [14.02, 18.37, 'H3'], [15.82, 16.76, 'H1']]), // biome-ignore format: data
    expected: { 0: [21.3, 7.0, 9.57, 5.67], 0.125: [17.03, 4.695, 8.05, 5.13], 0.25: [13.92, 3.17, 6.55, 4.68] },
  },
  {
    truth: turns([[4.01, 8.13, 'R0'], [4.52, 7.07, 'R2'], [4.75, 8.79, 'R0'], [5.63, 7.79, 'R2'], [5.9, 9.45, 'R2'], [10.83, 12.13, 'R0'], [12.31, 13.4, 'R2'], [13.9, 14.52, 'R2']]), // biome-ignore format: data
    found: turns([[1.44, 5.28, 'H1'], [5.67, 9.93, 'H1'], [7.89, 12.24, 'H1'], [12.57, 13.53, 'H2'], [14.17, 14.82, 'H1'], [15.55, 17.58, 'H0'], [15.93, 18.46, 'H1'], [17.08, 20.5, 'H1'], [5, 6, 'H1'], [5.2, 7, 'H1']]), // biome-ignore format: data
    expected: { 0: [19.43, 8.2, 13.11, 2.08], 0.125: [12.47, 5.235, 12.0, 1.145], 0.25: [7.37, 3.0, 11.12, 0.5] },
  },
] as const;

test('as pyannote.metrics has it, on random turns', (t) => {
  for (const [i, { truth, found, expected }] of RANDOM.entries()) {
    for (const [margin, figures] of Object.entries(expected)) {
      const counts = compareTurns(truth, found, { duration: 20, margin: Number(margin) });
      close(t, counts, figures as unknown as Figures, `pair ${i}, margin ${margin}`);
    }
  }
});

const FIXTURES: Record<string, { duration: number; expected: Record<number, Figures> }> = {
  ami_dev00: {
    duration: 30.0000625,
    expected: {
      0: [28.497, 2.628, 1.122, 3.033],
      0.125: [24.502, 1.35, 0.747, 2.428],
      0.25: [22.002, 0.85, 0.536, 1.928],
    },
  },
  ami_trn09: {
    duration: 30.0000625,
    expected: { 0: [44.047, 7.097, 0.124, 0], 0.125: [38.797, 5.62, 0, 0], 0.25: [33.951, 4.424, 0, 0] },
  },
  pya_sample: {
    duration: 30,
    expected: { 0: [24.35, 0.336, 0.572, 0.105], 0.125: [19.82, 0, 0.066, 0], 0.25: [16.34, 0, 0, 0] },
  },
  syn1_mono: {
    duration: 48.115,
    expected: { 0: [48.1, 1.344, 0.005, 0], 0.125: [46.6, 0.946, 0, 0], 0.25: [45.1, 0.608, 0, 0] },
  },
  syn2_clean: {
    duration: 121.239625,
    expected: { 0: [109.03, 15.967, 1.572, 0], 0.125: [100.53, 11.789, 0.168, 0], 0.25: [92.03, 8.407, 0, 0] },
  },
};

sharedTest('fixtures/diarization', "as pyannote.metrics has it, on the reference pipeline's turns", (t) => {
  const read = (folder: string, name: string) =>
    parseRttm(readFileSync(sharedPath('fixtures', 'diarization', folder, `${name}.rttm`), 'utf8'));
  for (const [name, { duration, expected }] of Object.entries(FIXTURES)) {
    for (const [margin, figures] of Object.entries(expected)) {
      const counts = compareTurns(read('ref', name), read('rttm', name), { duration, margin: Number(margin) });
      close(t, counts, figures, `${name}, margin ${margin}`);
    }
  }
});

test('RTTM is read, and a broken line is named', (t) => {
  const text =
    'SPKR-INFO f 1 <NA> <NA> <NA> unknown A <NA>\r\nSPEAKER f 1 1.5 2 <NA> <NA> A <NA> <NA>\n\nSPEAKER f 1 4 1 <NA> <NA> B <NA>';
  t.deepEqual(parseRttm(text), turns([[1.5, 3.5, 'A'], [4, 5, 'B']])); // biome-ignore format: one line
  t.is(countSpeakers(parseRttm(text)), 2);
  for (const line of ['SPEAKER f 1 x 2 <NA> <NA> A', 'SPEAKER f 1 1 -2 <NA> <NA> A', 'SPEAKER f 1 1 2']) {
    t.throws(() => parseRttm(`\n${line}`), { message: /^RTTM line 2 / }, line);
  }
});

/** The least cost by trying everything. */
function leastCost(cost: number[][], row = 0, used = 0): number {
  if (row === cost.length) return 0;
  const spare = cost.length - row > (cost[0]?.length ?? 0) - [...used.toString(2)].filter((bit) => bit === '1').length;
  let best = spare ? leastCost(cost, row + 1, used) : Number.POSITIVE_INFINITY;
  for (const [column, price] of (cost[row] as number[]).entries()) {
    if (!(used & (1 << column))) best = Math.min(best, price + leastCost(cost, row + 1, used | (1 << column)));
  }
  return best;
}

test('the assignment is the cheapest there is', (t) => {
  let seed = 12345;
  const random = () => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return seed / 0x7fffffff;
  };
  for (let round = 0; round < 200; round++) {
    const [rows, columns] = [1 + Math.floor(random() * 5), 1 + Math.floor(random() * 5)];
    const cost = Array.from({ length: rows }, () =>
      Array.from({ length: columns }, () => Math.floor(random() * 40) - 20),
    );
    const assigned = cheapestAssignment(cost);
    const columnsUsed = assigned.filter((column) => column >= 0);
    t.is(new Set(columnsUsed).size, Math.min(rows, columns), 'each column once');
    const paid = assigned.reduce((sum, column, row) => sum + (column < 0 ? 0 : (cost[row]?.[column] as number)), 0);
    // All of the smaller side is assigned.
    const transposed = Array.from({ length: columns }, (_, c) => cost.map((row) => row[c] as number));
    t.is(paid, leastCost(rows <= columns ? cost : transposed), JSON.stringify(cost));
  }
  t.deepEqual(cheapestAssignment([]), []);
  t.deepEqual(cheapestAssignment([[], []]), [-1, -1]);
});
