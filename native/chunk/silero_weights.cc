#include "chunk/silero_weights.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <numeric>

#include "core/error.h"
#include "ggml.h"

namespace hearken {
namespace {

constexpr uint32_t kMagic = 0x67676d6c;  // "ggml"
constexpr uintmax_t kMostBytes = 16 << 20;
constexpr int32_t kLayers[4][3] = {{129, 128, 3}, {128, 64, 3}, {64, 64, 3}, {64, 128, 3}};

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw Error(codes::kModelFormat, path + " is not a usable Silero VAD model: " + why +
                                       "; get the file again, or use the one that comes with hearken");
}

// Takes fields from the file's bytes and never looks beyond them.
class Fields {
 public:
  Fields(const std::string& path, const std::vector<char>& bytes) : path_(path), bytes_(bytes) {}
  bool atEnd() const { return at_ == bytes_.size(); }
  const char* take(size_t n) {
    if (n > bytes_.size() - at_) refuse(path_, "the file is cut short at byte " + std::to_string(bytes_.size()));
    at_ += n;
    return bytes_.data() + at_ - n;
  }
  int32_t number() {
    int32_t value;
    std::memcpy(&value, take(sizeof value), sizeof value);
    return value;
  }
  void expect(int32_t wanted, const char* name) {
    const int32_t found = number();
    if (found != wanted) {
      refuse(path_, std::string(name) + " is " + std::to_string(found) + ", not " + std::to_string(wanted));
    }
  }

 private:
  const std::string& path_;
  const std::vector<char>& bytes_;
  size_t at_ = 0;
};

struct Tensor {
  std::vector<int32_t> shape;  // fastest first, without the trailing ones
  ggml_type type;
  std::vector<float>* into;
};

std::vector<char> readWhole(const std::string& path) {
  std::error_code ignored;
  const auto status = std::filesystem::status(path, ignored);
  if (!std::filesystem::exists(status)) {
    throw Error(codes::kModelNotFound, "there is no Silero VAD model at " + path);
  }
  if (!std::filesystem::is_regular_file(status)) refuse(path, "it is not a file");
  const uintmax_t size = std::filesystem::file_size(path, ignored);
  if (ignored || size > kMostBytes) refuse(path, "its size is not that of this model");
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(codes::kModelNotFound, "the Silero VAD model " + path + " cannot be opened for reading");
  std::vector<char> bytes(size);
  file.read(bytes.data(), static_cast<std::streamsize>(size));
  bytes.resize(static_cast<size_t>(file.gcount()));
  return bytes;
}

void checkHeader(Fields& fields, const std::string& path) {
  if (static_cast<uint32_t>(fields.number()) != kMagic) refuse(path, "it does not begin with ggml's magic number");
  const int32_t nameLength = fields.number();
  const std::string wanted = "silero-16k";
  if (nameLength != static_cast<int32_t>(wanted.size()) ||
      wanted.compare(0, wanted.size(), fields.take(wanted.size()), wanted.size()) != 0) {
    refuse(path, "it holds another kind of model");
  }
  const int32_t major = fields.number();
  fields.take(2 * sizeof(int32_t));
  if (major != 5 && major != 6) refuse(path, "its version " + std::to_string(major) + " is unknown");
  fields.expect(512, "the frame length");
  fields.expect(64, "the context length");
  fields.expect(4, "the number of layers");
  for (const auto& layer : kLayers) {
    fields.expect(layer[0], "a layer's input");
    fields.expect(layer[1], "a layer's output");
    fields.expect(layer[2], "a layer's kernel");
  }
  fields.expect(128, "the LSTM's input");
  fields.expect(128, "the LSTM's state");
  fields.expect(128, "the last layer's input");
  fields.expect(1, "the last layer's output");
}

void readTensor(Fields& fields, const std::string& path, std::map<std::string, Tensor>& wanted) {
  const int32_t dims = fields.number(), nameLength = fields.number(), type = fields.number();
  if (dims < 0 || dims > 4 || nameLength < 1 || nameLength > 256) refuse(path, "a tensor's head is damaged");
  std::vector<int32_t> shape(static_cast<size_t>(dims));
  for (auto& n : shape) n = fields.number();
  while (!shape.empty() && shape.back() == 1) shape.pop_back();
  const std::string name(fields.take(static_cast<size_t>(nameLength)), static_cast<size_t>(nameLength));
  const auto found = wanted.find(name);
  if (found == wanted.end()) refuse(path, "it has a tensor that the model has not, or has it twice");
  const Tensor& tensor = found->second;
  if (shape != tensor.shape || type != tensor.type) refuse(path, "the tensor " + name + " has the wrong shape or type");
  const size_t count = std::accumulate(shape.begin(), shape.end(), size_t{1}, std::multiplies<size_t>());
  tensor.into->resize(count);
  if (type == GGML_TYPE_F16) {
    std::vector<ggml_fp16_t> half(count);
    std::memcpy(half.data(), fields.take(count * sizeof(ggml_fp16_t)), count * sizeof(ggml_fp16_t));
    ggml_fp16_to_fp32_row(half.data(), tensor.into->data(), static_cast<int64_t>(count));
  } else {
    std::memcpy(tensor.into->data(), fields.take(count * sizeof(float)), count * sizeof(float));
  }
  for (const float value : *tensor.into) {
    if (!std::isfinite(value)) refuse(path, "the tensor " + name + " holds numbers that are not finite");
  }
  wanted.erase(found);
}

}  // namespace

std::shared_ptr<const SileroWeights> loadSileroWeights(const std::string& path) {
  const std::vector<char> bytes = readWhole(path);
  Fields fields(path, bytes);
  checkHeader(fields, path);

  auto weights = std::make_shared<SileroWeights>();
  auto& w = *weights;
  std::vector<float> outBias;
  std::map<std::string, Tensor> wanted;
  for (int i = 0; i < 4; ++i) {
    const std::string layer = "_model.encoder." + std::to_string(i) + ".reparam_conv.";
    wanted[layer + "weight"] = {{kLayers[i][2], kLayers[i][0], kLayers[i][1]}, GGML_TYPE_F16, &w.weight[i]};
    wanted[layer + "bias"] = {{kLayers[i][1]}, GGML_TYPE_F32, &w.bias[i]};
  }
  wanted["_model.stft.forward_basis_buffer"] = {{256, 1, 258}, GGML_TYPE_F16, &w.basis};
  wanted["_model.decoder.rnn.weight_ih"] = {{128, 512}, GGML_TYPE_F32, &w.inputWeight};
  wanted["_model.decoder.rnn.weight_hh"] = {{128, 512}, GGML_TYPE_F32, &w.hiddenWeight};
  wanted["_model.decoder.rnn.bias_ih"] = {{512}, GGML_TYPE_F32, &w.inputBias};
  wanted["_model.decoder.rnn.bias_hh"] = {{512}, GGML_TYPE_F32, &w.hiddenBias};
  wanted["_model.decoder.decoder.2.weight"] = {{128}, GGML_TYPE_F16, &w.outWeight};
  wanted["_model.decoder.decoder.2.bias"] = {{}, GGML_TYPE_F32, &outBias};
  while (!fields.atEnd()) readTensor(fields, path, wanted);
  if (!wanted.empty()) refuse(path, "the tensor " + wanted.begin()->first + " is missing");
  w.outBias = outBias[0];

  size_t floats = w.basis.size() + w.inputWeight.size() + w.hiddenWeight.size() + w.inputBias.size() +
                  w.hiddenBias.size() + w.outWeight.size();
  for (int i = 0; i < 4; ++i) floats += w.weight[i].size() + w.bias[i].size();
  w.memory = Allocation(MemoryKind::kWeights, static_cast<int64_t>(floats * sizeof(float)));
  return weights;
}

}  // namespace hearken
