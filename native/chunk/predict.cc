#include "chunk/predict.h"

#include "chunk/audio_window.h"
#include "chunk/cut_rules.h"
#include "chunk/silero_net.h"
#include "chunk/speech_detector.h"

namespace hearken {
namespace {

// Decoder, downmix and resampler: 0.2 to 0.6 MB.
constexpr int64_t kReaderBytes = 400'000;
// The window grows and shrinks by whole blocks, one too many at each end.
constexpr int64_t kBlock = static_cast<int64_t>(AudioWindow::kBlockFrames * kSpeechFrame);

}  // namespace

int64_t predictAudio(int64_t chunkSamples, int chunksInFlight) {
  // Before it cuts a chunk the planner has read the whole of it and what it looks ahead, and then copies it.
  const CutLengths lengths(chunkSamples);
  const int64_t window = lengths.chunk + lengths.ahead + 2 * kBlock;
  const int64_t samples = window + int64_t{chunksInFlight} * chunkSamples;
  return kReaderBytes + samples * static_cast<int64_t>(sizeof(float)) + SileroWeights::kBytes + SileroNet::bytes();
}

}  // namespace hearken
