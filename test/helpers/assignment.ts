// The Hungarian method (shortest augmenting paths, O(n³)): enough for the handful of speakers of a recording.

/**
 * One column for each row, no column twice, so that the sum of the costs is least. Rows without a column (there are more rows
 * than columns) get -1.
 */
export function cheapestAssignment(cost: readonly (readonly number[])[]): number[] {
  const rows = cost.length;
  const columns = cost[0]?.length ?? 0;
  if (rows > columns) {
    const transposed = Array.from({ length: columns }, (_, c) => cost.map((row) => row[c] as number));
    const assigned = new Array<number>(rows).fill(-1);
    for (const [column, row] of cheapestAssignment(transposed).entries()) assigned[row] = column;
    return assigned;
  }

  // Row 0 and column 0 are no real ones: column 0 holds the row that looks for a place.
  const rowPrice = new Float64Array(rows + 1);
  const columnPrice = new Float64Array(columns + 1);
  const rowOf = new Int32Array(columns + 1);
  for (let row = 1; row <= rows; row++) {
    const slack = new Float64Array(columns + 1).fill(Number.POSITIVE_INFINITY);
    const cameFrom = new Int32Array(columns + 1);
    const visited = new Uint8Array(columns + 1);
    rowOf[0] = row;
    let column = 0;
    do {
      visited[column] = 1;
      const from = rowOf[column] as number;
      let step = Number.POSITIVE_INFINITY;
      let next = 0;
      for (let c = 1; c <= columns; c++) {
        if (visited[c]) continue;
        const reduced = (cost[from - 1]?.[c - 1] as number) - (rowPrice[from] as number) - (columnPrice[c] as number);
        if (reduced < (slack[c] as number)) {
          slack[c] = reduced;
          cameFrom[c] = column;
        }
        if ((slack[c] as number) < step) {
          step = slack[c] as number;
          next = c;
        }
      }
      for (let c = 0; c <= columns; c++) {
        if (visited[c]) {
          const owner = rowOf[c] as number;
          rowPrice[owner] = (rowPrice[owner] as number) + step;
          columnPrice[c] = (columnPrice[c] as number) - step;
        } else slack[c] = (slack[c] as number) - step;
      }
      column = next;
    } while (rowOf[column] !== 0);
    while (column !== 0) {
      const previous = cameFrom[column] as number;
      rowOf[column] = rowOf[previous] as number;
      column = previous;
    }
  }
  const assigned = new Array<number>(rows).fill(-1);
  for (let c = 1; c <= columns; c++) if (rowOf[c] !== 0) assigned[(rowOf[c] as number) - 1] = c - 1;
  return assigned;
}
