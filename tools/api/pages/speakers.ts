/**
 * Who speaks when: options that `transcribe()` has too, the job without a transcript, voices known by name, and the nets
 * loaded once for several jobs.
 *
 * @module speakers
 */
export {
  DIARIZATION_FORMATS,
  type Diarization,
  type DiarizationFormat,
  type DiarizationJob,
  type DiarizationResult,
  type DiarizeEvent,
  type DiarizeOptions,
  type Diarizer,
  type DiarizerSpec,
  diarize,
  type EnrollOptions,
  enroll,
  loadDiarizer,
  type Speaker,
  type SpeakerOptions,
  type SpeakerTrack,
  type SpeakerTurn,
  type VoiceEmbedding,
} from '../../../lib/index.js';
