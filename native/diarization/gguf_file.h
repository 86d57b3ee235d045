#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace hearken {

// A GGUF file of one of our nets, its whole header checked against the file's size before anything is allocated for it:
// magic, version, bounded counts and lengths, known types, tensors that fill the file end to end without a gap, an
// overlap or anything behind them. Tensors are read one at a time, as float32 (of f32 and f16 files), so that a net can
// lay them out as it computes. For one thread at a time; the file stays open, so let it go once the weights are made.
class GgufFile {
 public:
  // Throws Error kModelNotFound, kModelFormat.
  explicit GgufFile(const std::string& path);
  ~GgufFile();
  GgufFile(const GgufFile&) = delete;
  GgufFile& operator=(const GgufFile&) = delete;

  const std::string& path() const;
  // Throws kModelFormat, naming both, where general.architecture is another: the file of another net.
  void requireArchitecture(const std::string& architecture) const;
  // Metadata; throws kModelFormat where a key is absent or of another type.
  std::string text(const std::string& key) const;
  int64_t integer(const std::string& key) const;
  std::vector<int64_t> integers(const std::string& key) const;
  double real(const std::string& key) const;
  bool has(const std::string& tensor) const;
  // The tensor's values, row-major with the LAST dimension contiguous (PyTorch's order). `shape` is what the net
  // expects, in PyTorch's order too; anything else throws kModelFormat naming tensor and shapes. So do a short read and
  // a value that is not finite.
  std::vector<float> tensor(const std::string& name, const std::vector<int64_t>& shape) const;
  // A net's way to refuse what only it can judge: throws kModelFormat with the file's name and the advice around `why`.
  [[noreturn]] void refuse(const std::string& why) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearken
