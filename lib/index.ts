export { HearkenError, type HearkenErrorCode } from './errors.js';
export { DIARIZATION_FORMATS, OUTPUT_FORMATS } from './formats/index.js';
export type * from './memory.js';
export { type DiarizerSpec, loadDiarizer } from './models/diarizer.js';
export { listModels, modelPath, modelsFolder, pullModel, verifyModel } from './models/index.js';
export { type LoadOptions, loadWhisperModel } from './models/whisper-model.js';
export { diarize, enroll } from './pipeline/diarize.js';
export { transcribe, transcribeChunked } from './pipeline/transcribe.js';
export type * from './types.js';
