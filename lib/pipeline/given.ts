import { asDiarizer, type LoadedDiarizer } from '../models/diarizer.js';
import { asModel, type Model } from '../models/whisper-model.js';
import type { Diarizer, WhisperModel } from '../types.js';

/** Handles that the caller passed. */
export interface Given {
  model?: Model;
  diarizer?: LoadedDiarizer;
}

/**
 * Holds the caller's handles from the call on, so that a close() right after it lets the job finish. What is wrong with them
 * is thrown by given(), inside the job.
 */
export function holdGiven(options: { model?: string | WhisperModel; diarizer?: Diarizer } | undefined): {
  given(): Given;
  release(): void;
} {
  const given: Given = {};
  const releases: (() => void)[] = [];
  let refused: { error: unknown } | undefined;
  try {
    if (typeof options?.model === 'object') {
      given.model = asModel(options.model);
      releases.push(given.model.hold());
    }
    if (options?.diarizer !== undefined) {
      given.diarizer = asDiarizer(options.diarizer);
      releases.push(given.diarizer.hold());
    }
  } catch (error) {
    refused = { error };
  }
  return {
    given: () => {
      if (refused) throw refused.error;
      return given;
    },
    release: () => {
      for (const release of releases) release();
    },
  };
}
