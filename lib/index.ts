export { HearkenError, type HearkenErrorCode } from './errors.js';
export { OUTPUT_FORMATS } from './formats/index.js';
export { listModels, modelPath, modelsFolder, pullModel, verifyModel } from './models/index.js';
export { type LoadOptions, loadWhisperModel } from './models/whisper-model.js';
export { transcribe, transcribeChunked } from './pipeline/transcribe.js';
export type * from './types.js';
