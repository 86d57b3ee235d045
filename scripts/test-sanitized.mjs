// Builds everything, whisper.cpp and ggml included, with a sanitizer, and runs the tests in it: docs/testing.md.
// Arguments: address, undefined or thread; then --part=planted|cpp|node for one part alone, or a part of a C++ test's name.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installAdvice, missingTools } from './build-tools.mjs';
import { cmakeBuild, ROOT } from './cmake.mjs';
import { vendorWhisper } from './vendor-whisper.mjs';

const SUPPRESSIONS = join(ROOT, 'test', 'native', 'sanitizers');
/** What a process with a report exits with: no test expects it. */
const EXIT = 99;

/** Tests that measure the process from outside: the runtimes' heaps have margins, shadows, and keep what was freed. */
const MEASURING = [
  'asr_ledger_agrees_with_the_kernel',
  'memory_watch_samples_resident_memory_in_the_background',
  'trimming_returns_what_the_heap_kept',
];

// `bugs`: what hearken_planted commits, what the report must say, and the function that it must name: so it is about this bug,
// and its stack is readable.
const SANITIZERS = {
  address: {
    flags: 'address',
    build: 'asan',
    except: MEASURING,
    bugs: {
      leak: ['LeakSanitizer: detected memory leaks', 'leak'],
      'use-after-close': ['heap-use-after-free', 'useAfterClose'],
      'double-close': ['attempting double-free', 'doubleClose'],
      overrun: ['heap-buffer-overflow', 'overrun'],
    },
  },
  undefined: {
    flags: 'undefined,float-cast-overflow', // GCC leaves the second out of the first
    build: 'ubsan',
    bugs: {
      overflow: ['signed integer overflow', 'overflow'],
      misaligned: ['misaligned address', 'misaligned'],
      'not-a-number': ['nan is outside the range', 'notANumber'],
    },
  },
  thread: {
    flags: 'thread',
    build: 'tsan',
    bugs: { race: ['data race', 'race'] },
    // It makes arithmetic thirty times slower. What is left out has one thread, or does what another test here does with less.
    except: [
      ...MEASURING,
      'asr_memory_', // a beam of five over a whole window: minutes
      'asr_result_does_not_depend_on_what_the_state_did_before',
      'asr_survives_extreme_input',
      'audio_bad_files',
      'audio_formats_',
      'audio_resampler_',
      'audio_seek_',
      'audio_stream_of_shared_files_is_the_file',
      'chains_stream_', // channel_stream_ has the same threads
      'chunk_plan_holds_for_random_audio_and_lengths',
      'chunk_silero_',
      'embedding_is_the_references',
      'embedding_trunk_is_the_references',
      'kernels_',
      'reference_',
      'segmentation_matches_the_reference',
      'segmentation_does_not_depend_on_the_batch',
      'segmentation_of_flat_and_loud_audio',
    ],
  },
};

/** The test files that the addon runs under AddressSanitizer: each kind of native object, its ends, and bad input. */
const SUITES = [
  'integration/model-handle',
  'integration/transcribe',
  'integration/diarize',
  'integration/windows',
  'integration/digests',
  'lifecycle/abort',
  'lifecycle/workers',
  'fault/audio',
  'fault/diarizer',
  'fault/models',
];

const [name = '', ...rest] = process.argv.slice(2);
const sanitizer = SANITIZERS[name];
const only = rest.find((argument) => argument.startsWith('--part='))?.slice(7);
const filter = rest.filter((argument) => !argument.startsWith('--'));
const build = join(ROOT, 'build', sanitizer?.build ?? '');
const reports = join(build, 'reports');
const compiler = process.env.CXX?.trim() || 'c++';

class Failure extends Error {}

function run(command, args, env = {}, stdio = 'inherit') {
  const result = spawnSync(command, args, { cwd: ROOT, stdio, env: { ...process.env, ...env }, encoding: 'utf8' });
  if (result.error) throw result.error;
  return result;
}

/** Addresses that are not shuffled: these runtimes lay their shadow over fixed ones, and some kernels shuffle too widely. */
const FIXED = spawnSync('setarch', ['-R', 'true']).status === 0;
const fixed = (command, args) => (FIXED ? ['setarch', ['-R', command, ...args]] : [command, args]);

/** Can the compiler build for this sanitizer, and does its runtime start on this machine? */
function checkCompiler() {
  const missing = missingTools({ patching: true });
  if (missing.length > 0) throw new Failure(installAdvice(missing));
  const folder = mkdtempSync(join(tmpdir(), 'hearken-sanitizer-'));
  try {
    const program = join(folder, 'probe');
    writeFileSync(`${program}.cc`, 'int main() { return 0; }\n');
    const [command, ...flags] = compiler.split(/\s+/);
    const built = run(command, [...flags, `-fsanitize=${sanitizer.flags}`, `${program}.cc`, '-o', program], {}, 'pipe');
    if (built.status !== 0) {
      throw new Failure(
        `${compiler} cannot build with -fsanitize=${sanitizer.flags}: use one that can (Debian/Ubuntu: apt-get install g++, CXX=g++; not musl, not Windows). It says: ${built.stderr.trim().split('\n')[0]}`,
      );
    }
    const started = run(...fixed(program, []), {}, 'pipe');
    if (started.status !== 0) {
      throw new Failure(
        `a program with -fsanitize=${sanitizer.flags} does not start on this machine${FIXED ? '' : "; it may need 'setarch -R', which does not work here"}. It says: ${started.stderr.trim().split('\n')[0]}`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** GCC's runtime as a library of its own, which has to be in the process before Node's allocator is. */
function preloaded() {
  const found = run(compiler.split(/\s+/)[0], ['-print-file-name=libasan.so'], {}, 'pipe').stdout.trim();
  if (!existsSync(found)) {
    throw new Failure(`${compiler} has no libasan.so, which Node has to be started with: use GCC (CXX=g++), on Linux.`);
  }
  return found;
}

function compile() {
  vendorWhisper({ log: console.log });
  const options = [`-DHEARKEN_SANITIZE=${sanitizer.flags}`, '-DHEARKEN_TESTS=ON'];
  const tests = ['hearken_tests', 'hearken_planted'];
  if (name === 'address') cmakeBuild(build, ['hearken_loader', 'hearken', ...tests], options);
  else cmakeBuild(build, tests, [...options, '-DHEARKEN_ADDON=OFF']);
}

const built = (file) => [join(build, 'Release', file), join(build, file)].find(existsSync) ?? join(build, file);

/** Options of the sanitizers' runtimes; each process writes what it finds into a file of its own, whatever becomes of it. */
function environment() {
  const common = [`log_path=${join(reports, 'report')}`, 'log_exe_name=1', `exitcode=${EXIT}`, 'print_stacktrace=1'];
  const options = (own) => [...common, ...own].join(':');
  const file = (of) => `suppressions=${join(SUPPRESSIONS, `${of}.supp`)}`;
  return {
    // Leaks are looked for in our own programs; of others that Node starts (sh, ffmpeg) they are not ours to judge.
    ASAN_OPTIONS: options([
      'detect_leaks=0',
      'detect_stack_use_after_return=1',
      'check_initialization_order=1',
      'quarantine_size_mb=64', // a test bounds the growth of the process; the default keeps 256 MB of what was freed
      'strict_string_checks=1',
      `include_if_exists=${join(build, 'options')}/%b`,
    ]),
    LSAN_OPTIONS: [file('leak'), 'print_suppressions=0'].join(':'),
    UBSAN_OPTIONS: options([file('undefined'), 'halt_on_error=1']),
    TSAN_OPTIONS: options([file('thread'), 'halt_on_error=0', 'second_deadlock_stack=1', 'history_size=4']),
  };
}

function prepare() {
  const options = join(build, 'options');
  mkdirSync(options, { recursive: true });
  for (const program of ['hearken_tests', 'hearken_planted', 'node']) {
    writeFileSync(join(options, program), 'detect_leaks=1\n');
  }
  if (name !== 'address') return;
  // Where node-gyp-build looks below HEARKEN_PREBUILD.
  const place = join(build, 'addon', 'build');
  mkdirSync(place, { recursive: true });
  rmSync(join(place, 'Release'), { force: true });
  symlinkSync(join(build, 'Release'), join(place, 'Release'));
}

function takeReports() {
  const files = existsSync(reports) ? readdirSync(reports).sort() : [];
  const texts = files.map((file) => `---- ${file}\n${readFileSync(join(reports, file), 'utf8')}`);
  rmSync(reports, { recursive: true, force: true });
  mkdirSync(reports, { recursive: true });
  return texts;
}

/** A run of tests: it must end well, and no process of it may have left a report. */
function mustBeClean(what, command, args, env) {
  console.log(`\n== ${what}`);
  takeReports();
  const began = performance.now();
  const { status, signal } = run(...fixed(command, args), env);
  const found = takeReports();
  console.log(`== ${what}: ${Math.round((performance.now() - began) / 1000)} s`);
  if (found.length > 0) {
    console.error(found.join('\n').slice(0, 100_000));
    throw new Failure(`${what}: ${found.length} processes with a report, above`);
  }
  if (status !== 0) throw new Failure(`${what}: ended with ${signal ?? status}`);
}

/** Every planted bug is caught, and its right twin is not. */
function mustCatch(what, command, args, env) {
  console.log(`\n== planted bugs, ${what}`);
  for (const [bug, expected] of [['none', undefined], ...Object.entries(sanitizer.bugs)]) {
    takeReports();
    const { status, signal, stderr } = run(...fixed(command, args(bug)), env, 'pipe');
    const report = takeReports().join('\n');
    let wrong = status === (expected ? EXIT : 0) ? '' : `it ended with ${signal ?? status}`;
    if (!expected && report !== '') wrong = 'there is a report';
    if (expected && !report.includes(expected[0])) wrong = `no report says '${expected[0]}'`;
    if (expected && !new RegExp(`(in|#\\d+) (\\S*::)?${expected[1]}\\b.*planted_bugs`).test(report)) {
      wrong ||= `no stack names ${expected[1]}()`;
    }
    if (wrong) {
      console.error(stderr, report);
      throw new Failure(`the planted bug '${bug}' (${what}) was not judged rightly: ${wrong}`);
    }
    console.log(`  ✔ ${bug}${bug === 'none' ? ': no report' : ' is caught'}`);
  }
}

function testPlanted(env, node) {
  mustCatch('C++', built('hearken_planted'), (bug) => [bug], env);
  if (name !== 'address') return;
  // Found the way that lib/binding.ts finds it, so that the tests below are known to run on the sanitized addon.
  const script = `require('node-gyp-build')(process.cwd()).plantBug(process.argv[1])`;
  mustCatch('in Node', process.execPath, (bug) => ['-e', script, bug], node);
}

function testNode(env) {
  const ava = join(ROOT, 'node_modules', 'ava', 'entrypoints', 'cli.mjs');
  const files = SUITES.map((suite) => `dist/test/${suite}.test.js`);
  const absent = files.find((file) => !existsSync(join(ROOT, file)));
  if (absent) throw new Failure(`${absent} is not there: run 'npm run build:ts' first`);
  mustBeClean('tests in Node', process.execPath, [ava, '--timeout=20m', ...files], env);
}

function main() {
  if (!sanitizer) throw new Failure(`name a sanitizer: ${Object.keys(SANITIZERS).join(', ')}`);
  if (only !== undefined && !['planted', 'cpp', 'node'].includes(only)) throw new Failure(`no such part: ${only}`);
  checkCompiler();
  compile();
  prepare();
  const env = environment();
  const node = name === 'address' ? { ...env, LD_PRELOAD: preloaded(), HEARKEN_PREBUILD: join(build, 'addon') } : env;
  const wants = (part) => (only ? only === part : filter.length === 0 || part === 'cpp');
  if (wants('planted')) testPlanted(env, node);
  // A test that is asked for by its name runs, slow or not.
  const tests = filter.length > 0 ? filter : (sanitizer.except ?? []).map((part) => `-${part}`);
  if (wants('cpp')) mustBeClean('C++ tests', built('hearken_tests'), tests, env);
  if (wants('node') && name === 'address') testNode(node);
}

try {
  main();
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  console.error(`hearken: ${error.message}`);
  process.exitCode = 1;
}
