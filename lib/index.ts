export {
  cacheInfo,
  cancelJob,
  cleanCache,
  dataFolder,
  deleteJob,
  listJobs,
  resetCache,
  showJob,
} from './cache/index.js';
export type * from './cache/types.js';
export { HearkenError, type HearkenErrorCode } from './errors.js';
export { DIARIZATION_FORMATS, OUTPUT_FORMATS } from './formats/index.js';
export type * from './memory.js';
export { type DiarizerSpec, loadDiarizer } from './models/diarizer.js';
export {
  type ListOptions,
  listModels,
  type ModelListing,
  type ModelVerification,
  modelPath,
  modelsFolder,
  type PullOptions,
  type PullProgress,
  pullModel,
  type VerifyOptions,
  verifyModel,
} from './models/index.js';
export {
  type Cleanup,
  cleanupResources,
  type DiarizerResource,
  type ResourceEvents,
  ResourceManager,
  type ResourceManagerOptions,
  type ResourceSpec,
  resources,
  setMemoryLimit,
  type WhisperSpec,
} from './models/manager.js';
export type { ModelKind } from './models/registry.js';
export { type LoadOptions, loadWhisperModel } from './models/whisper-model.js';
export { diarize, type EnrollOptions, enroll } from './pipeline/diarize.js';
export { type ResumedJob, type ResumeOptions, resumeJob } from './pipeline/resume.js';
export { PipelineSession, type SessionOptions, type TranscriptionStream } from './pipeline/session.js';
export { transcribe, transcribeChunked } from './pipeline/transcribe.js';
export type { Pressure } from './resources/budget.js';
export type { EvictionReason } from './resources/idle.js';
export type { Lease } from './resources/lease.js';
export type * from './types.js';
