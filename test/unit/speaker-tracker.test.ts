import test from 'ava';
import type { NativeAddon, NativeCancelToken, NativeDiarization } from '../../lib/binding.js';
import type { LoadedDiarizer } from '../../lib/models/diarizer.js';
import type { KeptVoices } from '../../lib/pipeline/kept-voices.js';
import type { SpeakerJob } from '../../lib/pipeline/speaker-options.js';
import { SpeakerTracker } from '../../lib/pipeline/speaker-tracker.js';

/** A diarization of one window, which has nothing more to do the moment that it has gone through it. */
function oneWindow(): { native: NativeDiarization; feedNoMore: () => void } {
  let busy = true;
  let told = false;
  let feedNoMore = () => {};
  const end = new Promise<null>((resolve) => {
    feedNoMore = () => resolve(null);
  });
  const native = {
    get busy() {
      return busy;
    },
    digest: undefined,
    listen: () => {
      const first = !told;
      told = true;
      return first ? Promise.resolve(['window']) : end;
    },
    advance: async () => {
      busy = false;
      return { turns: [{ begin: 0, end: 16_000, speaker: 0 }], decided: 16_000, records: [null] };
    },
    end: () => {},
    close: async () => {},
  };
  return { native: native as unknown as NativeDiarization, feedNoMore };
}

test('turns that are kept before they are told are waited for', async (t) => {
  const { native, feedNoMore } = oneWindow();
  let keep = () => {};
  let keeping = () => {};
  const kept = new Promise<void>((resolve) => {
    keeping = resolve;
  });
  const voices = {
    windows: async () => [null],
    keep: () => {
      keeping();
      return new Promise<void>((resolve) => {
        keep = resolve;
      });
    },
    drop: async () => {},
  };
  const diarizer = { open: async () => native } as unknown as LoadedDiarizer;
  const tracker = await SpeakerTracker.open(diarizer, {
    addon: {} as NativeAddon,
    job: { channels: false, numSpeakers: 0, minSpeakers: 0, maxSpeakers: 0 } as SpeakerJob,
    begin: 0,
    threads: 1,
    vadModel: '',
    kept: voices as unknown as KeptVoices,
    cancel: {} as NativeCancelToken,
  });
  tracker.start();
  await kept;
  const settled = tracker.settled(8000).then(() => tracker.decided);
  setImmediate(() => keep());
  t.is(await settled, 16_000);
  t.is(tracker.turnsNear(0, 1).length, 1);
  await tracker.settled(32_000); // nothing is under way
  feedNoMore();
  await tracker.close();
});
