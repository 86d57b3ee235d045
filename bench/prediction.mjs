// What the header of a model file predicts, beside what the ledger says once the model is loaded and has decoded: for
// files of zeros in the shapes of the published models. --models and --types choose some of them (comma-separated).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PUBLISHED, WEIGHT_TYPES, writeModel } from '../dist/test/helpers/model-shape.js';
import { compareModel, errorOf } from '../dist/test/helpers/prediction.js';
import { ROOT } from './lib/common.mjs';

const { values } = parseArgs({
  options: {
    models: { type: 'string', default: Object.keys(PUBLISHED).join() },
    types: { type: 'string', default: 'f16,q8_0,q5_1,q4_0' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log('npm run bench -- prediction [--models tiny,base,…] [--types f16,q8_0,…]   (needs npm run build)');
  process.exit(0);
}

const MB = 1e6;
const cell = ({ predicted, ledger }) => `${(predicted / MB).toFixed(2)} / ${(ledger / MB).toFixed(2)}`;
const percent = (compared) => `${(100 * errorOf(compared)).toFixed(3)} %`;

console.log('Predicted / ledger, in MB of 1,000,000 bytes; the error is the worst of the row.\n');
console.log('| model | type | weights | worker | worker, beamSize 5 | worker, bestOf 5 | error |');
console.log('| --- | --- | ---: | ---: | ---: | ---: | ---: |');
const folder = mkdtempSync(join(tmpdir(), 'hearken-prediction-'));
try {
  for (const name of values.models.split(',')) {
    for (const type of values.types.split(',')) {
      const shape = PUBLISHED[name];
      const weights = WEIGHT_TYPES[type];
      if (!shape || !weights) throw new Error(`there is no ${shape ? type : name}`);
      if (shape.state % weights.block !== 0) continue;
      const path = join(folder, 'model.bin');
      writeModel(path, shape, type);
      const found = await compareModel(path, join(ROOT, 'examples', 'conversation.wav'));
      const all = [found.weights, found.state, found.beam, found.sampled];
      const worst = all.reduce((a, b) => (Math.abs(errorOf(b)) > Math.abs(errorOf(a)) ? b : a));
      console.log(`| ${name} | ${type} | ${all.map(cell).join(' | ')} | ${percent(worst)} |`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
