// Makes handles and lets go of them without close(), as far as the first argument says, and collects garbage until all native
// memory is gone, or for some seconds. Prints what is left and the warnings. Needs --expose-gc.
import { setTimeout as sleep } from 'node:timers/promises';
import { binding, type NativeChunk } from '../../../lib/binding.js';
import { cleanupResources, loadDiarizer, loadWhisperModel, transcribe } from '../../../lib/index.js';
import { modelPath, resolveVadModel } from '../../../lib/models/index.js';
import { CONVERSATION, JFK, RATE } from '../../helpers/speech.js';

const collect = (globalThis as { gc?: () => void }).gc;
const addon = binding();
const token = () => new addon.CancelToken();

// Each in a function of its own: nothing of it stays on the stack.
const CASES: Record<string, () => Promise<void>> = {
  async model() {
    await loadWhisperModel();
  },

  async diarizer() {
    await loadDiarizer();
  },

  /** What the library keeps for later of a model in use must not keep the model. */
  async used() {
    const model = await loadWhisperModel();
    const diarizer = await loadDiarizer();
    await transcribe(JFK, { model, diarizer, endTime: 2 });
    await cleanupResources();
  },

  async closed() {
    const model = await loadWhisperModel();
    await using diarizer = await loadDiarizer();
    await transcribe(JFK, { model, diarizer, endTime: 2 });
    await model.close();
  },

  /** A job that nobody waits for ends by itself. */
  async job() {
    transcribe(JFK, { endTime: 2 });
    while (addon.counters().decodes === 0) await sleep(10);
    while (addon.counters().liveJobs > 0) await sleep(10);
    await sleep(100);
    await cleanupResources();
  },

  /** What users never see, and what an error in the library itself could leave behind. */
  async native() {
    const model = await addon.loadModel((await modelPath('tiny.en')) as string, token());
    const state = await model.createState();
    const plan = { channel: -1, ffmpegPath: '', begin: 0, end: Number.POSITIVE_INFINITY, chunkSamples: 12 * RATE };
    const vadModel = await resolveVadModel();
    const planner = await addon.openPlanner({ path: CONVERSATION }, { ...plan, vadModel }, token());
    const chunk = (await planner.next(token())) as NativeChunk;
    await state.detectLanguage(chunk, 1, token());
    const bytes = new addon.ByteBuffer(1000);
    bytes.append(new Uint8Array(1000));
    const queue = new addon.ByteQueue();
    await queue.push(new Uint8Array(1000));
  },
};

function held(): string[] {
  const live = Object.entries(addon.counters()).filter(([name, count]) => name.startsWith('live') && count !== 0);
  const bytes = Object.entries(addon.memory()).flatMap(([name, kind]) =>
    typeof kind === 'object' && kind.bytes !== 0 ? [[name, kind.bytes] as const] : [],
  );
  return [...live, ...bytes].map(([name, count]) => `${name} ${count}`);
}

const warnings: string[] = [];
process.on('warning', (warning) => warnings.push(`${(warning as { code?: string }).code}: ${warning.message}`));
await CASES[process.argv[2] ?? '']?.();
const before = held();
for (let round = 0; round < 100 && held().length > 0; round++) {
  collect?.();
  await sleep(20);
}
// Time for a warning that comes late, or a second time.
for (let round = 0; round < 5; round++) {
  collect?.();
  await sleep(20);
}
console.log(JSON.stringify({ before, after: held(), warnings }));
