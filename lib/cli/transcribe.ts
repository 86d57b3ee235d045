import { Command, Option } from 'commander';
import { OUTPUT_FORMATS } from '../formats/index.js';
import type { OutputFormat, TranscribeOptions } from '../types.js';
import { CACHE, cacheOptions, checkCache, libraryCache } from './cache-flags.js';
import {
  type CommonFlags,
  channelOption,
  checkRange,
  checkSpeakers,
  given,
  librarySpeakers,
  MEMORY,
  memoryOptions,
  outputOption,
  rangeOptions,
  type SpeakerFlags,
  speakerOptions,
  TIMES,
  tellsOfSpeakers,
} from './flags.js';
import { type CliIO, UsageError } from './io.js';
import { planMemory } from './memory.js';
import { number, parseLanguage } from './parse.js';
import { answering, planFiles, runFiles } from './run.js';
import { TranscribeTask } from './transcribe-task.js';

interface Flags extends CommonFlags, SpeakerFlags {
  format?: OutputFormat;
  model?: string;
  language?: string;
  translate?: boolean;
  words?: boolean;
  chunkSize?: number;
  workers?: number;
  beamSize?: number;
  prompt?: string;
  maxSegmentLength?: number;
  skipSilence: boolean;
  diarize?: boolean;
  diarizeChannels?: boolean;
  offline?: boolean;
}

const EXAMPLES = `
${TIMES}

RTTM says who speaks when and has no words in it: hearken diarize writes it too, and faster, as it decodes none.

Of several files without -o, each comes under a header line with its name; JSON comes as JSON Lines, one object a
file. With -o a folder, talk.mp3 becomes talk.txt in it.

${CACHE}

${MEMORY}

Exit codes: 0 done, 1 a file failed, 2 wrong usage, 130 interrupted (what was finished is kept).

Examples:
  hearken transcribe talk.mp3                          text on stdout, with speakers
  hearken transcribe talk.mp3 -o talk.srt              subtitles, format by extension
  hearken transcribe talk.mp3 --start 5:00 --end 15:00
  hearken transcribe *.mp3 -f json --words -o out/     out/*.json, with every word's times
  hearken transcribe talk.mp3 --speakers 2             of two people
  hearken transcribe talk.mp3 --voice Ada=ada.wav      Ada by name, known from a clip of her voice
  hearken transcribe call.wav --diarize-channels       a call recorded one side a channel
  hearken transcribe talk.mp3 --memory-limit 256 --memory-report memory.html
  curl -s https://example.org/talk.mp3 | hearken transcribe - -f md
`;

/** `hearken transcribe`; `done` gets the exit code. */
export function transcribeCommand(io: CliIO, done: (code: number) => void): Command {
  const command = new Command('transcribe')
    .description('Transcribe audio files to text, subtitles, JSON, Markdown or RTTM, with speakers')
    .argument('<file...>', 'audio files; - for stdin')
    .addOption(new Option('-f, --format <format>', "default: by -o's extension, or txt").choices(OUTPUT_FORMATS));
  outputOption(command)
    .option('-m, --model <name|path>', 'a model from `hearken models list`, or a ggml file (default: tiny.en)')
    .option('-l, --language <code>', 'language spoken, or auto to detect it', parseLanguage)
    .option('--translate', 'translate into English (multilingual models)')
    .option('--words', 'every word with start, end and probability (shown by -f json)');
  rangeOptions(command)
    .option(
      '--chunk-size <seconds>',
      'decode in pieces of about this length, 5 to 600 (default: 30)',
      number(5, 600, 'any'),
    )
    .option('--workers <n>', 'pieces decoded at once (default: the number of cores, at most 4)', number(1, 64))
    .option('--threads <n>', 'threads of each worker (default: 1)', number(1, 64));
  channelOption(command)
    .option('--beam-size <n>', 'beams searched; 1 is greedy (default: 1)', number(1, 8))
    .option('--prompt <text>', 'names and spellings to expect')
    .option('--max-segment-length <n>', 'split segments longer than this many characters, at words', number(0, 10_000))
    .option('--no-skip-silence', 'decode stretches without speech too')
    .option('--diarize', 'tell who speaks (the default)')
    .option('--no-diarize', 'words only, faster')
    .option('--diarize-channels', 'each channel is a speaker: a call recorded one side a channel');
  speakerOptions(command);
  cacheOptions(command);
  memoryOptions(command)
    .option('--offline', 'never open a connection')
    .option('-q, --quiet', 'no progress and no warnings')
    .addHelpText('after', EXAMPLES);

  return command.action((files: string[], flags: Flags) =>
    answering(command, done, async () => {
      checkRange(flags);
      checkDiarize(flags);
      checkCache(flags);
      const plan = planFiles(files, flags, { known: OUTPUT_FORMATS, usual: 'txt' }, io);
      if (plan.format === 'rttm' && flags.diarize === false) {
        throw new UsageError('RTTM lists who speaks when: leave --no-diarize out, or choose another format');
      }
      if (flags.words && plan.format !== 'json' && !flags.quiet) {
        io.stderr.write(
          `hearken: --words shows in -f json only; ${plan.format} has no place for them (one word a cue: --max-segment-length 1)\n`,
        );
      }
      const task = new TranscribeTask(libraryOptions(flags), flags.voice);
      return await runFiles(files, plan, planMemory(files, flags, plan), task, flags, io);
    }),
  );
}

/** Flags that say different things of the speakers are a mistake, and none of them is left out silently. */
function checkDiarize(flags: Flags): void {
  if (flags.diarize === false && (tellsOfSpeakers(flags) || flags.diarizeChannels)) {
    throw new UsageError('--no-diarize knows no speakers: leave it out, or the other flags for speakers');
  }
  checkSpeakers(flags, flags.diarizeChannels ? '--diarize-channels' : undefined);
}

/** The library's options of the flags. */
function libraryOptions(flags: Flags): TranscribeOptions {
  return given<TranscribeOptions>({
    ...librarySpeakers(flags),
    ...libraryCache(flags),
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
    offline: flags.offline,
  });
}
