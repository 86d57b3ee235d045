// STM, the format of who-said-what truth: `file channel speaker start end [<labels>] words…`, in seconds.

/** A stretch of one speaker's speech with its words. */
export interface Utterance {
  speaker: string;
  start: number;
  end: number;
  text: string;
}

/** The utterances of an STM text, by start. Comments (;;) are passed over; a broken line is an error that names it. */
export function parseStm(text: string): Utterance[] {
  const utterances: Utterance[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith(';;')) continue;
    const match = /^\S+\s+\S+\s+(\S+)\s+(\S+)\s+(\S+)(?:\s+(.*))?$/.exec(line.trim());
    const [start, end] = [Number(match?.[2]), Number(match?.[3])];
    if (!match || !(end >= start))
      throw new Error(`STM line ${i + 1} is not 'file channel speaker start end words': ${line}`);
    const words = (match[4] ?? '').replace(/^<[^>]*>\s*/, '');
    utterances.push({ speaker: match[1] as string, start, end, text: words });
  }
  return utterances.sort((a, b) => a.start - b.start);
}
