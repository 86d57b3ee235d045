import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import test from 'ava';
import type { PullProgress } from '../../lib/models/index.js';
import { cutAfter, entryOf, fakeModel, type Handler, hangAfter, serve, withoutSum } from '../helpers/model-server.js';
import { content, entry, inTurn, other, refused, status, world } from '../helpers/model-world.js';

test('downloads, checks, names the file, and does not fetch it again', async (t) => {
  const { server, dir, target, pull } = await world(t, serve(content));
  const seen: PullProgress[] = [];
  t.is(await pull({ onProgress: (p) => seen.push(p) }), target);
  t.true(readFileSync(target).equals(content));
  t.deepEqual(readdirSync(dir), ['ggml-fake.bin']);
  t.is(server.requests[0]?.url, '/ggml-fake.bin');
  t.like(seen[0], { name: 'fake', phase: 'download', done: 0, total: content.length, resumedAt: 0 });
  t.is(seen.at(-1)?.done, content.length);
  t.true(seen.every((p, i) => i === 0 || p.done >= (seen[i - 1]?.done ?? 0)));

  const again: string[] = [];
  t.is(await pull({ offline: true, onProgress: (p) => again.push(p.phase) }), target);
  t.is(server.requests.length, 1);
  t.deepEqual([...new Set(again)], ['verify']);
});

test('a file that is there and damaged is replaced', async (t) => {
  const { target, pull } = await world(t, serve(content));
  writeFileSync(target, other);
  await pull();
  t.true(readFileSync(target).equals(content));
});

test('a cut connection: the next request asks for the rest of the same file', async (t) => {
  const { server, dir, target, pull } = await world(t, inTurn(cutAfter(content, 400_000), serve(content)));
  const seen: PullProgress[] = [];
  await pull({ onProgress: (p) => seen.push(p) });
  t.true(readFileSync(target).equals(content));
  t.deepEqual(server.ranges, [undefined, 'bytes=400000-']);
  t.is(server.requests[1]?.headers['if-range'], '"v1"');
  t.is(seen.at(-1)?.resumedAt, 400_000);
  t.deepEqual(readdirSync(dir), ['ggml-fake.bin']);
});

test('cut again and again, with headway each time: more cuts than tries', async (t) => {
  const big = fakeModel(2_000_000);
  const bigEntry = entryOf(big);
  const step = 1_300_000; // more than what counts as headway
  const { server, target, pull } = await world(t, cutAfter(big, step));
  await pull({ entries: [bigEntry], attempts: 2 });
  t.true(readFileSync(target).equals(big));
  t.is(server.ranges.length, Math.ceil(big.length / step));
});

test('a server that only ever cuts: the tries end, the part stays', async (t) => {
  const { server, target, pull } = await world(t, cutAfter(content, 0));
  const error = await refused(t, pull(), 'ERR_MODEL_DOWNLOAD');
  t.regex(error.message, /gave up after 3 tries/);
  t.is(server.requests.length, 3);
  t.false(existsSync(target));
});

test('a server that ignores Range: the file is taken from the start', async (t) => {
  const whole: Handler = (_, response) => {
    response.writeHead(200, { 'content-length': content.length }).end(content);
  };
  const { server, target, pull } = await world(t, inTurn(cutAfter(content, 500_000), whole));
  await pull();
  t.true(readFileSync(target).equals(content));
  t.deepEqual(server.ranges, [undefined, 'bytes=500000-']);
});

test('another version of the file on the server: If-Range gives it whole', async (t) => {
  const { server, target, pull } = await world(t, inTurn(cutAfter(other, 500_000, '"v0"'), serve(content, '"v1"')));
  await pull();
  t.true(readFileSync(target).equals(content));
  t.is(server.requests[1]?.headers['if-range'], '"v0"');
});

test('416: what was kept is dropped', async (t) => {
  const { server, target, pull } = await world(
    t,
    inTurn(cutAfter(content, 500_000), status(416, { 'content-range': 'bytes */4000' }), serve(content)),
  );
  await pull();
  t.true(readFileSync(target).equals(content));
  t.deepEqual(server.ranges, [undefined, 'bytes=500000-', undefined]);
});

test('a 206 of another place is refused', async (t) => {
  const wrong = status(206, { 'content-range': `bytes 7-99/${content.length}` }, 'x');
  const { target, pull } = await world(t, inTurn(cutAfter(content, 500_000), wrong));
  await refused(t, pull(), 'ERR_MODEL_DOWNLOAD');
  t.false(existsSync(target));
});

test('abort keeps the part, and the next pull continues there', async (t) => {
  const { server, dir, target, pull } = await world(t, inTurn(hangAfter(content, 600_000), serve(content)));
  const stop = new AbortController();
  const error = await refused(
    t,
    pull({
      signal: stop.signal,
      onProgress: (p) => {
        if (p.done >= 600_000) stop.abort();
      },
    }),
    'ERR_ABORTED',
  );
  t.regex(error.message, /600000 of \d+ bytes are kept/);
  t.deepEqual(readdirSync(dir), ['ggml-fake.bin.part']);
  t.is(statSync(`${target}.part`).size, 600_000);

  const seen: PullProgress[] = [];
  await pull({ onProgress: (p) => seen.push(p) });
  t.deepEqual(server.ranges, [undefined, 'bytes=600000-']);
  t.true(readFileSync(target).equals(content));
  t.is(seen[0]?.phase, 'verify'); // the part is hashed first
  t.deepEqual(readdirSync(dir), ['ggml-fake.bin']);
});

test('aborted before it begins: no connection', async (t) => {
  const { server, dir, pull } = await world(t, serve(content));
  await refused(t, pull({ signal: AbortSignal.abort() }), 'ERR_ABORTED');
  t.is(server.connections, 0);
  t.deepEqual(readdirSync(dir), []);
});

test('an earlier part of other bytes: found out by the checksum, fetched once more from the start', async (t) => {
  const { server, target, pull } = await world(t, serve(content));
  writeFileSync(`${target}.part`, other.subarray(0, 700_000));
  await pull();
  t.true(readFileSync(target).equals(content));
  t.deepEqual(server.ranges, ['bytes=700000-', undefined]);
});

test('an earlier part that is no model, too long, or complete', async (t) => {
  const { server, target, pull } = await world(t, serve(content));
  for (const [part, ranges] of [
    [Buffer.from('<html>not a model</html>'), [undefined]],
    [Buffer.concat([content, content]), [undefined]],
    [content, []],
    [content.subarray(0, 2), ['bytes=2-']],
  ] as const) {
    rmSync(target, { force: true });
    server.ranges.length = 0;
    writeFileSync(`${target}.part`, part);
    await pull();
    t.true(readFileSync(target).equals(content));
    t.deepEqual(server.ranges, [...ranges]);
  }
});

test('a wrong checksum: both sums in the message, nothing kept, not tried again', async (t) => {
  const { server, dir, pull } = await world(t, serve(other));
  const error = await refused(t, pull(), 'ERR_MODEL_CHECKSUM');
  t.true(error.message.includes(entry.sha1 ?? '') && error.message.includes(entryOf(other).sha1 ?? ''));
  t.deepEqual(readdirSync(dir), []);
  t.is(server.requests.length, 1);
});

test('a body that ends early, with and without a stated length', async (t) => {
  const short = content.subarray(0, content.length - 1000);
  const silent: Handler = (_, response) => {
    response.write(short);
    response.end(); // no content-length: chunked, and complete as far as HTTP is concerned
  };
  const unstated = await world(t, inTurn(silent, serve(content)));
  await unstated.pull();
  t.true(readFileSync(unstated.target).equals(content));
  t.deepEqual(unstated.server.ranges, [undefined, `bytes=${short.length}-`]);

  const stated = await world(t, serve(short));
  const error = await refused(t, stated.pull(), 'ERR_MODEL_CHECKSUM');
  t.regex(error.message, new RegExp(`${short.length} bytes where fake has ${content.length}`));
  t.is(stated.server.requests.length, 1);
});

test('a body that does not end is cut off at the size of the model', async (t) => {
  const endless: Handler = (_, response) => {
    response.write(content);
    const timer = setInterval(() => response.write(Buffer.alloc(65_536)), 1);
    response.on('close', () => clearInterval(timer));
  };
  const { dir, pull } = await world(t, endless);
  await refused(t, pull(), 'ERR_MODEL_CHECKSUM');
  t.deepEqual(readdirSync(dir), []);
});

test('redirects are followed, to http and https only, and not for ever', async (t) => {
  const { target, pull, server } = await world(t, (request, response, n) => {
    if (request.url === '/ggml-fake.bin') response.writeHead(302, { location: '/real/file' }).end();
    else serve(content)(request, response, n);
  });
  await pull();
  t.true(readFileSync(target).equals(content));
  t.deepEqual(
    server.requests.map((r) => r.url),
    ['/ggml-fake.bin', '/real/file'],
  );
  for (const location of ['file:///etc/passwd', 'data:text/plain,hello', 'ftp://127.0.0.1/x', 'http://[']) {
    const bad = await world(t, status(302, { location }));
    t.regex((await refused(t, bad.pull(), 'ERR_MODEL_DOWNLOAD')).message, /redirects to/);
  }
  const loop = await world(t, status(302, { location: '/ggml-fake.bin' }));
  t.regex((await refused(t, loop.pull(), 'ERR_MODEL_DOWNLOAD')).message, /more than 10 times/);
});

test('a server that falls silent is given up and asked again', async (t) => {
  const silent: Handler = () => {};
  const { server, target, pull } = await world(t, inTurn(silent, hangAfter(content, 300_000), serve(content)));
  await pull({ stallMs: 1_500, attempts: 4 });
  t.true(readFileSync(target).equals(content));
  t.deepEqual(server.ranges, [undefined, undefined, 'bytes=300000-']);
});

test('without a checksum: the structure is checked, and an earlier part is not trusted', async (t) => {
  const bare = withoutSum(entry);
  const good = await world(t, serve(content));
  writeFileSync(`${good.target}.part`, other.subarray(0, 1000));
  await good.pull({ entries: [bare] });
  t.true(readFileSync(good.target).equals(content));
  t.deepEqual(good.server.ranges, [undefined]);

  const broken = Buffer.from(content);
  broken.writeUInt32LE(77, content.indexOf('test') - 8); // the type of the only tensor
  const bad = await world(t, serve(broken));
  t.regex((await refused(t, bad.pull({ entries: [bare] }), 'ERR_MODEL_CHECKSUM')).message, /not a whole ggml model/);
  t.deepEqual(readdirSync(bad.dir), []);
});

test('several pulls at once in one process fetch the file once', async (t) => {
  const slow: Handler = (request, response, n) => setTimeout(() => serve(content)(request, response, n), 300);
  const { server, dir, target, pull } = await world(t, slow);
  const phases = new Set<string>();
  const paths = await Promise.all([1, 2, 3].map(() => pull({ onProgress: (p) => phases.add(p.phase) })));
  t.deepEqual(paths, [target, target, target]);
  t.is(server.requests.length, 1);
  t.true(phases.has('wait'));
  t.true(readFileSync(target).equals(content));
  t.deepEqual(readdirSync(dir), ['ggml-fake.bin']);
});
