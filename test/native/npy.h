#pragma once

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

// Reads the float32 arrays that the shared fixtures keep as NumPy .npy files.
namespace npy {

struct Array {
  std::vector<int64_t> shape;
  std::vector<float> values;  // row-major
};

inline Array read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const auto refuse = [&](const char* why) { throw std::runtime_error(path + ": " + why); };
  if (bytes.size() < 12 || bytes.compare(0, 6, "\x93NUMPY") != 0) refuse("not an .npy file");
  const auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<unsigned char>(bytes[i])); };
  const bool longHeader = byte(6) >= 2;
  const size_t begin = longHeader ? 12 : 10;
  const size_t length = longHeader ? byte(8) | byte(9) << 8 | byte(10) << 16 | byte(11) << 24 : byte(8) | byte(9) << 8;
  if (begin + length > bytes.size()) refuse("truncated header");
  const std::string header = bytes.substr(begin, length);
  if (header.find("'<f4'") == std::string::npos) refuse("not little-endian float32");
  if (header.find("'fortran_order': False") == std::string::npos) refuse("not row-major");
  Array array;
  size_t count = 1;
  for (size_t i = header.find('(') + 1; i < header.size() && header[i] != ')';) {
    size_t digits = 0;
    array.shape.push_back(std::stoll(header.substr(i), &digits));
    count *= static_cast<size_t>(array.shape.back());
    i += digits;
    while (i < header.size() && (header[i] == ',' || header[i] == ' ')) ++i;
  }
  if (bytes.size() != begin + length + count * sizeof(float)) refuse("its size is not what its header says");
  array.values.resize(count);
  std::memcpy(array.values.data(), bytes.data() + begin + length, count * sizeof(float));
  return array;
}

}  // namespace npy
