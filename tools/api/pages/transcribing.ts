/**
 * Words from audio: the two calls, sessions for many files, their options, what comes back, and the formats it is written in.
 * Times are seconds, sizes are bytes, unless a name says otherwise.
 *
 * @module transcribing
 */
export {
  type AudioOptions,
  type AudioSource,
  type CacheOptions,
  type CoverageSpan,
  type CoverageStatus,
  type DecodeOptions,
  OUTPUT_FORMATS,
  type OutputFormat,
  type PcmFormat,
  PipelineSession,
  type Progress,
  type Receipted,
  type Segment,
  type SessionOptions,
  type Span,
  type TranscribeEvent,
  type TranscribeOptions,
  type Transcript,
  type TranscriptionJob,
  type TranscriptionResult,
  type TranscriptionStream,
  transcribe,
  transcribeChunked,
  type Word,
  type WriteOptions,
} from '../../../lib/index.js';
