// The ways in which a runtime comes to the installed package: modules of both kinds, a worker thread, the command line.
import { join } from 'node:path';
import { run } from './process.mjs';
import { checkTranscript, SAMPLE } from './transcripts.mjs';

/** Node before 22.13 says so of the require() of an ES module; before 20.19 it can't do it. */
const REQUIRE_WARNING = /^\(node:\d+\) ExperimentalWarning: .*\n\(Use `node --trace-warnings .*\n/gm;

function ended(command, args, options) {
  const result = run(command, args, options);
  const said = result.err.replace(REQUIRE_WARNING, '').trim();
  if (result.code !== 0 || said !== '')
    throw new Error(
      `exit code ${result.code ?? result.signal}${said === '' ? '' : `, stderr: ${said.slice(0, 1500)}`}`,
    );
  return result;
}

/** One of the programs in consumers/, which report on two runs. Returns what it showed. */
export function program(runtime, file, { cwd, env }) {
  const { out, seconds } = ended(runtime.path, [...flags(runtime), file, SAMPLE], { cwd, env });
  const answer = JSON.parse(out);
  const found = checkTranscript(answer.text);
  if (answer.computed < 1) throw new Error('the first run computed nothing: its data folder was not empty');
  if (answer.computedAgain !== 0) throw new Error(`the second run computed ${answer.computedAgain} chunks again`);
  if (!answer.sameAgain) throw new Error('the second run gave another text');
  if (answer.nativeBytes !== 0) throw new Error(`${answer.nativeBytes} native bytes are left after cleanupResources()`);
  return `${found}, second run from the cache, 0 native bytes left, ${seconds.toFixed(1)} s`;
}

/** A program whose author bundled hearken itself: it has to say so. */
export function bundledProgram(runtime, file, { cwd, env }) {
  const { code, err } = run(runtime.path, [file, SAMPLE], { cwd, env });
  if (code !== 1 || !/ERR_BINDING/.test(err) || !/part of the bundle .* make it external/.test(err))
    throw new Error(`exit code ${code}, ${err.slice(0, 1000)}`);
  return 'an error that says to make it external';
}

/** The command, as npm puts it into node_modules/.bin: its first line looks for `node` on PATH. */
function command(runtime, cwd) {
  const script = join(cwd, 'node_modules', 'hearken', 'bin', 'hearken.js');
  if (runtime.kind !== 'Node' || process.platform === 'win32') return [runtime.path, [...flags(runtime), script]];
  return [join(cwd, 'node_modules', '.bin', 'hearken'), []];
}

export function commandLine(runtime, { cwd, env }) {
  const [file, args] = command(runtime, cwd);
  const first = ended(file, [...args, 'transcribe', SAMPLE], { cwd, env });
  const found = checkTranscript(first.out);
  const second = ended(file, [...args, 'transcribe', '-f', 'json', '--receipt', SAMPLE], { cwd, env });
  const { chunks, reusedChunks } = JSON.parse(second.out).receipt;
  if (reusedChunks !== chunks) throw new Error(`the second run computed ${chunks - reusedChunks} chunks again`);
  return `${found}, second run from the cache, ${first.seconds.toFixed(1)} and ${second.seconds.toFixed(1)} s`;
}

/** What a runtime needs to be told. Deno asks for each permission unless it has all. */
function flags({ kind }) {
  return kind === 'Deno' ? ['run', '--allow-all', '--node-modules-dir=manual'] : [];
}
