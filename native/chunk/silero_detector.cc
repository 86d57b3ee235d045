#include "chunk/silero_detector.h"

#include <algorithm>
#include <array>
#include <utility>

#include "chunk/input_conditioner.h"
#include "chunk/silero_net.h"

namespace hearken {
namespace {

constexpr size_t kContext = (SileroNet::kInput - kSpeechFrame) / 2;
constexpr size_t kBatch = 8;

class SileroDetector final : public SpeechDetector {
 public:
  explicit SileroDetector(std::shared_ptr<const SileroWeights> weights) : net_(std::move(weights)) {}

  void reset() override {
    net_.reset();
    conditioner_.reset();
    context_.fill(0);
  }

  void detect(const float* samples, size_t frames, std::vector<float>& out, CancelToken& cancel) override {
    while (frames > 0) {
      cancel.throwIfCancelled();
      const size_t n = std::min(frames, kBatch);
      for (size_t f = 0; f < n; ++f) prepare(samples + f * kSpeechFrame, inputs_.data() + f * SileroNet::kInput);
      out.resize(out.size() + n);
      net_.run(inputs_.data(), n, out.data() + out.size() - n);
      samples += n * kSpeechFrame;
      frames -= n;
    }
  }

 private:
  // The net sees the last 64 samples of the frame before, as it was trained (whisper.cpp mirrors the frame's own first
  // samples instead, and misses a little more), and after the frame its mirrored end.
  void prepare(const float* frame, float* input) {
    float* body = input + kContext;
    conditioner_.process(frame, kSpeechFrame, body);
    std::copy(context_.begin(), context_.end(), input);
    std::reverse_copy(body + kSpeechFrame - 1 - kContext, body + kSpeechFrame - 1, body + kSpeechFrame);
    std::copy(body + kSpeechFrame - kContext, body + kSpeechFrame, context_.begin());
  }

  SileroNet net_;
  InputConditioner conditioner_;
  std::array<float, kContext> context_{};
  std::array<float, kBatch * SileroNet::kInput> inputs_{};
};

}  // namespace

std::unique_ptr<SpeechDetector> loadSileroDetector(const std::string& path) {
  return makeSileroDetector(loadSileroWeights(path));
}

std::unique_ptr<SpeechDetector> makeSileroDetector(std::shared_ptr<const SileroWeights> weights) {
  return std::make_unique<SileroDetector>(std::move(weights));
}

}  // namespace hearken
