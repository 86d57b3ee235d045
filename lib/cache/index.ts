export { dataFolder } from '../data-folder.js';
export type { Access } from './database.js';
export type { Entry, EntryKind } from './entries.js';
export type { JobEnd, JobStart } from './jobs.js';
export type { PlanRow } from './plan.js';
export type { Run } from './run.js';
export { Store } from './store.js';
export type * from './types.js';
