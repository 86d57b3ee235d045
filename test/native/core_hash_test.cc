#include <algorithm>
#include <string>
#include <vector>

#include "check.h"
#include "core/hash.h"

using namespace hearken;

namespace {

std::string hexOf(const Hash& hash) {
  const auto bytes = hash.whole();
  Digest half;
  std::string text;
  for (size_t part = 0; part < 2; ++part) {
    for (size_t i = 0; i < half.size(); ++i) half[i] = bytes[part * half.size() + i];
    text += hex(half);
  }
  return text;
}

}  // namespace

// RFC 7693, appendix A, and the digest of nothing.
TEST(hash_is_blake2b) {
  Hash hash;
  CHECK(hexOf(hash) ==
        "786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419d25e1031afee585313896444934eb04b903a685b1448b755"
        "d56f701afe9be2ce");
  hash.update("abc", 3);
  CHECK(hexOf(hash) ==
        "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925a"
        "b92386edd4009923");
  CHECK(hex(hash.digest()) == hexOf(hash).substr(0, 64) && hash.size() == 3);
}

TEST(hash_does_not_depend_on_how_bytes_come) {
  std::vector<uint8_t> bytes(1000);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * 7 + i / 256);
  for (const size_t size : {0, 1, 127, 128, 129, 255, 256, 257, 1000}) {
    Hash whole;
    whole.update(bytes.data(), size);
    for (const size_t part : {1, 3, 64, 127, 128, 129, 300}) {
      Hash parts;
      for (size_t at = 0; at < size; at += part) {
        parts.update(bytes.data() + at, std::min(part, size - at));
        const Hash copy = parts;
        CHECK(copy.digest() == parts.digest());  // and asking changes nothing
      }
      CHECK(parts.whole() == whole.whole());
    }
  }
  Hash number, same;
  number.update(uint64_t{0x0102030405060708});
  same.update("\x08\x07\x06\x05\x04\x03\x02\x01", 8);
  CHECK(number.digest() == same.digest());
}
