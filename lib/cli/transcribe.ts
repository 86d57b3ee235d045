import { Command, Option } from 'commander';
import { OUTPUT_FORMATS } from '../formats/index.js';
import type { OutputFormat, TranscribeOptions } from '../types.js';
import { type CliIO, UsageError } from './io.js';
import { number, parseLanguage, parseTime } from './parse.js';
import { runTranscribe } from './run.js';

interface Flags {
  format?: OutputFormat;
  output?: string;
  model?: string;
  language?: string;
  translate?: boolean;
  words?: boolean;
  start?: number;
  end?: number;
  chunkSize?: number;
  workers?: number;
  threads?: number;
  channel?: number;
  beamSize?: number;
  prompt?: string;
  maxSegmentLength?: number;
  skipSilence: boolean;
  diarize?: boolean;
  diarizeChannels?: boolean;
  speakers?: number;
  minSpeakers?: number;
  maxSpeakers?: number;
  offline?: boolean;
  quiet?: boolean;
}

const EXAMPLES = `
Times are seconds (300, 300.5), minutes:seconds (5:00) or h:mm:ss (1:02:03.5).

Of several files without -o, each comes under a header line with its name; JSON comes as JSON Lines, one object a
file. With -o a folder, talk.mp3 becomes talk.txt in it.

Exit codes: 0 done, 1 a file failed, 2 wrong usage, 130 interrupted (what was finished is kept).

Examples:
  hearken transcribe talk.mp3                          text on stdout, with speakers
  hearken transcribe talk.mp3 -o talk.srt              subtitles, format by extension
  hearken transcribe talk.mp3 --start 5:00 --end 15:00
  hearken transcribe *.mp3 -f json --words -o out/     out/*.json, with every word's times
  hearken transcribe talk.mp3 --speakers 2 -f rttm     who speaks when, of two people
  hearken transcribe call.wav --diarize-channels       a call recorded one side a channel
  curl -s https://example.org/talk.mp3 | hearken transcribe - -f md
`;

/** `hearken transcribe`; `done` gets the exit code. */
export function transcribeCommand(io: CliIO, done: (code: number) => void): Command {
  const command = new Command('transcribe')
    .description('Transcribe audio files to text, subtitles, JSON, Markdown or RTTM, with speakers')
    .argument('<file...>', 'audio files; - for stdin')
    .addOption(new Option('-f, --format <format>', "default: by -o's extension, or txt").choices(OUTPUT_FORMATS))
    .option('-o, --output <path>', 'a file, a folder (existing or ending in /), or - for stdout')
    .option('-m, --model <name|path>', 'a model from `hearken models list`, or a ggml file (default: tiny.en)')
    .option('-l, --language <code>', 'language spoken, or auto to detect it', parseLanguage)
    .option('--translate', 'translate into English (multilingual models)')
    .option('--words', 'every word with start, end and probability (shown by -f json)')
    .option('--start <time>', 'begin here', parseTime)
    .option('--end <time>', 'stop here', parseTime)
    .option(
      '--chunk-size <seconds>',
      'decode in pieces of about this length, 5 to 600 (default: 30)',
      number(5, 600, 'any'),
    )
    .option('--workers <n>', 'pieces decoded at once (default: the number of cores, at most 4)', number(1, 64))
    .option('--threads <n>', 'threads of each worker (default: 1)', number(1, 64))
    .option('--channel <n>', 'take one channel, counted from 0, instead of all mixed', number(0, 63))
    .option('--beam-size <n>', 'beams searched; 1 is greedy (default: 1)', number(1, 8))
    .option('--prompt <text>', 'names and spellings to expect')
    .option('--max-segment-length <n>', 'split segments longer than this many characters, at words', number(0, 10_000))
    .option('--no-skip-silence', 'decode stretches without speech too')
    .option('--diarize', 'tell who speaks (the default)')
    .option('--no-diarize', 'words only, faster')
    .option('--diarize-channels', 'each channel is a speaker: a call recorded one side a channel')
    .option('--speakers <n>', 'how many speakers there are (default: found out)', number(1, 64))
    .option('--min-speakers <n>', 'at least so many speakers', number(1, 64))
    .option('--max-speakers <n>', 'at most so many speakers (default: 20)', number(1, 64))
    .option('--offline', 'never open a connection')
    .option('-q, --quiet', 'no progress and no warnings')
    .addHelpText('after', EXAMPLES);

  return command.action(async (files: string[], flags: Flags) => {
    try {
      if (flags.end !== undefined && flags.end <= (flags.start ?? 0)) {
        throw new UsageError('--end must be after --start');
      }
      checkSpeakers(flags);
      const { format, output, quiet = false } = flags;
      done(
        await runTranscribe(
          files,
          {
            quiet,
            options: libraryOptions(flags),
            ...(format === undefined ? {} : { format }),
            ...(output === undefined ? {} : { output }),
          },
          io,
        ),
      );
    } catch (error) {
      if (error instanceof UsageError) command.error(`error: ${error.message}`);
      throw error;
    }
  });
}

/** Flags that say different things of the speakers are a mistake, and none of them is left out silently. */
function checkSpeakers({ diarize, diarizeChannels, channel, speakers, minSpeakers, maxSpeakers }: Flags): void {
  const bounded = minSpeakers !== undefined || maxSpeakers !== undefined;
  const counted = speakers !== undefined || bounded;
  if (diarize === false && (counted || diarizeChannels)) {
    throw new UsageError('--no-diarize knows no speakers: leave it out, or the other flags for speakers');
  }
  if (diarizeChannels && (counted || channel !== undefined)) {
    throw new UsageError('--diarize-channels takes every channel for one speaker: no --channel, no number of speakers');
  }
  if (speakers !== undefined && bounded) {
    throw new UsageError('--speakers is an exact number: leave out --min-speakers and --max-speakers');
  }
  if (minSpeakers !== undefined && maxSpeakers !== undefined && minSpeakers > maxSpeakers) {
    throw new UsageError('--min-speakers must not be more than --max-speakers');
  }
}

/** The library's options of the flags; what was not given is left to the library's defaults. */
export function libraryOptions(flags: Flags): TranscribeOptions {
  const given: { [K in keyof TranscribeOptions]: TranscribeOptions[K] | undefined } = {
    model: flags.model,
    language: flags.language,
    translate: flags.translate,
    // Only JSON shows them, and only when asked: a transcript of an hour has ten thousand.
    words: flags.words ?? false,
    startTime: flags.start,
    endTime: flags.end,
    chunkSizeSeconds: flags.chunkSize,
    maxWorkers: flags.workers,
    threads: flags.threads,
    channel: flags.channel,
    beamSize: flags.beamSize,
    initialPrompt: flags.prompt,
    maxSegmentLength: flags.maxSegmentLength,
    skipSilence: flags.skipSilence,
    diarize: flags.diarizeChannels ? 'channels' : flags.diarize,
    numSpeakers: flags.speakers,
    minSpeakers: flags.minSpeakers,
    maxSpeakers: flags.maxSpeakers,
    offline: flags.offline,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as TranscribeOptions;
}
