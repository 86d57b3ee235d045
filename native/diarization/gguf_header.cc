#include "diarization/gguf_header.h"

#include <algorithm>
#include <limits>

#include "core/error.h"

namespace hearken {
namespace {

// Far above what our files have (a header of 50 kB, 600 tensors, 14 MB) and far below what could hurt.
constexpr int64_t kMostHeader = 1 << 20;  // bytes: bounds all that is kept of names and metadata
constexpr int kMostKeys = 1024, kMostTensors = 8192, kMostDimensions = 4;
constexpr int kMostName = 128, kMostText = 1 << 16, kMostItems = 1 << 14;
constexpr int64_t kMostElements = int64_t{1} << 28;
constexpr int64_t kDefaultAlignment = 32, kMostAlignment = 4096;

enum ValueType : uint32_t {
  kUint8,
  kInt8,
  kUint16,
  kInt16,
  kUint32,
  kInt32,
  kFloat32,
  kBool,
  kString,
  kArray,
  kUint64,
  kInt64,
  kFloat64
};

class Reader {
 public:
  Reader(std::istream& in, int64_t size, const std::string& file) : in_(in), size_(size), file_(file) {}

  template <typename T>
  T take(const char* what) {
    T value{};
    bytes(&value, sizeof value, what);
    return value;
  }
  uint64_t count(uint64_t most, const char* what) {
    const auto n = take<uint64_t>(what);
    if (n > most) bad(std::string(what) + " claims to be " + std::to_string(n) + ", more than " + std::to_string(most));
    return n;
  }
  std::string text(int most, const char* what) {
    const auto length = static_cast<size_t>(count(static_cast<uint64_t>(most), what));
    need(static_cast<int64_t>(length), what);
    std::string value(length, '\0');
    bytes(value.data(), length, what);
    return value;
  }
  // Names get into error messages, so they are plain ASCII.
  std::string name(const char* what) {
    auto value = text(kMostName, what);
    const auto plain = [](char c) { return c > ' ' && c < 0x7f; };
    if (value.empty() || !std::all_of(value.begin(), value.end(), plain)) bad(std::string(what) + " is not plain text");
    return value;
  }
  int64_t position() const { return position_; }
  int64_t size() const { return size_; }
  [[noreturn]] void bad(const std::string& why) const { refuseGguf(file_, why); }

 private:
  void need(int64_t n, const char* what) const {
    if (n > size_ - position_) bad(std::string("it ends in the middle of ") + what + " (truncated?)");
    if (n > kMostHeader - position_) bad("its header is longer than " + std::to_string(kMostHeader) + " bytes");
  }
  void bytes(void* out, size_t n, const char* what) {
    need(static_cast<int64_t>(n), what);
    in_.read(static_cast<char*>(out), static_cast<std::streamsize>(n));
    if (!in_) bad(std::string("it could not be read at ") + what);
    position_ += static_cast<int64_t>(n);
  }

  std::istream& in_;
  const int64_t size_;
  const std::string& file_;
  int64_t position_ = 0;
};

GgufValue readScalar(Reader& in, uint32_t type, const std::string& key) {
  constexpr const char* what = "a metadata value";
  switch (type) {
    case kUint8:
      return int64_t{in.take<uint8_t>(what)};
    case kInt8:
      return int64_t{in.take<int8_t>(what)};
    case kUint16:
      return int64_t{in.take<uint16_t>(what)};
    case kInt16:
      return int64_t{in.take<int16_t>(what)};
    case kUint32:
      return int64_t{in.take<uint32_t>(what)};
    case kInt32:
      return int64_t{in.take<int32_t>(what)};
    case kFloat32:
      return double{in.take<float>(what)};
    case kBool: {
      const auto value = in.take<uint8_t>(what);
      if (value > 1) in.bad(key + " is neither true nor false");
      return value == 1;
    }
    case kString:
      return in.text(kMostText, what);
    case kUint64: {
      const auto value = in.take<uint64_t>(what);
      if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) in.bad(key + " is beyond any use");
      return static_cast<int64_t>(value);
    }
    case kInt64:
      return in.take<int64_t>(what);
    case kFloat64:
      return in.take<double>(what);
    default:
      in.bad(key + " has the unknown type " + std::to_string(type));
  }
}

GgufValue readArray(Reader& in, const std::string& key) {
  const auto type = in.take<uint32_t>("a metadata list");
  if (type == kArray) in.bad(key + " is a list of lists");
  const auto items = in.count(kMostItems, "the length of a metadata list");
  std::vector<int64_t> whole;
  for (uint64_t i = 0; i < items; ++i) {
    const auto item = readScalar(in, type, key);
    if (const auto* number = std::get_if<int64_t>(&item)) whole.push_back(*number);
  }
  if (whole.size() == items) return whole;
  return std::monostate{};
}

void readMetadata(Reader& in, uint64_t keys, GgufHeader& header) {
  for (uint64_t i = 0; i < keys; ++i) {
    const auto key = in.name("a metadata key");
    const auto type = in.take<uint32_t>("a metadata type");
    auto value = type == kArray ? readArray(in, key) : readScalar(in, type, key);
    if (!header.metadata.emplace(key, std::move(value)).second) in.bad("its metadata has " + key + " twice");
  }
}

int64_t alignmentOf(const Reader& in, const GgufHeader& header) {
  const auto found = header.metadata.find("general.alignment");
  if (found == header.metadata.end()) return kDefaultAlignment;
  const auto* value = std::get_if<int64_t>(&found->second);
  if (!value || *value < 8 || *value > kMostAlignment || (*value & (*value - 1)) != 0) {
    in.bad("its general.alignment is not a power of two from 8 to " + std::to_string(kMostAlignment));
  }
  return *value;
}

int64_t alignedUp(int64_t n, int64_t alignment) {
  return (n + alignment - 1) / alignment * alignment;
}

// Leaves each tensor's position relative to where the data begins, which is known only after the last of them.
// Offsets may be no other than those of tensors laid end to end, as GGUF's own writers do it: no overlap, no gap.
int64_t readTensors(Reader& in, uint64_t tensors, int64_t alignment, GgufHeader& header) {
  int64_t end = 0;
  for (uint64_t i = 0; i < tensors; ++i) {
    const auto name = in.name("a tensor's name");
    GgufTensor tensor;
    const auto dimensions = in.take<uint32_t>("a tensor's shape");
    if (dimensions < 1 || dimensions > kMostDimensions) {
      in.bad("tensor " + name + " has " + std::to_string(dimensions) + " dimensions");
    }
    tensor.elements = 1;
    for (uint32_t d = 0; d < dimensions; ++d) {
      const auto length = in.take<uint64_t>("a tensor's shape");
      if (length < 1 || length > static_cast<uint64_t>(kMostElements / tensor.elements)) {
        in.bad("tensor " + name + " has a dimension of " + std::to_string(length));
      }
      tensor.elements *= static_cast<int64_t>(length);
      tensor.shape.push_back(static_cast<int64_t>(length));
    }
    std::reverse(tensor.shape.begin(), tensor.shape.end());
    const auto type = in.take<uint32_t>("a tensor's type");
    if (type > static_cast<uint32_t>(GgufType::kF16)) {
      in.bad("tensor " + name + " has the type " + std::to_string(type) + ", neither f32 nor f16");
    }
    tensor.type = static_cast<GgufType>(type);
    const auto offset = in.take<uint64_t>("a tensor's offset");
    tensor.position = alignedUp(end, alignment);
    if (offset != static_cast<uint64_t>(tensor.position)) {
      in.bad("tensor " + name + " begins at " + std::to_string(offset) + " instead of " +
             std::to_string(tensor.position));
    }
    end = tensor.position + tensor.bytes();
    if (end > in.size()) in.bad("it ends before tensor " + name + " does (truncated?)");
    if (!header.tensors.emplace(name, std::move(tensor)).second) in.bad("tensor " + name + " is there twice");
  }
  return end;
}

}  // namespace

GgufHeader readGgufHeader(std::istream& stream, int64_t size, const std::string& file) {
  Reader in(stream, size, file);
  if (in.take<uint32_t>("its first bytes") != 0x46554747) in.bad("it does not begin with 'GGUF'");  // little-endian
  const auto version = in.take<uint32_t>("the version");
  if (version != 3) in.bad("it is of GGUF version " + std::to_string(version) + ", only 3 is read");
  const auto tensors = in.count(kMostTensors, "the number of tensors");
  const auto keys = in.count(kMostKeys, "the number of metadata keys");

  GgufHeader header;
  readMetadata(in, keys, header);
  const auto alignment = alignmentOf(in, header);
  const auto length = readTensors(in, tensors, alignment, header);
  const auto begin = alignedUp(in.position(), alignment);
  const auto end = begin + length;
  if (size < end) {
    in.bad("it has " + std::to_string(size) + " bytes of " + std::to_string(end) + " (truncated?)");
  }
  if (size > alignedUp(end, alignment)) in.bad("something follows its tensors, which end at " + std::to_string(end));
  for (auto& [name, tensor] : header.tensors) tensor.position += begin;
  return header;
}

void refuseGguf(const std::string& file, const std::string& why) {
  throw Error(codes::kModelFormat, file + " is not a usable diarization model in GGUF: " + why +
                                       ". Check it with 'hearken models verify', or reinstall hearken-models.");
}

std::string shapeText(const std::vector<int64_t>& shape) {
  std::string text;
  for (const auto length : shape) text += (text.empty() ? "" : "x") + std::to_string(length);
  return text;
}

}  // namespace hearken
