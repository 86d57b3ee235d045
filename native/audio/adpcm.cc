// IMA and Microsoft ADPCM as they lie in wav files: blocks that decode on their own.
#include <algorithm>

#include "audio/pcm_decoder.h"

namespace hearken {
namespace {

constexpr int kImaSteps[89] = {7,     8,     9,     10,    11,    12,    13,    14,    16,    17,    19,   21,    23,
                               25,    28,    31,    34,    37,    41,    45,    50,    55,    60,    66,   73,    80,
                               88,    97,    107,   118,   130,   143,   157,   173,   190,   209,   230,  253,   279,
                               307,   337,   371,   408,   449,   494,   544,   598,   658,   724,   796,  876,   963,
                               1060,  1166,  1282,  1411,  1552,  1707,  1878,  2066,  2272,  2499,  2749, 3024,  3327,
                               3660,  4026,  4428,  4871,  5358,  5894,  6484,  7132,  7845,  8630,  9493, 10442, 11487,
                               12635, 13899, 15289, 16818, 18500, 20350, 22385, 24623, 27086, 29794, 32767};
constexpr int kImaMoves[8] = {-1, -1, -1, -1, 2, 4, 6, 8};
constexpr int kMsAdapt[16] = {230, 230, 230, 230, 307, 409, 512, 614, 768, 614, 512, 409, 307, 230, 230, 230};

int signed16(const uint8_t* p) {
  return static_cast<int16_t>(p[0] | p[1] << 8);
}

int decodeIma(const PcmLayout& layout, const uint8_t* data, size_t size, float* out) {
  const auto channels = static_cast<size_t>(layout.channels);
  if (size < 4 * channels) return 0;
  const size_t groups = (size - 4 * channels) / (4 * channels);  // of 8 samples of each channel
  const int frames = std::min(layout.blockFrames, static_cast<int>(1 + 8 * groups));
  for (size_t c = 0; c < channels; ++c) {
    int value = signed16(data + 4 * c);
    int index = std::min<int>(data[4 * c + 2], 88);
    out[c] = static_cast<float>(value) / 32768.0f;
    for (int i = 1; i < frames; ++i) {
      const auto at = static_cast<size_t>(i - 1);
      const uint8_t byte = data[4 * channels + (at / 8 * channels + c) * 4 + at % 8 / 2];
      const int code = at % 2 ? byte >> 4 : byte & 15;
      const int step = kImaSteps[index];
      int change = step >> 3;
      if (code & 1) change += step >> 2;
      if (code & 2) change += step >> 1;
      if (code & 4) change += step;
      value = std::clamp(value + (code & 8 ? -change : change), -32768, 32767);
      index = std::clamp(index + kImaMoves[code & 7], 0, 88);
      out[static_cast<size_t>(i) * channels + c] = static_cast<float>(value) / 32768.0f;
    }
  }
  return frames;
}

int decodeMs(const PcmLayout& layout, const uint8_t* data, size_t size, float* out) {
  const auto channels = static_cast<size_t>(layout.channels);
  if (size < 7 * channels) return 0;
  const size_t codes = (size - 7 * channels) * 2 / channels;  // of each channel
  const int frames = std::min(layout.blockFrames, static_cast<int>(2 + codes));
  const size_t predictors = layout.coefficients.size() / 2;
  for (size_t c = 0; c < channels; ++c) {
    const size_t predictor = std::min<size_t>(data[c], predictors - 1);
    const int64_t a = layout.coefficients[2 * predictor], b = layout.coefficients[2 * predictor + 1];
    int64_t delta = signed16(data + channels + 2 * c);
    int64_t last = signed16(data + 3 * channels + 2 * c), before = signed16(data + 5 * channels + 2 * c);
    out[c] = static_cast<float>(before) / 32768.0f;
    if (frames > 1) out[channels + c] = static_cast<float>(last) / 32768.0f;
    for (int i = 2; i < frames; ++i) {
      const size_t at = static_cast<size_t>(i - 2) * channels + c;
      const uint8_t byte = data[7 * channels + at / 2];
      const int code = at % 2 ? byte & 15 : byte >> 4;
      const int64_t guess = (last * a + before * b) / 256;
      before = last;
      last = std::clamp<int64_t>(guess + (code & 8 ? code - 16 : code) * delta, -32768, 32767);
      delta = std::clamp<int64_t>(kMsAdapt[code] * delta / 256, 16, 1 << 24);
      out[static_cast<size_t>(i) * channels + c] = static_cast<float>(last) / 32768.0f;
    }
  }
  return frames;
}

}  // namespace

int decodeAdpcmBlock(const PcmLayout& layout, const uint8_t* data, size_t size, float* out) {
  return layout.coding == PcmLayout::Coding::kImaAdpcm ? decodeIma(layout, data, size, out)
                                                       : decodeMs(layout, data, size, out);
}

}  // namespace hearken
