import type { Command } from 'commander';
import type { SpeakerOptions } from '../types.js';
import { type CacheFlags, MOST_MEGABYTES } from './cache-flags.js';
import { UsageError } from './io.js';
import { number, parseTime, parseVoice, type VoiceClip } from './parse.js';

// Flags that transcribe and diarize have in common.

export interface CommonFlags extends CacheFlags {
  output?: string;
  start?: number;
  end?: number;
  threads?: number;
  channel?: number;
  quiet?: boolean;
  memoryLimit?: number;
  receipt?: boolean;
  memoryReport?: string;
}

export interface SpeakerFlags {
  speakers?: number;
  minSpeakers?: number;
  maxSpeakers?: number;
  voice?: VoiceClip[];
  voiceThreshold?: number;
}

export const outputOption = (command: Command): Command =>
  command.option('-o, --output <path>', 'a file, a folder (existing or ending in /), or - for stdout');

export const rangeOptions = (command: Command): Command =>
  command.option('--start <time>', 'begin here', parseTime).option('--end <time>', 'stop here', parseTime);

export const channelOption = (command: Command): Command =>
  command.option('--channel <n>', 'take one channel, counted from 0, instead of all mixed', number(0, 63));

export const speakerOptions = (command: Command): Command =>
  command
    .option('--speakers <n>', 'how many speakers there are (default: found out)', number(1, 64))
    .option('--min-speakers <n>', 'at least so many speakers', number(1, 64))
    .option('--max-speakers <n>', 'at most so many speakers (default: 20)', number(1, 64))
    .option('--voice <name=clip>', 'who sounds like the clip, of one person, has this name (repeatable)', parseVoice)
    .option(
      '--voice-threshold <n>',
      'how alike a voice and its clip must be: a cosine, -1 to 1 (default: 0.5)',
      number(-1, 1, 'any'),
    );

export const memoryOptions = (command: Command): Command =>
  command
    .option('--memory-limit <MB>', 'most memory for the whole process; 0: none', number(0, MOST_MEGABYTES))
    .option('--memory-report <file>', 'what the run took of memory, as .html (a picture) or .json')
    .option('--receipt', 'what each file took of memory and time, in its JSON');

export const MEMORY = `HEARKEN_MEMORY_LIMIT is a limit for all commands. Files that can't be done within the limit are refused before memory is
taken; fewer workers need less.`;

export const TIMES = 'Times are seconds (300, 300.5), minutes:seconds (5:00) or h:mm:ss (1:02:03.5).';

export function checkRange({ start = 0, end }: CommonFlags): void {
  if (end !== undefined && end <= start) throw new UsageError('--end must be after --start');
}

/** A flag that says anything of the speakers, besides those that take channels for them. */
export const tellsOfSpeakers = (flags: SpeakerFlags): boolean =>
  counts(flags) || flags.voice !== undefined || flags.voiceThreshold !== undefined;

/** How many there are, exactly or about. */
const counts = ({ speakers, minSpeakers, maxSpeakers }: SpeakerFlags): boolean =>
  speakers !== undefined || minSpeakers !== undefined || maxSpeakers !== undefined;

/** Flags that say different things of the speakers are a mistake. `byChannel`: the flag that takes channels for them, if given. */
export function checkSpeakers(flags: CommonFlags & SpeakerFlags, byChannel: string | undefined): void {
  const { channel, speakers, minSpeakers, maxSpeakers, voice, voiceThreshold } = flags;
  if (byChannel !== undefined && (counts(flags) || channel !== undefined)) {
    throw new UsageError(`${byChannel} takes every channel for one speaker: no --channel, no number of speakers`);
  }
  if (speakers !== undefined && (minSpeakers !== undefined || maxSpeakers !== undefined)) {
    throw new UsageError('--speakers is an exact number: leave out --min-speakers and --max-speakers');
  }
  if (minSpeakers !== undefined && maxSpeakers !== undefined && minSpeakers > maxSpeakers) {
    throw new UsageError('--min-speakers must not be more than --max-speakers');
  }
  if (voiceThreshold !== undefined && voice === undefined) {
    throw new UsageError('--voice-threshold says how alike a --voice must be: give one, or leave it out');
  }
}

/** The library's options of the flags. */
export function librarySpeakers(flags: SpeakerFlags): { [K in keyof SpeakerOptions]: SpeakerOptions[K] | undefined } {
  const { speakers, minSpeakers, maxSpeakers, voiceThreshold } = flags;
  return { numSpeakers: speakers, minSpeakers, maxSpeakers, voiceThreshold };
}

/** Only what was given: the rest is left to the library's defaults. */
export function given<T extends object>(values: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}
