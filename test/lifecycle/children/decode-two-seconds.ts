// Decodes two seconds with the model of the first argument and prints what became of it: damaged weights are tried here.
import { loadWhisperModel, transcribe } from '../../../lib/index.js';
import { jfkSamples, RATE } from '../../helpers/speech.js';

const model = await loadWhisperModel(process.argv[2]);
const result = await transcribe(jfkSamples().subarray(0, 2 * RATE), { model, temperatureIncrement: 0 });
await model.close();
const failed = result.coverage.find((span) => span.status === 'failed');
console.log(failed ? `failed: ${failed.reason}` : JSON.stringify(result));
