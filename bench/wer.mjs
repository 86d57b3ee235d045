// Word error rates over the shared recordings: English with the default model, the other languages with a multilingual one.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { whisperCli } from './build-whisper-cli.mjs';
import { DEFAULT_MODEL, options, provenance, ROOT, sharedData, workFolder } from './lib/common.mjs';
import { runWhisperCli } from './lib/peer.mjs';
import { multilingualModel, scoreRecordings, WITHOUT_MULTILINGUAL, werSections } from './lib/wer-tables.mjs';

const opts = options('npm run bench -- wer [options]', {
  base: { type: 'string', help: 'a multilingual model (ggml-base.bin) for the other languages' },
  model: { type: 'string', help: 'another model for English, by name or path' },
  detect: { type: 'boolean', default: false, help: 'let the multilingual model detect the language' },
  peer: { type: 'boolean', default: false, help: "whisper-cli's rate with the same weights as well (greedy, -mc 0)" },
  list: { type: 'boolean', default: false, help: 'print the texts of every recording with errors' },
  only: { type: 'string', help: 'only recordings whose name begins with this' },
  write: { type: 'boolean', default: false, help: 'write docs/wer.md' },
});
const { sharedPath, manifest } = await sharedData();
const multilingual = multilingualModel(opts.base);
const entries = manifest('asr').filter(
  (entry) => entry.text !== null && (!opts.only || entry.id.startsWith(opts.only)),
);
const language = (entry) => (entry.language === 'en' ? 'en' : opts.detect ? 'auto' : entry.language);

async function peerText(entry, file) {
  const model = entry.language === 'en' ? (opts.model ?? DEFAULT_MODEL) : multilingual;
  const settings = ['-t', '2', '-bs', '1'];
  const folder = workFolder('wer');
  return (await runWhisperCli(whisperCli().cli, { model, file, settings, folder, language: language(entry) })).text;
}

const started = performance.now();
const scored = await scoreRecordings(entries, {
  model: opts.model,
  multilingual,
  language,
  sharedPath,
  list: opts.list,
  peer: opts.peer ? peerText : undefined,
});
const wall = (performance.now() - started) / 1000;
if (!multilingual) console.error(WITHOUT_MULTILINGUAL);

const text = `${[
  '# Word error rates',
  '',
  ...provenance()
    .split('\n')
    .map((line) => `- ${line}`),
  `- ${scored.length} recordings in ${wall.toFixed(0)} s, one after the other${opts.peer ? ', whisper-cli included' : ''}`,
  '- one normaliser for reference and result: `test/helpers/wer.ts`',
  '',
  ...werSections(scored, { detected: opts.detect }),
].join('\n')}\n`;
console.log(text);
if (opts.write) {
  writeFileSync(join(ROOT, 'docs', 'wer.md'), text);
  console.error('written: docs/wer.md');
}
