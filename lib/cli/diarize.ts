import { Command, Option } from 'commander';
import { DIARIZATION_FORMATS } from '../formats/index.js';
import type { DiarizationFormat, DiarizeOptions } from '../types.js';
import { CACHE, cacheOptions, checkCache, libraryCache } from './cache-flags.js';
import { DiarizeTask } from './diarize-task.js';
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
} from './flags.js';
import type { CliIO } from './io.js';
import { planMemory } from './memory.js';
import { number } from './parse.js';
import { answering, planFiles, runFiles } from './run.js';

interface Flags extends CommonFlags, SpeakerFlags {
  format?: DiarizationFormat;
  channels?: boolean;
}

const EXAMPLES = `
RTTM has a line for each turn: the recording's name, where the turn begins, how long it is, who speaks. JSON has the
duration, the speakers with their voices, the turns, which overlap where people speak at once, and exclusiveTurns, one
speaker at a time.

${TIMES}

Of several files without -o, RTTM comes as one, as every line names its recording; JSON comes as JSON Lines, one object
a file. With -o a folder, talk.mp3 becomes talk.rttm in it.

${CACHE}

${MEMORY}

Exit codes: 0 done, 1 a file failed, 2 wrong usage, 130 interrupted (files that were finished are kept).

Examples:
  hearken diarize meeting.mp3                          RTTM on stdout
  hearken diarize meeting.mp3 --speakers 4 -o meeting.json
  hearken diarize *.wav -o out/                        out/*.rttm
  hearken diarize call.wav --channels                  one side of a call a channel
  hearken diarize talk.mp3 --voice Ada=ada.wav --voice Bob=bob.wav
  curl -s https://example.org/talk.mp3 | hearken diarize - -f json
`;

/** `hearken diarize`; `done` gets the exit code. */
export function diarizeCommand(io: CliIO, done: (code: number) => void): Command {
  const command = new Command('diarize')
    .description('Tell who speaks when in audio files, without a transcript, as RTTM or JSON')
    .argument('<file...>', 'audio files; - for stdin')
    .addOption(new Option('-f, --format <format>', "default: by -o's extension, or rttm").choices(DIARIZATION_FORMATS));
  outputOption(command);
  rangeOptions(command);
  speakerOptions(command).option('--channels', 'each channel is a speaker: a call recorded one side a channel');
  channelOption(command).option('--threads <n>', 'threads (default: the number of cores, at most 4)', number(1, 64));
  cacheOptions(command);
  memoryOptions(command).option('-q, --quiet', 'no progress').addHelpText('after', EXAMPLES);

  return command.action((files: string[], flags: Flags) =>
    answering(command, done, async () => {
      checkRange(flags);
      checkSpeakers(flags, flags.channels ? '--channels' : undefined);
      checkCache(flags);
      const formats = { known: DIARIZATION_FORMATS, usual: 'rttm' } as const;
      const plan = planFiles(files, flags, formats, io);
      const task = new DiarizeTask(libraryOptions(flags), flags.voice);
      return await runFiles(files, plan, planMemory(files, flags, plan), task, flags, io);
    }),
  );
}

function libraryOptions(flags: Flags): DiarizeOptions {
  return given<DiarizeOptions>({
    ...librarySpeakers(flags),
    ...libraryCache(flags),
    startTime: flags.start,
    endTime: flags.end,
    threads: flags.threads,
    channel: flags.channel,
    channels: flags.channels,
  });
}
