import { HearkenError } from '../errors.js';

// Options come from JavaScript as often as from TypeScript: what is wrong is refused, naming the option.

export function checkOptions(options: unknown, known: readonly string[] = []): void {
  if (typeof options !== 'object' || options === null) throw invalid(`options must be an object, not ${show(options)}`);
  const names = ['dataDir', ...known];
  const unknown = Object.keys(options).filter((name) => !names.includes(name));
  if (unknown.length > 0) throw invalid(`unknown option ${unknown.join(', ')}: there are ${names.join(', ')}`);
  const { dataDir } = options as { dataDir?: unknown };
  if (dataDir !== undefined && (typeof dataDir !== 'string' || dataDir === '' || dataDir.includes('\0'))) {
    throw invalid(`dataDir must be the path of a folder, not ${show(dataDir)}`);
  }
}

export function checkWhole(name: string, value: unknown): void {
  if (value !== undefined && !(Number.isSafeInteger(value) && (value as number) >= 0)) {
    throw invalid(`${name} must be a whole number of at least 0, not ${show(value)}`);
  }
}

export function checkPositive(name: string, value: unknown): void {
  if (value !== undefined && !(Number.isFinite(value) && (value as number) > 0)) {
    throw invalid(`${name} must be a number above 0, not ${show(value)}`);
  }
}

export function checkFlag(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean')
    throw invalid(`${name} must be true or false, not ${show(value)}`);
}

export function checkId(id: unknown): string {
  if (typeof id !== 'string' || id.trim() === '') throw invalid(`a job's id must be a string, not ${show(id)}`);
  return id.trim().toLowerCase();
}

export function invalid(message: string): HearkenError {
  return new HearkenError('ERR_INVALID_ARG', message);
}

function show(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
