// A version byte, the number of voices, the activities slot by slot, the voices by piece, a check sum. Numbers have their
// least significant byte first.
#include "diarization/window_record.h"

#include <algorithm>

namespace hearken {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kCheckBytes = 8;

void put(uint16_t value, PackedRecord& out) {
  out.push_back(static_cast<uint8_t>(value));
  out.push_back(static_cast<uint8_t>(value >> 8));
}

// A step from one frame to the next is mostly small: seven bits a byte, the highest says that more follow. The lowest
// bit of the number is the sign.
void putStep(int step, PackedRecord& out) {
  auto number = static_cast<uint32_t>(step < 0 ? -2 * step - 1 : 2 * step);
  for (; number >= 128; number >>= 7) out.push_back(static_cast<uint8_t>(number | 128));
  out.push_back(static_cast<uint8_t>(number));
}

// Reads what the above wrote; `ok` is false from the first thing on that it can't have written.
class Reader {
 public:
  Reader(const uint8_t* at, const uint8_t* end) : at_(at), end_(end) {}
  uint8_t byte() {
    ok = ok && at_ < end_;
    return ok ? *at_++ : uint8_t{0};
  }
  uint16_t number() {
    const uint8_t low = byte();
    return static_cast<uint16_t>(low | byte() << 8);
  }
  int step() {
    uint32_t number = 0;
    for (int shift = 0; shift <= 14; shift += 7) {
      const uint8_t part = byte();
      number |= uint32_t{part & 127u} << shift;
      if (part < 128) return number % 2 ? -static_cast<int>(number / 2) - 1 : static_cast<int>(number / 2);
    }
    ok = false;
    return 0;
  }
  bool atEnd() const { return at_ == end_; }
  bool ok = true;

 private:
  const uint8_t *at_, *end_;
};

std::array<uint8_t, kCheckBytes> check(const uint8_t* bytes, size_t size, const Digest& digest) {
  Hash hash;
  hash.update(digest.data(), digest.size());
  hash.update(bytes, size);
  const Digest all = hash.digest();
  std::array<uint8_t, kCheckBytes> sum;
  std::copy_n(all.begin(), kCheckBytes, sum.begin());
  return sum;
}

}  // namespace

const VoiceNumbers* WindowRecord::voiceOf(uint16_t piece) const {
  const auto found = std::find_if(heard.begin(), heard.end(), [&](const Heard& h) { return h.piece == piece; });
  return found == heard.end() ? nullptr : &found->voice;
}

PackedRecord pack(const WindowRecord& record, const Digest& digest) {
  std::vector<const WindowRecord::Heard*> heard;
  for (const auto& one : record.heard) heard.push_back(&one);
  std::sort(heard.begin(), heard.end(), [](const auto* a, const auto* b) { return a->piece < b->piece; });
  PackedRecord out;
  out.push_back(kVersion);
  put(static_cast<uint16_t>(heard.size()), out);
  for (const auto& slot : record.activities) {
    int before = 0;
    for (const uint16_t value : slot) {
      putStep(value - before, out);
      before = value;
    }
  }
  for (const auto* one : heard) {
    put(one->piece, out);
    for (const int16_t value : one->voice) put(static_cast<uint16_t>(value), out);
  }
  const auto sum = check(out.data(), out.size(), digest);
  out.insert(out.end(), sum.begin(), sum.end());
  return out;
}

bool unpack(const PackedRecord& bytes, const Digest& digest, WindowRecord& out) {
  if (bytes.size() < kCheckBytes) return false;
  const size_t size = bytes.size() - kCheckBytes;
  const auto sum = check(bytes.data(), size, digest);
  if (!std::equal(sum.begin(), sum.end(), bytes.begin() + static_cast<std::ptrdiff_t>(size))) return false;
  Reader reader(bytes.data(), bytes.data() + size);
  if (reader.byte() != kVersion) return false;
  const size_t count = reader.number();
  for (auto& slot : out.activities) {
    int value = 0;
    for (auto& frame : slot) {
      value += reader.step();
      if (value < 0 || value > UINT16_MAX) return false;
      frame = static_cast<uint16_t>(value);
    }
  }
  out.heard.clear();
  for (size_t i = 0; i < count && reader.ok; ++i) {
    auto& one = out.heard.emplace_back();
    one.piece = reader.number();
    for (auto& value : one.voice) value = static_cast<int16_t>(reader.number());
  }
  return reader.ok && reader.atEnd();
}

}  // namespace hearken
