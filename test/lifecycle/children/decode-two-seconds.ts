// Decodes two seconds with the model of the first argument and prints what became of it: damaged weights are tried here.
import { HearkenError, loadWhisperModel, transcribe } from '../../../lib/index.js';
import { jfkSamples, RATE } from '../../helpers/speech.js';

const model = await loadWhisperModel(process.argv[2]);
try {
  const result = await transcribe(jfkSamples().subarray(0, 2 * RATE), { model, temperatureIncrement: 0 });
  console.log(JSON.stringify(result));
} catch (error) {
  if (!(error instanceof HearkenError) || error.code !== 'ERR_DECODE') throw error;
  console.log(`failed: ${error.message}`);
}
await model.close();
