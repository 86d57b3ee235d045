import type { CoverageSpan, CoverageStatus } from '../types.js';
import { seconds } from './time.js';

interface Piece {
  begin: number; // samples
  end: number;
  status: CoverageStatus;
  reason?: string;
}

/**
 * Accounts for every sample of a range: pieces are added in order of their begin; what lies between them is silence; later
 * remarks replace what they lie on.
 */
export class Coverage {
  #pieces: Piece[] = [];
  #at: number;

  constructor(begin: number) {
    this.#at = begin;
  }

  /** Everything up to here is accounted for. */
  get position(): number {
    return this.#at;
  }

  /** Adds a stretch; a gap before it is silence. */
  add(begin: number, end: number, status: CoverageStatus, reason?: string): void {
    const from = Math.max(begin, this.#at);
    if (from > this.#at) this.#push({ begin: this.#at, end: from, status: 'silence' });
    if (end > from) this.#push({ begin: from, end, status, ...(reason === undefined ? {} : { reason }) });
  }

  /** Changes what was added: the part of [begin, end) that lies in `within`. */
  remark(begin: number, end: number, status: CoverageStatus, reason: string): void {
    const out: Piece[] = [];
    for (const piece of this.#pieces) {
      const low = Math.max(begin, piece.begin);
      const high = Math.min(end, piece.end);
      if (piece.status === 'silence' || low >= high) {
        out.push(piece);
        continue;
      }
      if (piece.begin < low) out.push({ ...piece, end: low });
      out.push({ begin: low, end: high, status, reason });
      if (high < piece.end) out.push({ ...piece, begin: high });
    }
    this.#pieces = out;
  }

  /** Closes the range at `end`: what is not accounted for yet has this status. */
  finish(end: number, status: CoverageStatus = 'silence', reason?: string): void {
    if (end > this.#at) this.#push({ begin: this.#at, end, status, ...(reason === undefined ? {} : { reason }) });
  }

  spans(): CoverageSpan[] {
    // Less than half a millisecond is nothing in a result; its neighbours still meet.
    return this.#pieces
      .map(({ begin, end, ...rest }) => ({ start: seconds(begin), end: seconds(end), ...rest }))
      .filter((span) => span.end > span.start);
  }

  #push(piece: Piece): void {
    const last = this.#pieces.at(-1);
    if (last && last.status === piece.status && last.reason === piece.reason && last.end === piece.begin)
      last.end = piece.end;
    else this.#pieces.push(piece);
    this.#at = piece.end;
  }
}
