import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { registry } from '../../lib/models/registry.js';
import { entryOf, fakeModel, type Handler, hangAfter, serve, startServer } from '../helpers/model-server.js';

const cli = fileURLToPath(new URL('../helpers/models-cli.js', import.meta.url));
const content = fakeModel();
const base = mkdtempSync(join(tmpdir(), 'hearken-models-cli-'));
const table = join(base, 'table.json');
writeFileSync(table, JSON.stringify([...registry(), entryOf(content)]));
test.after.always(() => rmSync(base, { recursive: true, force: true }));

interface Outcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  out: string;
  err: string;
}

interface Run {
  child: ChildProcess;
  done: Promise<Outcome>;
}

function start(args: string[], env: Record<string, string> = {}): Run {
  const { HEARKEN_OFFLINE: _, ...inherited } = process.env;
  const child = spawn(process.execPath, [cli, table, ...args], { env: { ...inherited, ...env } });
  const outcome: Outcome = { code: null, signal: null, out: '', err: '' };
  child.stdout.on('data', (data) => {
    outcome.out += data;
  });
  child.stderr.on('data', (data) => {
    outcome.err += data;
  });
  const done = once(child, 'close').then(([code, signal]) => Object.assign(outcome, { code, signal }));
  return { child, done };
}

const models = () => mkdtempSync(join(base, 'models-'));

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 300; i++) {
    if (condition()) return;
    await sleep(50);
  }
  throw new Error(`not within 15 s: ${what}`);
}

test('list: a table and JSON', async (t) => {
  const { code, out, err } = await start(['list'], { HEARKEN_MODELS_DIR: models() }).done;
  t.is(code, 0);
  t.is(err, '');
  t.regex(out, /^tiny\.en +44 MB +English +q8_0 +embedded +SHA-256$/m);
  t.regex(out, /^pyannote-segmentation-3\.0 +6 MB +finds speaker turns +f32 +embedded +SHA-256$/m);
  t.regex(out, /^campplus-zh-en +14 MB +tells voices apart +f16 +embedded +SHA-256$/m);
  t.regex(out, /^large-v3-turbo +1625 MB +multilingual +f16 +available +SHA-1$/m);
  const json = JSON.parse((await start(['list', '--json']).done).out);
  t.is(json.length, registry().length + 1);
  t.like(json[0], { name: 'tiny.en', state: 'embedded', kind: 'whisper', bytes: 43550778 });
});

test('pull, path, verify: exit codes and what goes where', async (t) => {
  const server = await startServer(serve(content));
  t.teardown(() => server.close());
  const dir = models();
  const env = { HEARKEN_MODELS_DIR: dir, HEARKEN_MODELS_URL: `${server.url}/` };
  const file = join(dir, 'ggml-fake.bin');

  const missing = await start(['path', 'fake'], env).done;
  t.is(missing.code, 1);
  t.regex(missing.err, /^hearken: .*hearken models pull fake.* \[ERR_MODEL_NOT_FOUND\]\n$/);

  const pulled = await start(['pull', 'fake'], env).done;
  t.deepEqual(pulled, { code: 0, signal: null, out: `${file}\n`, err: 'fake: downloaded and checked\n' });
  const again = await start(['pull', 'fake', '--offline'], env).done;
  t.deepEqual(again, { code: 0, signal: null, out: `${file}\n`, err: 'fake: on this machine already, and whole\n' });
  const quiet = await start(['pull', '-q', 'tiny.en'], env).done;
  t.is(quiet.err, '');
  t.regex((await start(['pull', 'tiny.en'], env).done).err, /comes with hearken \(q8_0\).*tiny\.en-f16/);
  t.is(server.requests.length, 1);

  t.is((await start(['path', 'fake'], env).done).out, `${file}\n`);
  t.is((await start(['path'], env).done).out, `${dir}\n`);

  const whole = await start(['verify'], env).done;
  t.is(whole.code, 0);
  t.deepEqual(whole.out.match(/^\S+: ok \(SHA-\d+\)/gm), [
    'tiny.en: ok (SHA-256)',
    'silero-v6.2.3: ok (SHA-256)',
    'pyannote-segmentation-3.0: ok (SHA-256)',
    'campplus-zh-en: ok (SHA-256)',
    'fake: ok (SHA-1)',
  ]);
  const flipped = Buffer.from(content);
  flipped[5000] = (flipped[5000] ?? 0) ^ 0x10;
  writeFileSync(file, flipped);
  const broken = await start(['verify', 'fake', 'tiny.en'], env).done;
  t.is(broken.code, 1);
  t.regex(broken.out, /^fake: FAILED .*sha1.*hearken models pull fake/m);
  t.regex(broken.out, /^tiny\.en: ok/m);
});

test('errors: one line with the code; the other names are still pulled', async (t) => {
  const server = await startServer(serve(content));
  t.teardown(() => server.close());
  const dir = models();
  const env = { HEARKEN_MODELS_DIR: dir, HEARKEN_MODELS_URL: server.url };
  const { code, out, err } = await start(['pull', '../evil', 'base\u001b[31m', 'fake'], env).done;
  t.is(code, 1);
  t.is(out, `${join(dir, 'ggml-fake.bin')}\n`);
  t.is(err.match(/^hearken: .* \[ERR_MODEL_NOT_FOUND\]$/gm)?.length, 2);
  t.false(err.includes('\u001b'));
  const offline = await start(['pull', '--offline', 'base'], env).done;
  t.is(offline.code, 1);
  t.regex(offline.err, /\[ERR_MODEL_OFFLINE\]/);
  t.is((await start(['pull', '--url', 'ftp://x', 'base'], env).done).code, 1);
  t.is((await start(['pull'], env).done).code, 2);
  t.is((await start(['pull', '--nonsense', 'fake'], env).done).code, 2);
  t.is(server.requests.length, 1);
});

test('SIGINT: exit code 130, the part is kept and said so, the next pull continues', async (t) => {
  const server = await startServer((request, response, n) =>
    (n === 1 ? hangAfter(content, 500_000) : serve(content))(request, response, n),
  );
  t.teardown(() => server.close());
  const dir = models();
  const env = { HEARKEN_MODELS_DIR: dir, HEARKEN_MODELS_URL: server.url };
  const part = join(dir, 'ggml-fake.bin.part');
  const { child, done } = start(['pull', 'fake', 'base'], env);
  await until(() => existsSync(part) && statSync(part).size === 500_000, 'the part has arrived');
  child.kill('SIGINT');
  const { code, err, out } = await done;
  t.is(code, 130);
  t.is(out, '');
  t.regex(
    err,
    /^hearken: the download of fake was stopped; 500000 of \d+ bytes are kept in .*\.part.* \[ERR_ABORTED\]\n$/,
  );
  t.deepEqual(readdirSync(dir), ['ggml-fake.bin.part']);
  t.is((await start(['pull', 'fake'], env).done).code, 0);
  t.deepEqual(server.ranges, [undefined, 'bytes=500000-']);
  t.true(readFileSync(join(dir, 'ggml-fake.bin')).equals(content));
});

test('SIGKILL: the lock of the dead process holds nobody up, and its part is used', async (t) => {
  const server = await startServer((request, response, n) =>
    (n === 1 ? hangAfter(content, 500_000) : serve(content))(request, response, n),
  );
  t.teardown(() => server.close());
  const dir = models();
  const env = { HEARKEN_MODELS_DIR: dir, HEARKEN_MODELS_URL: server.url };
  const { child, done } = start(['pull', 'fake'], env);
  const part = join(dir, 'ggml-fake.bin.part');
  await until(() => existsSync(part) && statSync(part).size === 500_000, 'the part has arrived');
  child.kill('SIGKILL');
  await done;
  t.deepEqual(readdirSync(dir).sort(), ['ggml-fake.bin.lock', 'ggml-fake.bin.part']);
  t.is((await start(['pull', 'fake'], env).done).code, 0);
  t.deepEqual(server.ranges, [undefined, 'bytes=500000-']);
  t.deepEqual(readdirSync(dir), ['ggml-fake.bin']);
});

test('processes that pull the same model at once fetch it once', async (t) => {
  const slow: Handler = (request, response, n) => setTimeout(() => serve(content)(request, response, n), 2_000);
  const server = await startServer(slow);
  t.teardown(() => server.close());
  const dir = models();
  const env = { HEARKEN_MODELS_DIR: dir, HEARKEN_MODELS_URL: server.url };
  const outcomes = await Promise.all([1, 2, 3].map(() => start(['pull', 'fake'], env).done));
  t.deepEqual(
    outcomes.map((o) => [o.code, o.out]),
    outcomes.map(() => [0, `${join(dir, 'ggml-fake.bin')}\n`]),
  );
  t.is(server.requests.length, 1);
  t.is(outcomes.filter((o) => o.err.includes('downloaded')).length, 1);
  t.deepEqual(readdirSync(dir), ['ggml-fake.bin']);
});

test('--help of every command', async (t) => {
  for (const command of [[], ['list'], ['pull'], ['path'], ['verify']]) {
    const { code, out } = await start([...command, '--help']).done;
    t.is(code, 0);
    t.regex(out, /^Usage: /);
  }
});
