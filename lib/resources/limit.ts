import { HearkenError } from '../errors.js';
import { containerMemory } from './container.js';

const MB = 2 ** 20;

/** A container's limit is read again after this long: it can be changed from outside. */
const CONTAINER_AGE_MS = 2_000;

let chosen: number | undefined;
let container: { bytes: number; at: number } | undefined;
const listeners = new Set<() => void>();

/** What was asked for by {@link chooseLimit}, else by HEARKEN_MEMORY_LIMIT, in bytes; 0: nothing. */
function chosenLimit(): number {
  chosen ??= megabytes('HEARKEN_MEMORY_LIMIT', process.env.HEARKEN_MEMORY_LIMIT);
  return chosen;
}

function megabytes(name: string, value: unknown): number {
  if (value === undefined || value === '') return 0;
  const number = typeof value === 'string' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number) || number < 0) {
    throw new HearkenError(
      'ERR_INVALID_ARG',
      `${name} must be a number of megabytes, 0 for no limit, not ${String(value)}`,
    );
  }
  return Math.round(number * MB);
}

/** Of a container's limit: its kernel's page tables and the small processes beside this one count there, too, and who exceeds it is killed. */
const CONTAINER_SHARE = 0.95;

function containerLimit(): number {
  const now = performance.now();
  if (!container || now - container.at > CONTAINER_AGE_MS) {
    container = { bytes: Math.floor(CONTAINER_SHARE * (containerMemory()?.limitBytes ?? 0)), at: now };
  }
  return container.bytes;
}

/** The limit of the process's resident memory, in bytes: the tighter one of the chosen and 95 % of the container's. 0: none. */
export function memoryLimit(): number {
  const limits = [chosenLimit(), containerLimit()].filter((bytes) => bytes > 0);
  return limits.length > 0 ? Math.min(...limits) : 0;
}

/** Sets the limit, in megabytes of 2^20 bytes; 0: none but the container's. */
export function chooseLimit(limit: number): void {
  chosen = megabytes('the memory limit', typeof limit === 'number' ? limit : Number.NaN);
  for (const listener of listeners) listener();
}

/** Calls back whenever the limit is set. */
export function onLimit(listener: () => void): void {
  listeners.add(listener);
}
