// Does a figure grow? Least squares over samples that are taken one after another.

/**
 * The line through `values` at 0, 1, 2, …: what it rises by from one to the next, and the standard error of that. Resident
 * memory goes up and down in steps that last for many samples, so that neighbours are no independent measurements: the line is
 * laid through the means of at most `blocks` stretches, and the error is that of these.
 */
export function slope(values, blocks = 30) {
  const size = Math.max(1, Math.floor(values.length / blocks));
  const points = [];
  for (let from = 0; from + size <= values.length; from += size) {
    points.push([from + (size - 1) / 2, mean(values.slice(from, from + size))]);
  }
  if (points.length < 3) return { slope: 0, error: Number.POSITIVE_INFINITY };
  const middle = mean(points.map(([x]) => x));
  const level = mean(points.map(([, y]) => y));
  const spread = sum(points.map(([x]) => (x - middle) ** 2));
  const rise = sum(points.map(([x, y]) => (x - middle) * (y - level))) / spread;
  const left = sum(points.map(([x, y]) => (y - level - rise * (x - middle)) ** 2));
  return { slope: rise, error: Math.sqrt(left / (points.length - 2) / spread) };
}

const sum = (numbers) => numbers.reduce((all, each) => all + each, 0);
const mean = (numbers) => sum(numbers) / numbers.length;
