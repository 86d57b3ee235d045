#include "core/hash.h"

#include <algorithm>
#include <cstring>

namespace hearken {
namespace {

constexpr uint64_t kStart[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
                                0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

constexpr uint8_t kOrder[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};

constexpr int kRounds = 12;

// Byte by byte in the source, one load in what compilers make of it.
inline uint64_t load(const uint8_t* bytes) {
  uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value |= uint64_t{bytes[i]} << 8 * i;
  return value;
}

inline void store(uint64_t value, uint8_t* bytes) {
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<uint8_t>(value >> 8 * i);
}

inline uint64_t rotate(uint64_t value, int bits) {
  return value >> bits | value << (64 - bits);
}

inline void mix(uint64_t& a, uint64_t& b, uint64_t& c, uint64_t& d, uint64_t x, uint64_t y) {
  a += b + x;
  d = rotate(d ^ a, 32);
  c += d;
  b = rotate(b ^ c, 24);
  a += b + y;
  d = rotate(d ^ a, 16);
  c += d;
  b = rotate(b ^ c, 63);
}

// One round with its order of words known at compile time, so that all of them stay in registers or have fixed places.
template <int round>
inline void mixAll(uint64_t (&v)[16], const uint64_t (&m)[16]) {
  constexpr auto& o = kOrder[round % 10];
  mix(v[0], v[4], v[8], v[12], m[o[0]], m[o[1]]);
  mix(v[1], v[5], v[9], v[13], m[o[2]], m[o[3]]);
  mix(v[2], v[6], v[10], v[14], m[o[4]], m[o[5]]);
  mix(v[3], v[7], v[11], v[15], m[o[6]], m[o[7]]);
  mix(v[0], v[5], v[10], v[15], m[o[8]], m[o[9]]);
  mix(v[1], v[6], v[11], v[12], m[o[10]], m[o[11]]);
  mix(v[2], v[7], v[8], v[13], m[o[12]], m[o[13]]);
  mix(v[3], v[4], v[9], v[14], m[o[14]], m[o[15]]);
  if constexpr (round + 1 < kRounds) mixAll<round + 1>(v, m);
}

void compress(uint64_t (&state)[8], const uint8_t* block, uint64_t bytes, bool last) {
  uint64_t v[16], m[16];
  for (int i = 0; i < 16; ++i) m[i] = load(block + 8 * i);
  std::copy(state, state + 8, v);
  std::copy(kStart, kStart + 8, v + 8);
  v[12] ^= bytes;  // no input has 2^64 bytes: the upper half of the count stays 0
  if (last) v[14] = ~v[14];
  mixAll<0>(v, m);
  for (int i = 0; i < 8; ++i) state[i] ^= v[i] ^ v[i + 8];
}

}  // namespace

std::string hex(const Digest& digest) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

Hash::Hash() {
  std::copy(kStart, kStart + 8, state_);
  state_[0] ^= 0x01010000 ^ 64;  // 64 bytes of digest, no key
}

void Hash::update(const void* data, size_t size) {
  const auto* bytes = static_cast<const uint8_t*>(data);
  while (size > 0) {
    if (held_ == kBlock) {
      compress(state_, block_, hashed_ += kBlock, false);
      held_ = 0;
    }
    if (held_ == 0) {
      for (; size > kBlock; bytes += kBlock, size -= kBlock) compress(state_, bytes, hashed_ += kBlock, false);
    }
    const size_t part = std::min(size, kBlock - held_);
    std::memcpy(block_ + held_, bytes, part);
    held_ += part;
    bytes += part;
    size -= part;
  }
}

void Hash::update(uint64_t number) {
  uint8_t bytes[8];
  store(number, bytes);
  update(bytes, sizeof(bytes));
}

std::array<uint8_t, 64> Hash::whole() const {
  uint64_t state[8];
  std::copy(state_, state_ + 8, state);
  uint8_t last[kBlock] = {};
  std::copy(block_, block_ + held_, last);
  compress(state, last, hashed_ + held_, true);
  std::array<uint8_t, 64> out;
  for (size_t i = 0; i < 8; ++i) store(state[i], out.data() + 8 * i);
  return out;
}

Digest Hash::digest() const {
  const auto all = whole();
  Digest digest;
  std::copy(all.begin(), all.begin() + digest.size(), digest.begin());
  return digest;
}

}  // namespace hearken
