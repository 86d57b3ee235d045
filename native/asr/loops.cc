#include "asr/loops.h"

namespace hearken {
namespace {

constexpr size_t kLongestPhrase = 30;
constexpr size_t kLeastTimes = 4;
constexpr size_t kLeastSurplus = 12;

std::string key(const std::string& word) {
  std::string out;
  for (const char c : word) {
    const auto u = static_cast<unsigned char>(c);
    if (u >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')) out += c;
    if (c >= 'A' && c <= 'Z') out += static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace

std::optional<Loop> findLoop(const std::vector<std::string>& words) {
  std::vector<std::string> keys;
  keys.reserve(words.size());
  for (const auto& word : words) keys.push_back(key(word));
  const size_t n = keys.size();
  for (size_t first = 0; first < n; ++first) {
    for (size_t period = 1; period <= kLongestPhrase && first + kLeastTimes * period <= n; ++period) {
      size_t same = 0;  // words from first + period on that equal the word a period before
      while (first + period + same < n && keys[first + period + same] == keys[first + same]) ++same;
      const size_t times = 1 + same / period;
      if (times >= kLeastTimes && (times - 1) * period >= kLeastSurplus) return Loop{first, period, times};
    }
  }
  return std::nullopt;
}

}  // namespace hearken
