#include "diarization/fbank.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace hearken {
namespace {

// Eight frames at a time: values are kept as [index][lane], a lane per frame, so that every step is a plain loop over
// adjacent floats and needs no shuffling.
constexpr int kLanes = 8;
constexpr int kFft = 512, kHalf = kFft / 2;
constexpr float kPreEmphasis = 0.97f;
constexpr float kLeastEnergy = 1.1920928955078125e-07f;
constexpr double kPi = 3.14159265358979323846;

// A filter's weights are those of the spectrum's bins [first, first + count).
struct MelFilter {
  int first = 0, count = 0, weights = 0;
};

double mel(double hz) {
  return 1127.0 * std::log(1.0 + hz / 700.0);
}

// ln(x) of a positive normal number, within 2 ulp: x = m · 2^e with m in [√½, √2), ln(m) from an odd series of
// (m − 1) / (m + 1), which converges fast there.
inline float naturalLog(float x) {
  int32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  const int32_t exponent = (bits - 0x3f3504f3) >> 23;
  bits -= exponent * (1 << 23);
  float m;
  std::memcpy(&m, &bits, sizeof m);
  const float s = (m - 1.0f) / (m + 1.0f), z = s * s;
  const float series = z * (0.66666667f + z * (0.4f + z * (0.28571430f + z * 0.22379930f)));
  const float e = static_cast<float>(exponent);
  // ln 2 in two parts, the first exact in few bits, so that e · ln 2 loses nothing.
  return e * 0.693359375f + (2.0f * s + (s * series + e * -2.12194440e-4f));
}

// One pass of a radix-4 Stockham transform (which leaves values in order) over blocks of Stride · kLanes adjacent
// floats.
template <int Stride>
void radix4(const float* __restrict re, const float* __restrict im, float* __restrict outRe, float* __restrict outIm,
            const float (*twiddles)[6]) {
  constexpr int kCount = kHalf / (4 * Stride), kBlock = Stride * kLanes, kQuarter = kCount * kBlock;
  for (int p = 0; p < kCount; ++p) {
    const float* w = twiddles[p * Stride];
    const float w1r = w[0], w1i = w[1], w2r = w[2], w2i = w[3], w3r = w[4], w3i = w[5];
    const float* xr = re + p * kBlock;
    const float* xi = im + p * kBlock;
    float* yr = outRe + 4 * p * kBlock;
    float* yi = outIm + 4 * p * kBlock;
    for (int q = 0; q < kBlock; ++q) {
      const float ar = xr[q], br = xr[q + kQuarter], cr = xr[q + 2 * kQuarter], dr = xr[q + 3 * kQuarter];
      const float ai = xi[q], bi = xi[q + kQuarter], ci = xi[q + 2 * kQuarter], di = xi[q + 3 * kQuarter];
      const float sumR = ar + cr, sumI = ai + ci, differenceR = ar - cr, differenceI = ai - ci;
      const float evenR = br + dr, evenI = bi + di, oddR = bi - di, oddI = dr - br;  // odd: −i (b − d)
      const float y1r = differenceR + oddR, y1i = differenceI + oddI;
      const float y2r = sumR - evenR, y2i = sumI - evenI;
      const float y3r = differenceR - oddR, y3i = differenceI - oddI;
      yr[q] = sumR + evenR;
      yi[q] = sumI + evenI;
      yr[q + kBlock] = y1r * w1r - y1i * w1i;
      yi[q + kBlock] = y1r * w1i + y1i * w1r;
      yr[q + 2 * kBlock] = y2r * w2r - y2i * w2i;
      yi[q + 2 * kBlock] = y2r * w2i + y2i * w2r;
      yr[q + 3 * kBlock] = y3r * w3r - y3i * w3i;
      yi[q + 3 * kBlock] = y3r * w3i + y3i * w3r;
    }
  }
}

}  // namespace

struct Fbank::Tables {
  float window[kFrame];
  float twiddles[kHalf / 4][6];  // of the transform of 256: w, w², w³
  float unpack[kHalf / 2 + 1][2];
  MelFilter filters[kBins];
  float weights[2 * kHalf + 2 * kBins];

  Tables() {
    for (int i = 0; i < kFrame; ++i) {
      window[i] = static_cast<float>(std::pow(0.5 - 0.5 * std::cos(2 * kPi * i / (kFrame - 1)), 0.85));
    }
    for (int p = 0; p < kHalf / 4; ++p) {
      for (int power = 1; power <= 3; ++power) {
        twiddles[p][2 * power - 2] = static_cast<float>(std::cos(2 * kPi * p * power / kHalf));
        twiddles[p][2 * power - 1] = static_cast<float>(-std::sin(2 * kPi * p * power / kHalf));
      }
    }
    for (int k = 0; k <= kHalf / 2; ++k) {
      unpack[k][0] = static_cast<float>(std::cos(2 * kPi * k / kFft));
      unpack[k][1] = static_cast<float>(-std::sin(2 * kPi * k / kFft));
    }
    const double low = mel(20), step = (mel(8000) - low) / (kBins + 1);
    int used = 0;
    for (int bin = 0; bin < kBins; ++bin) {
      const double left = low + bin * step, centre = left + step, right = centre + step;
      MelFilter& filter = filters[bin];
      filter.weights = used;
      for (int k = 0; k < kHalf; ++k) {
        const double at = mel(k * 16000.0 / kFft);
        if (at <= left || at >= right) continue;
        if (filter.count++ == 0) filter.first = k;
        weights[used++] =
            static_cast<float>(at <= centre ? (at - left) / (centre - left) : (right - at) / (right - centre));
      }
    }
  }
};

namespace {

struct Work {
  float re[kHalf * kLanes], im[kHalf * kLanes], re2[kHalf * kLanes], im2[kHalf * kLanes];
};

// power[k][lane] = |X[k]|² of the real transform whose even samples are `re` and odd ones `im` of the half transform.
void powers(const float* __restrict re, const float* __restrict im, const float (*unpack)[2], float* __restrict power) {
  for (int l = 0; l < kLanes; ++l) power[l] = (re[l] + im[l]) * (re[l] + im[l]);
  for (int k = 1; k <= kHalf / 2; ++k) {
    const float c = unpack[k][0], s = unpack[k][1];
    const float *ar = re + k * kLanes, *ai = im + k * kLanes;
    const float *br = re + (kHalf - k) * kLanes, *bi = im + (kHalf - k) * kLanes;
    float low[kLanes], high[kLanes];
    for (int l = 0; l < kLanes; ++l) {
      const float evenR = 0.5f * (ar[l] + br[l]), evenI = 0.5f * (ai[l] - bi[l]);
      const float oddR = 0.5f * (ai[l] + bi[l]), oddI = 0.5f * (br[l] - ar[l]);
      const float turnedR = oddR * c - oddI * s, turnedI = oddR * s + oddI * c;
      const float lowR = evenR + turnedR, lowI = evenI + turnedI, highR = evenR - turnedR, highI = evenI - turnedI;
      low[l] = lowR * lowR + lowI * lowI;
      high[l] = highR * highR + highI * highI;
    }
    std::memcpy(power + (kHalf - k) * kLanes, high, sizeof high);
    std::memcpy(power + k * kLanes, low, sizeof low);
  }
}

}  // namespace

Fbank::Fbank() : tables_(std::make_unique<Tables>()) {}

Fbank::~Fbank() = default;

void Fbank::compute(const float* samples, size_t frames, float* out) const {
  const Tables& tables = *tables_;
  alignas(64) Work work;
  alignas(64) float frame[kFrame];
  for (size_t first = 0; first < frames; first += kLanes) {
    const int lanes = static_cast<int>(std::min<size_t>(kLanes, frames - first));
    // Lanes without a frame repeat the last one, so that nothing undefined is computed.
    for (int lane = 0; lane < kLanes; ++lane) {
      const float* x = samples + (first + static_cast<size_t>(std::min(lane, lanes - 1))) * kShift;
      float sums[16] = {};
      for (int i = 0; i < kFrame; i += 16) {
        for (int j = 0; j < 16; ++j) sums[j] += x[i + j];
      }
      float sum = 0;
      for (float part : sums) sum += part;
      const float mean = sum / kFrame;
      frame[0] = (x[0] - mean) * (1.0f - kPreEmphasis) * tables.window[0];
      for (int i = 1; i < kFrame; ++i) {
        frame[i] = ((x[i] - mean) - kPreEmphasis * (x[i - 1] - mean)) * tables.window[i];
      }
      for (int i = 0; i < kFrame / 2; ++i) {
        work.re[i * kLanes + lane] = frame[2 * i];
        work.im[i * kLanes + lane] = frame[2 * i + 1];
      }
    }
    constexpr size_t kUsed = size_t{kFrame} / 2 * kLanes;
    std::fill(work.re + kUsed, work.re + kHalf * kLanes, 0.0f);
    std::fill(work.im + kUsed, work.im + kHalf * kLanes, 0.0f);
    radix4<1>(work.re, work.im, work.re2, work.im2, tables.twiddles);
    radix4<4>(work.re2, work.im2, work.re, work.im, tables.twiddles);
    radix4<16>(work.re, work.im, work.re2, work.im2, tables.twiddles);
    radix4<64>(work.re2, work.im2, work.re, work.im, tables.twiddles);
    float* power = work.re2;
    powers(work.re, work.im, tables.unpack, power);
    for (int bin = 0; bin < kBins; ++bin) {
      const MelFilter& filter = tables.filters[bin];
      float energy[kLanes] = {};
      for (int k = 0; k < filter.count; ++k) {
        const float w = tables.weights[filter.weights + k];
        const float* p = power + (filter.first + k) * kLanes;
        for (int l = 0; l < kLanes; ++l) energy[l] += w * p[l];
      }
      for (int l = 0; l < kLanes; ++l) energy[l] = naturalLog(std::max(energy[l], kLeastEnergy));
      for (int l = 0; l < lanes; ++l) out[(first + static_cast<size_t>(l)) * kBins + bin] = energy[l];
    }
  }
}

}  // namespace hearken
