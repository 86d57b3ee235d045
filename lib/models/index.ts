export { type PullOptions, type PullProgress, pullModel } from './download.js';
export { isOffline, modelsFolder } from './folder.js';
export { type ListOptions, listModels, type ModelListing, modelPath } from './list.js';
export {
  DEFAULT_MODEL,
  type ResolveOptions,
  resolveDiarizationModels,
  resolveModel,
  resolveVadModel,
} from './resolve.js';
export { type ModelVerification, type VerifyOptions, verifyModel } from './verify.js';
