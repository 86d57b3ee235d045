// A session in the middle of a job, for a signal. Says what its job and the native memory came to.
import { writeSync } from 'node:fs';
import { PipelineSession, resources } from '../../../lib/index.js';
import { repeatedSpeech } from '../../helpers/speech.js';

// Two sessions listen to the signal; that there are two must not keep the process alive.
const other = new PipelineSession({ maxWorkers: 1, diarize: false });
other.process(repeatedSpeech(30)).catch(() => {});
const session = new PipelineSession({ maxWorkers: 1, chunkSizeSeconds: 5 });
const say = (text: string) => writeSync(1, `${text}\n`);

const job = session.process(repeatedSpeech(30));
job.catch(async (error: { code: string; cause?: { message?: string } }) => {
  say(`${error.code}: ${error.cause?.message}`);
  await Promise.all([session.close(), other.close()]);
  say(`native bytes: ${resources.usage().native.total}`);
});
let said = false;
try {
  for await (const event of job) {
    if (event.type === 'segment' && !said) say('go');
    said ||= event.type === 'segment';
  }
} catch {
  // Told above.
}
