#include "diarization/gguf_file.h"

#include <ggml.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "core/error.h"
#include "diarization/gguf_header.h"

namespace hearken {
namespace {

constexpr int64_t kBlock = 1 << 14;  // values converted at a time

bool allFinite(const float* values, size_t count) {
  return std::all_of(values, values + count, [](float value) { return std::isfinite(value); });
}

}  // namespace

struct GgufFile::Impl {
  std::string path;
  mutable std::ifstream stream;  // 64-bit positions on every platform that we build for
  GgufHeader header;

  explicit Impl(const std::string& name) : path(name) {
    const auto file = std::filesystem::u8path(path);
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error)) {  // a pipe would block, a folder opens and then fails oddly
      throw Error(codes::kModelNotFound, "no model file at " + path + ": reinstall hearken-models, or name another.");
    }
    const auto size = static_cast<int64_t>(std::filesystem::file_size(file, error));
    stream.open(file, std::ios::binary);
    if (error || !stream) {
      throw Error(codes::kModelNotFound, "the model file " + path + " can't be read: " + std::strerror(errno) + ".");
    }
    header = readGgufHeader(stream, size, path);
  }

  template <typename T>
  T value(const std::string& key, const char* kind) const {
    const auto found = header.metadata.find(key);
    if (found == header.metadata.end()) refuseGguf(path, "its metadata lacks " + key);
    const auto* wanted = std::get_if<T>(&found->second);
    if (!wanted) refuseGguf(path, "its metadata has a " + key + " that is not " + kind);
    return *wanted;
  }

  void read(char* out, int64_t bytes, const std::string& name) const {
    stream.read(out, static_cast<std::streamsize>(bytes));
    if (!stream) {
      stream.clear();
      refuseGguf(path, "tensor " + name + " could not be read (was the file cut meanwhile?)");
    }
  }
};

GgufFile::GgufFile(const std::string& path) : impl_(std::make_unique<Impl>(path)) {}
GgufFile::~GgufFile() = default;

const std::string& GgufFile::path() const {
  return impl_->path;
}

void GgufFile::requireArchitecture(const std::string& architecture) const {
  auto found = text("general.architecture");
  if (found == architecture) return;
  found.resize(std::min<size_t>(found.size(), 64));
  const auto odd = [](char c) { return c < ' ' || c > '~'; };
  std::replace_if(found.begin(), found.end(), odd, '?');
  refuse("it is a '" + found + "' net where '" + architecture + "' is wanted");
}

std::string GgufFile::text(const std::string& key) const {
  return impl_->value<std::string>(key, "a text");
}
int64_t GgufFile::integer(const std::string& key) const {
  return impl_->value<int64_t>(key, "a whole number");
}
std::vector<int64_t> GgufFile::integers(const std::string& key) const {
  return impl_->value<std::vector<int64_t>>(key, "a list of whole numbers");
}
double GgufFile::real(const std::string& key) const {
  const auto value = impl_->value<double>(key, "a fractional number");
  if (!std::isfinite(value)) refuse("its metadata has a " + key + " that is not finite");
  return value;
}

bool GgufFile::has(const std::string& tensor) const {
  return impl_->header.tensors.count(tensor) != 0;
}

std::vector<float> GgufFile::tensor(const std::string& name, const std::vector<int64_t>& shape) const {
  const auto found = impl_->header.tensors.find(name);
  if (found == impl_->header.tensors.end()) refuse("it has no tensor " + name);
  const auto& tensor = found->second;
  if (tensor.shape != shape) {
    refuse("tensor " + name + " has the shape " + shapeText(tensor.shape) + " instead of " + shapeText(shape));
  }
  std::vector<float> values(static_cast<size_t>(tensor.elements));
  impl_->stream.seekg(static_cast<std::streamoff>(tensor.position));
  if (tensor.type == GgufType::kF32) {
    impl_->read(reinterpret_cast<char*>(values.data()), tensor.bytes(), name);
  } else {
    std::vector<ggml_fp16_t> block(static_cast<size_t>(std::min(kBlock, tensor.elements)));
    for (int64_t done = 0; done < tensor.elements; done += kBlock) {
      const auto count = std::min(kBlock, tensor.elements - done);
      impl_->read(reinterpret_cast<char*>(block.data()), count * 2, name);
      ggml_fp16_to_fp32_row(block.data(), values.data() + done, count);
    }
  }
  if (!allFinite(values.data(), values.size())) refuse("tensor " + name + " holds a value that is not finite");
  return values;
}

void GgufFile::refuse(const std::string& why) const {
  refuseGguf(impl_->path, why);
}

}  // namespace hearken
