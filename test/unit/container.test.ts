import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'ava';
import { containerMemory } from '../../lib/resources/container.js';

const base = mkdtempSync(join(tmpdir(), 'hearken-cgroup-'));
test.after.always(() => rmSync(base, { recursive: true, force: true }));

/** A fake root folder with these files. */
function world(files: Record<string, string>): string {
  const root = mkdtempSync(join(base, 'root-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const V2 = '31 23 0:28 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n';
const V1 =
  '30 23 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n35 31 0:32 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory\n';

test('v2: the limit of the group itself', (t) => {
  const root = world({
    'proc/self/cgroup': '0::/app\n',
    'proc/self/mountinfo': V2,
    'sys/fs/cgroup/app/memory.max': '536870912\n',
    'sys/fs/cgroup/app/memory.current': '1000000\n',
  });
  t.deepEqual(containerMemory(root), {
    cgroup: 2,
    limitBytes: 536870912,
    usedBytes: 1000000,
    path: '/sys/fs/cgroup/app',
  });
});

test('v2: the tightest of the groups above; "max" is none', (t) => {
  const files = {
    'proc/self/cgroup': '0::/slice/pod/app\n',
    'proc/self/mountinfo': V2,
    'sys/fs/cgroup/slice/pod/app/memory.max': 'max\n',
    'sys/fs/cgroup/slice/pod/memory.max': '300\n',
    'sys/fs/cgroup/slice/memory.max': '200\n',
  };
  t.like(containerMemory(world(files)), { limitBytes: 200, path: '/sys/fs/cgroup/slice', usedBytes: undefined });
  t.like(containerMemory(world({ ...files, 'sys/fs/cgroup/slice/memory.max': '400\n' })), {
    limitBytes: 300,
    path: '/sys/fs/cgroup/slice/pod',
  });
});

test('v2: a container that sees its own group as the top of the mount', (t) => {
  const root = world({
    'proc/self/cgroup': '0::/\n',
    'proc/self/mountinfo': V2,
    'sys/fs/cgroup/memory.max': '777\n',
  });
  t.like(containerMemory(root), { limitBytes: 777, path: '/sys/fs/cgroup' });
});

test("v2: the host's path in a container, with and without the mount's root in it", (t) => {
  const mounted = V2.replace('0:28 / ', '0:28 /docker/abc ');
  const file = {
    'sys/fs/cgroup/memory.max': '999\n',
    'sys/fs/cgroup/inner/memory.max': '500\n',
    'sys/fs/cgroup/def/inner/memory.max': '1\n', // what a wrong prefix would find
  };
  const limit = (group: string) =>
    containerMemory(world({ 'proc/self/cgroup': `0::${group}\n`, 'proc/self/mountinfo': mounted, ...file }))
      ?.limitBytes;
  t.is(limit('/docker/abc'), 999);
  t.is(limit('/docker/abc/inner'), 500);
  t.is(limit('/docker/abcdef/inner'), 999);
  t.is(limit('/../other/inner'), 999);
});

test('v1: no limit is a very large number', (t) => {
  const files = {
    'proc/self/cgroup': '9:name=systemd:/x\n4:hugetlb,memory:/docker/abc\n0::/\n',
    'proc/self/mountinfo': V1,
    'sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes': '9223372036854771712\n',
    'sys/fs/cgroup/memory/docker/abc/memory.usage_in_bytes': '5\n',
    'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
  };
  t.is(containerMemory(world(files)), undefined);
  t.deepEqual(
    containerMemory(world({ ...files, 'sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes': '1048576\n' })),
    { cgroup: 1, limitBytes: 1048576, usedBytes: 5, path: '/sys/fs/cgroup/memory/docker/abc' },
  );
});

test('both kinds at once: the tighter one counts', (t) => {
  const root = world({
    'proc/self/cgroup': '4:memory:/\n0::/\n',
    'proc/self/mountinfo': `${V1}42 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n`,
    'sys/fs/cgroup/memory/memory.limit_in_bytes': '2000\n',
    'sys/fs/cgroup/unified/memory.max': '1000\n',
  });
  t.like(containerMemory(root), { cgroup: 2, limitBytes: 1000 });
});

test('mount points with spaces; rubbish; no files at all', (t) => {
  const root = world({
    'proc/self/cgroup': 'rubbish\n0::/a b\n\n',
    'proc/self/mountinfo': `x\n${V2.replace('/sys/fs/cgroup', '/c\\040g')}`,
    'c g/a b/memory.max': '12\n',
  });
  t.like(containerMemory(root), { limitBytes: 12, path: '/c g/a b' });
  t.is(containerMemory(world({ 'proc/self/cgroup': '0::/a\n', 'proc/self/mountinfo': V2 })), undefined);
  t.is(containerMemory(join(base, 'nowhere')), undefined);
});

test('on this machine it does not throw', (t) => {
  t.notThrows(() => containerMemory());
});
