import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The memory limit that a container or service manager has set for this process. */
export interface ContainerMemory {
  /** Which kind of control group sets it. */
  cgroup: 1 | 2;
  limitBytes: number;
  /** What the group that is limited uses now, caches of the kernel included. */
  usedBytes: number | undefined;
  /** The folder of the group that is limited: the process's own or one above it. */
  path: string;
}

interface Mount {
  version: 1 | 2;
  /** The group that the mount shows at its top. */
  root: string;
  point: string;
}

const FILES = {
  1: { limit: 'memory.limit_in_bytes', used: 'memory.usage_in_bytes' },
  2: { limit: 'memory.max', used: 'memory.current' },
} as const;

/** cgroup v1 writes "no limit" as the largest multiple of a page. */
const V1_UNLIMITED = 2 ** 60;

/**
 * The tightest memory limit of this process's control group and the groups above it, of cgroup v2 and v1 (a machine can use
 * both at once), or undefined where there is none. Reads only; `root` is prefixed to every path, for tests.
 */
export function containerMemory(root = '/'): ContainerMemory | undefined {
  const groups = parseGroups(readText(join(root, 'proc/self/cgroup')));
  let tightest: ContainerMemory | undefined;
  for (const mount of parseMounts(readText(join(root, 'proc/self/mountinfo')))) {
    const group = groups[mount.version];
    if (group === undefined) continue;
    for (const path of pathsUpwards(mount, group)) {
      const limitBytes = readBytes(join(root, path, FILES[mount.version].limit), mount.version);
      if (limitBytes === undefined || (tightest && tightest.limitBytes <= limitBytes)) continue;
      const usedBytes = readBytes(join(root, path, FILES[mount.version].used), mount.version);
      tightest = { cgroup: mount.version, limitBytes, usedBytes, path };
    }
  }
  return tightest;
}

/** The process's group in each hierarchy that can limit memory, from lines such as `0::/a/b` and `4:memory:/a/b`. */
function parseGroups(text: string): { 1?: string; 2?: string } {
  const groups: { 1?: string; 2?: string } = {};
  for (const line of text.split('\n')) {
    const [, id, controllers = '', path] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    if (id === '0' && controllers === '') groups[2] = path;
    else if (controllers.split(',').includes('memory')) groups[1] = path;
  }
  return groups;
}

/** The cgroup mounts that can hold memory limits: `id parent dev root point options [tags] - type source super-options`. */
function parseMounts(text: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split('\n')) {
    const [head = '', tail = ''] = line.split(' - ');
    const [, , , root, point] = head.split(' ');
    const [type, , options = ''] = tail.split(' ');
    if (!root || !point) continue;
    const memory = type === 'cgroup' && options.split(',').includes('memory');
    if (type === 'cgroup2' || memory)
      mounts.push({ version: memory ? 1 : 2, root: octalEscapes(root), point: octalEscapes(point) });
  }
  return mounts;
}

/** Spaces and backslashes in mountinfo are octal. */
function octalEscapes(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** The folders of a group and of those above it, innermost first, up to where the mount begins. */
function pathsUpwards({ root, point }: Mount, group: string): string[] {
  // A container often sees its own group as the mount's top, under a path that is only valid outside of it.
  const inside = root === '/' ? group : group === root || group.startsWith(`${root}/`) ? group.slice(root.length) : '/';
  const names = inside.split('/').filter((name) => name !== '');
  if (names.includes('..')) return [point];
  return names.map((_, depth) => join(point, ...names.slice(0, names.length - depth))).concat(point);
}

function readBytes(path: string, version: 1 | 2): number | undefined {
  const text = readText(path).trim();
  if (!/^\d+$/.test(text)) return undefined; // "max", or no such file
  const bytes = Number(text);
  return version === 1 && bytes >= V1_UNLIMITED ? undefined : bytes;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
