import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { HearkenError } from '../../lib/index.js';
import { resolveOptions } from '../../lib/pipeline/options.js';
import { resolveDiarizeOptions } from '../../lib/pipeline/speaker-options.js';
import type { DiarizeOptions, TranscribeOptions } from '../../lib/types.js';
import { REPO } from '../helpers/shared.js';

const run = promisify(execFile);

test('docs/api is what the docstrings say, and nothing public is without one', async (t) => {
  const { stdout } = await run(process.execPath, [join(REPO, 'tools', 'api', 'generate.mjs'), '--check'], {
    cwd: REPO,
    timeout: 120_000,
  });
  t.regex(stdout, /docs\/api is what/);
});

interface Row {
  name: string;
  type: string;
  said: string;
}

/** The properties of an interface, as its page lists them. */
function rows(page: string, name: string): Row[] {
  const text = readFileSync(join(REPO, 'docs', 'api', page), 'utf8');
  const section = text.split(/^### /m).find((part) => part.startsWith(`${name}\n`)) ?? '';
  return [...section.matchAll(/^\| <a id[^>]*><\/a> `(\w+)\??` \| (.*?) \| (.*) \|$/gm)].map(
    ([, name, type, said]) => ({
      name: name as string,
      type: type as string,
      said: said as string,
    }),
  );
}

const refused = (work: () => unknown): boolean => {
  try {
    work();
    return false;
  } catch (error) {
    if (error instanceof HearkenError && error.code === 'ERR_INVALID_ARG') return true;
    throw error;
  }
};

/** Options whose bounds are not two numbers: they depend on the audio, or are tested where they are read. */
const UNBOUNDED = ['startTime', 'endTime', 'cacheLimitMB'];

/** What another option has to be for this one to be allowed. */
const WITH: Record<string, object> = { voiceThreshold: { voices: {} } };

function bounds(t: import('ava').ExecutionContext, page: string, name: string, resolve: (options: object) => unknown) {
  const numbers = rows(page, name).filter(({ type, name }) => type === '`number`' && !UNBOUNDED.includes(name));
  t.true(numbers.length > 3);
  for (const { name: option, said } of numbers) {
    const range = /([−\d.]+) to (\d+)/.exec(said);
    if (!range) {
      t.fail(`${name}.${option} does not say its range`);
      continue;
    }
    const [low, high] = [range[1], range[2]].map((bound) => Number((bound as string).replace('−', '-'))) as [
      number,
      number,
    ];
    const given = (value: number) => ({ ...WITH[option], [option]: value });
    t.notThrows(() => resolve(given(low)), `${option}: ${low}`);
    t.notThrows(() => resolve(given(high)), `${option}: ${high}`);
    t.true(
      refused(() => resolve(given(high + 1))),
      `${option}: ${high + 1}`,
    );
    const below = option === 'temperatureIncrement' ? low / 2 : low - 1;
    t.true(
      refused(() => resolve(given(below))),
      `${option}: ${below}`,
    );
  }
}

test('the ranges of options that the reference states are those that are enforced', (t) => {
  bounds(t, 'transcribing.md', 'TranscribeOptions', (options) => resolveOptions(options as TranscribeOptions));
  bounds(t, 'speakers.md', 'DiarizeOptions', (options) => resolveDiarizeOptions(options as DiarizeOptions));
});

test('the defaults of numbers and flags that the reference states are those that are taken', (t) => {
  const job = resolveOptions({});
  const taken: Record<string, unknown> = { ...job, ...job.decode, ...job.speakers, chunkSizeSeconds: job.chunkSeconds };
  const stated = rows('transcribing.md', 'TranscribeOptions').flatMap(({ name, said }) => {
    const value = /Default (true|false|[\d.]*\d)\b/.exec(said)?.[1];
    return value !== undefined && taken[name] !== undefined ? [[name, value] as const] : [];
  });
  t.true(stated.length > 12, `${stated.length}`);
  // Bounds of the number of speakers are the engine's to fill in: 0 there is "not given".
  const bySpeakers = ['minSpeakers', 'maxSpeakers'];
  for (const [name, value] of stated) if (!bySpeakers.includes(name)) t.is(String(taken[name]), value, name);
});
