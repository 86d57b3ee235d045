// A process in one stage of life that ends in some way. Arguments: the stage, how it ends, and how many milliseconds after it has
// reached the stage. It writes `go` at the moment when it begins to end, or may be killed.
import { diarize, loadDiarizer, loadWhisperModel, transcribe, transcribeChunked } from '../../../lib/index.js';
import { CONVERSATION, JFK } from '../../helpers/speech.js';
import { enter } from './stages.js';

const [stage = '', how = '', delay = '0'] = process.argv.slice(2);
const go = () => process.stdout.write('go\n');
const exit = () => {
  go();
  process.exit(7);
};

function end(): void {
  switch (how) {
    case 'exit':
      exit();
      break;
    case 'throw':
      go();
      throw new Error('uncaught on purpose');
    case 'reject':
      go();
      void Promise.reject(new Error('unhandled on purpose'));
      return;
    case 'handler':
      // Whichever signal comes: a handler that exits.
      process.once('SIGTERM', () => process.exit(7));
      process.once('SIGINT', () => process.exit(7));
      go();
      return;
    case 'signal':
      go();
      return;
    default:
      throw new Error(`no such end: ${how}`);
  }
}

/** The process exits inside a function that the library calls. */
const CALLBACKS: Record<string, () => Promise<unknown>> = {
  progress: () => transcribe(JFK, { onProgress: exit }),
  segment: async () => {
    for await (const event of transcribeChunked(JFK, { maxWorkers: 2 })) if (event.type === 'segment') exit();
  },
  turn: async () => {
    for await (const event of diarize(CONVERSATION)) if (event.type === 'turn') exit();
  },
  done: async () => {
    for await (const event of transcribeChunked(JFK, { endTime: 3 })) if (event.type === 'done') exit();
  },
  abort: async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 400);
    controller.signal.addEventListener('abort', exit);
    await transcribe(CONVERSATION, { signal: controller.signal });
  },
  result: async () => {
    await transcribe(JFK, { endTime: 2 });
    exit();
  },
};

if (how === 'callback') {
  await CALLBACKS[stage]?.();
} else if (how === 'natural') {
  // Handles that nobody closes, and a job that is done: nothing keeps the process alive.
  const model = await loadWhisperModel();
  const diarizer = await loadDiarizer();
  await transcribe(JFK, { endTime: 2, model, diarizer });
  process.once('exit', () => [model, diarizer]);
  go();
} else {
  await enter(stage, () => setTimeout(end, Number(delay)));
}
