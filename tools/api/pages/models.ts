/**
 * Whisper models: loading one for several jobs, and having, checking and downloading files.
 *
 * @module models
 */
export {
  type ListOptions,
  type LoadOptions,
  listModels,
  loadWhisperModel,
  type ModelKind,
  type ModelListing,
  type ModelVerification,
  modelPath,
  modelsFolder,
  type PullOptions,
  type PullProgress,
  pullModel,
  type VerifyOptions,
  verifyModel,
  type WhisperModel,
} from '../../../lib/index.js';
