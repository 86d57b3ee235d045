import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { type PullOptions, pullModel } from '../../lib/models/index.js';
import { serve } from '../helpers/model-server.js';
import { base, content, entry, inTurn, refused, status, world } from '../helpers/model-world.js';

test('404 and 403 are told at once; 500 and 503 are tried again', async (t) => {
  for (const code of [404, 403, 401, 410]) {
    const { server, pull, dir } = await world(t, status(code, { 'content-type': 'text/plain' }, 'no'));
    t.regex((await refused(t, pull(), 'ERR_MODEL_DOWNLOAD')).message, new RegExp(`status ${code}`));
    t.is(server.requests.length, 1);
    t.false(readdirSync(dir).includes('ggml-fake.bin'));
  }
  for (const code of [500, 502, 503, 429]) {
    const { target, pull } = await world(t, inTurn(status(code), status(code), serve(content)));
    await pull();
    t.true(readFileSync(target).equals(content));
  }
  const { server, pull } = await world(t, status(500));
  t.regex((await refused(t, pull(), 'ERR_MODEL_DOWNLOAD')).message, /status 500.*gave up after 3 tries/);
  t.is(server.requests.length, 3);
});

test('a web page instead of a model, declared and undeclared', async (t) => {
  const page = `<!doctype html><title>Log in</title>${' '.repeat(2000)}`;
  const declared = await world(t, status(200, { 'content-type': 'text/html; charset=utf-8' }, page));
  t.regex((await refused(t, declared.pull(), 'ERR_MODEL_DOWNLOAD')).message, /web page \(status 200\)/);
  const undeclared = await world(t, (_, response) => {
    response.write(page);
    response.end();
  });
  t.regex((await refused(t, undeclared.pull(), 'ERR_MODEL_DOWNLOAD')).message, /not a ggml model.*<!doctype html>/);
  t.deepEqual(readdirSync(undeclared.dir), []);
});

test('addresses that are not http, and a server that is not there', async (t) => {
  const { pull, dir, server } = await world(t, serve(content));
  for (const baseUrl of ['file:///tmp', 'ftp://x/', 'nonsense']) await refused(t, pull({ baseUrl }), 'ERR_INVALID_ARG');
  await server.close();
  t.regex(
    (await refused(t, pull(), 'ERR_MODEL_DOWNLOAD')).message,
    /cannot reach 127\.0\.0\.1:\d+ \(ECONNREFUSED\).*gave up/,
  );
  t.false(existsSync(join(dir, 'ggml-fake.bin')));
});

test('offline opens no connection: by option and by HEARKEN_OFFLINE', async (t) => {
  const { server, dir, pull } = await world(t, serve(content));
  await refused(t, pull({ offline: true }), 'ERR_MODEL_OFFLINE');
  process.env.HEARKEN_OFFLINE = '1';
  try {
    const options: PullOptions = { baseUrl: server.url, modelsDir: dir, entries: [entry] };
    await refused(t, pullModel('fake', options), 'ERR_MODEL_OFFLINE');
  } finally {
    delete process.env.HEARKEN_OFFLINE;
  }
  t.is(server.connections, 0);
  t.deepEqual(readdirSync(dir), []);
});

test('names that are none open no connection and make no file', async (t) => {
  const { server, dir, pull } = await world(t, serve(content));
  for (const name of ['../fake', '/etc/passwd', 'fake\0', 'C:\\fake', '..\\fake', 'ggml-fake.bin', 'FAKE', '']) {
    const options: PullOptions = { baseUrl: server.url, modelsDir: dir, entries: [entry], offline: false };
    await refused(t, pullModel(name, options), 'ERR_MODEL_NOT_FOUND');
  }
  t.is(server.connections, 0);
  t.deepEqual(readdirSync(dir), []);
  await pull();
});

test('the embedded model needs no pull', async (t) => {
  t.regex(await pullModel('tiny.en', { offline: true }), /ggml-tiny\.en-q8_0\.bin$/);
});

test('a model larger than the disk is refused before it is asked for', async (t) => {
  const { server, pull } = await world(t, serve(content));
  const error = await refused(t, pull({ entries: [{ ...entry, bytes: 2 ** 60 }] }), 'ERR_MODEL_DOWNLOAD');
  t.regex(error.message, /MB free and \d+ MB are needed/);
  t.is(server.connections, 0);
});

test('a folder that cannot be one', async (t) => {
  const { pull } = await world(t, serve(content));
  const file = join(base, 'a-file');
  writeFileSync(file, '');
  t.regex((await refused(t, pull({ modelsDir: join(file, 'sub') }), 'ERR_MODEL_DOWNLOAD')).message, /ENOTDIR|EEXIST/);
  const dir = mkdtempSync(join(base, 'blocked-'));
  mkdirSync(join(dir, 'ggml-fake.bin.part'));
  await refused(t, pull({ modelsDir: dir }), 'ERR_MODEL_DOWNLOAD');
  t.deepEqual(readdirSync(dir), ['ggml-fake.bin.part']);
});

test("what a caller's onProgress throws comes out as it is, once", async (t) => {
  const { server, dir, pull } = await world(t, serve(content));
  const mine = new TypeError('mine');
  const error = await t.throwsAsync(
    pull({
      onProgress: () => {
        throw mine;
      },
    }),
  );
  t.is(error, mine);
  t.is(server.requests.length, 1);
  t.false(readdirSync(dir).some((file) => file.includes('lock')));
});
