#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace hearken {

// What is computed is kept under the digest of what it was computed from: the first half of BLAKE2b-512.
using Digest = std::array<uint8_t, 32>;

// Lower-case hexadecimal digits.
std::string hex(const Digest& digest);

// BLAKE2b-512 without a key (RFC 7693), of bytes that come piece by piece. A copy goes on by itself from where it was
// made.
class Hash {
 public:
  Hash();
  void update(const void* data, size_t size);
  // A number as eight bytes, least significant first: the same on every machine.
  void update(uint64_t number);
  // Of all bytes so far; more may follow.
  std::array<uint8_t, 64> whole() const;
  Digest digest() const;
  uint64_t size() const { return hashed_ + held_; }

 private:
  static constexpr size_t kBlock = 128;
  uint64_t state_[8];
  uint64_t hashed_ = 0;  // bytes in state_
  uint8_t block_[kBlock];
  size_t held_ = 0;  // of block_: the last one is hashed differently, so a full one waits
};

}  // namespace hearken
