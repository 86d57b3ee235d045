#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "audio/sources.h"
#include "check.h"
#include "core/cancel.h"
#include "core/error.h"

namespace audiotest {

using Samples = std::vector<float>;
using Bytes = std::vector<uint8_t>;

inline Samples readAll(hearken::AudioReader& reader, size_t block = 5000) {
  hearken::CancelToken cancel;
  Samples all;
  for (;;) {
    Samples part(block);
    const size_t got = reader.read(part.data(), block, cancel);
    all.insert(all.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(got));
    if (got < block) return all;
  }
}

inline std::unique_ptr<hearken::AudioReader> open(const std::string& path, const hearken::ReaderOptions& options = {}) {
  hearken::CancelToken cancel;
  return hearken::openFile(path, options, cancel);
}

inline std::unique_ptr<hearken::AudioReader> openMemory(const Bytes& bytes,
                                                        const hearken::ReaderOptions& options = {}) {
  hearken::CancelToken cancel;
  return hearken::openBytes(bytes.data(), bytes.size(), nullptr, options, cancel);
}

inline Samples readFile(const std::string& path) {
  return readAll(*open(path));
}

inline Bytes load(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

inline void put(Bytes& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<uint8_t>(value >> 8 * i));
}

// A wav file of 32-bit floats or 16-bit integers.
inline Bytes makeWav(const Samples& interleaved, int rate, int channels, bool floats = true) {
  const int width = floats ? 4 : 2;
  const auto data = static_cast<uint32_t>(interleaved.size() * static_cast<size_t>(width));
  Bytes out = {'R', 'I', 'F', 'F'};
  put(out, 36 + data, 4);
  for (char c : std::string("WAVEfmt ")) out.push_back(static_cast<uint8_t>(c));
  put(out, 16, 4);
  put(out, floats ? 3 : 1, 2);
  put(out, static_cast<uint64_t>(channels), 2);
  put(out, static_cast<uint64_t>(rate), 4);
  put(out, static_cast<uint64_t>(rate * channels * width), 4);
  put(out, static_cast<uint64_t>(channels * width), 2);
  put(out, static_cast<uint64_t>(8 * width), 2);
  for (char c : std::string("data")) out.push_back(static_cast<uint8_t>(c));
  put(out, data, 4);
  for (float v : interleaved) {
    uint32_t bits;
    std::memcpy(&bits, &v, 4);
    put(out, floats ? bits : static_cast<uint16_t>(std::lround(v * 32767)), width);
  }
  return out;
}

inline Samples tone(double hertz, int rate, double seconds, double level = 0.5) {
  Samples x(static_cast<size_t>(rate * seconds));
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<float>(level * std::sin(2 * 3.14159265358979323846 * hertz * static_cast<double>(i) / rate));
  }
  return x;
}

// Something like speech: band-limited noise that comes and goes, the same each time.
inline Samples babble(int rate, double seconds, uint32_t seed = 1) {
  Samples x(static_cast<size_t>(rate * seconds));
  double low = 0, smooth = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    seed = seed * 1664525u + 1013904223u;
    const double noise = static_cast<double>(seed >> 8) / (1 << 23) - 1;
    low += 0.2 * (noise - low);
    smooth += 0.3 * (low - smooth);
    const double t = static_cast<double>(i) / rate;
    x[i] = static_cast<float>(0.8 * smooth * (0.55 + 0.45 * std::sin(9 * t)));
  }
  return x;
}

inline double rms(const Samples& x, size_t from = 0, size_t to = SIZE_MAX) {
  double sum = 0;
  to = std::min(to, x.size());
  for (size_t i = from; i < to; ++i) sum += static_cast<double>(x[i]) * x[i];
  return to > from ? std::sqrt(sum / static_cast<double>(to - from)) : 0;
}

inline double correlationAt(const Samples& a, const Samples& b, int lag) {
  double ab = 0, aa = 1e-12, bb = 1e-12;
  for (size_t i = 0; i < a.size(); i += 3) {
    const auto j = static_cast<std::ptrdiff_t>(i) + lag;
    if (j < 0 || j >= static_cast<std::ptrdiff_t>(b.size())) continue;
    const double x = a[i], y = b[static_cast<size_t>(j)];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return std::fabs(ab) / std::sqrt(aa * bb);
}

// The best correlation of two signals over a lag of up to a tenth of a second.
inline double correlation(const Samples& a, const Samples& b, int lags = 1600) {
  int around = 0;
  double best = 0;
  for (int lag = -lags; lag <= lags; lag += 4) {
    const double here = correlationAt(a, b, lag);
    if (here > best) around = lag;
    best = std::max(best, here);
  }
  for (int lag = around - 3; lag <= around + 3; ++lag) best = std::max(best, correlationAt(a, b, lag));
  return best;
}

inline double largestDifference(const Samples& a, size_t at, const Samples& b) {
  double worst = at + b.size() > a.size() ? 1e9 : 0;
  for (size_t i = 0; i < b.size() && at + i < a.size(); ++i) {
    worst = std::max(worst, std::fabs(static_cast<double>(a[at + i]) - b[i]));
  }
  return worst;
}

inline void needFfmpeg() {
  if (hearken::findFfmpeg("").empty()) throw check::Skip{"there is no ffmpeg on PATH"};
}

// A file in the temporary folder that goes with this object.
class TemporaryFile {
 public:
  TemporaryFile(const std::string& name, const Bytes& bytes)
      : path_((std::filesystem::temp_directory_path() / ("hearken-test-" + run() + "-" + name)).string()) {
    std::ofstream(path_, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  ~TemporaryFile() {
    std::error_code error;
    std::filesystem::remove(path_, error);
  }
  const std::string& path() const { return path_; }

 private:
  // Tests of another process may have files of the same name.
  static const std::string& run() {
    static const std::string random = std::to_string(std::random_device()());
    return random;
  }
  std::string path_;
};

// Pushes bytes into a queue from a thread, as a JS stream would.
class Pusher {
 public:
  Pusher(std::shared_ptr<hearken::ByteQueue> queue, const Bytes& bytes, size_t block) {
    thread_ = std::thread([queue, &bytes, block] {
      for (size_t at = 0; at < bytes.size(); at += block) {
        while (queue->full()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at);
        queue->push(Bytes(begin, begin + static_cast<std::ptrdiff_t>(std::min(block, bytes.size() - at))));
      }
      queue->finish();
    });
  }
  ~Pusher() { thread_.join(); }

 private:
  std::thread thread_;
};

inline Samples readStream(const Bytes& bytes, size_t block, const hearken::PcmFormat* pcm = nullptr) {
  auto queue = std::make_shared<hearken::ByteQueue>(1 << 16);
  Pusher pusher(queue, bytes, block);
  hearken::CancelToken cancel;
  auto reader = hearken::openStream(queue, pcm, {}, cancel);
  return readAll(*reader);
}

}  // namespace audiotest
