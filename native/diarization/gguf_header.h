#pragma once

#include <cstdint>
#include <istream>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace hearken {

enum class GgufType : uint32_t { kF32 = 0, kF16 = 1 };

struct GgufTensor {
  std::vector<int64_t> shape;  // PyTorch's order: the last dimension is contiguous. GGUF has it the other way round.
  GgufType type = GgufType::kF32;
  int64_t elements = 0;
  int64_t position = 0;  // in the file
  int64_t bytes() const { return elements * (type == GgufType::kF32 ? 4 : 2); }
};

// Lists of anything but whole numbers are checked and passed over: no net of ours reads one.
using GgufValue = std::variant<std::monostate, bool, int64_t, double, std::string, std::vector<int64_t>>;

struct GgufHeader {
  std::map<std::string, GgufValue> metadata;
  std::map<std::string, GgufTensor> tensors;
};

// Reads and checks the header of GGUF version 3 in a file of `size` bytes, and that tensors fill the rest of it. `file`
// is what errors call it. Throws Error kModelFormat.
GgufHeader readGgufHeader(std::istream& in, int64_t size, const std::string& file);

[[noreturn]] void refuseGguf(const std::string& file, const std::string& why);
std::string shapeText(const std::vector<int64_t>& shape);

}  // namespace hearken
