#include "asr/model_tensors.h"

namespace hearken {
namespace {

class Table {
 public:
  explicit Table(ggml_type weights) : weights_(weights) {}

  void vector(const std::string& name, int64_t n) { all[name] = {{n, 1, 1}, GGML_TYPE_F32}; }
  void plain(const std::string& name, int64_t columns, int64_t rows) {
    all[name] = {{columns, rows, 1}, GGML_TYPE_F32};
  }
  void matrix(const std::string& name, int64_t columns, int64_t rows) { all[name] = {{columns, rows, 1}, weights_}; }
  // Convolutions are never quantised.
  void convolution(const std::string& name, int64_t in, int64_t out) {
    all[name + ".weight"] = {{3, in, out}, weights_ == GGML_TYPE_F32 ? GGML_TYPE_F32 : GGML_TYPE_F16};
    plain(name + ".bias", 1, out);
  }
  void norm(const std::string& name, int64_t n) {
    vector(name + ".weight", n);
    vector(name + ".bias", n);
  }
  void linear(const std::string& name, int64_t in, int64_t out) {
    matrix(name + ".weight", in, out);
    vector(name + ".bias", out);
  }
  void attention(const std::string& name, int64_t n) {
    norm(name + "_ln", n);
    linear(name + ".query", n, n);
    matrix(name + ".key.weight", n, n);  // keys have no bias
    linear(name + ".value", n, n);
    linear(name + ".out", n, n);
  }
  void block(const std::string& name, int64_t n) {
    attention(name + ".attn", n);
    norm(name + ".mlp_ln", n);
    linear(name + ".mlp.0", n, 4 * n);
    linear(name + ".mlp.2", 4 * n, n);
  }

  std::unordered_map<std::string, TensorShape> all;

 private:
  ggml_type weights_;
};

}  // namespace

std::unordered_map<std::string, TensorShape> expectedTensors(const ModelInfo& info, ggml_type weights) {
  Table table(weights);
  const int64_t n = info.audioState;  // that of the decoder, too
  table.plain("encoder.positional_embedding", n, info.audioContext);
  table.convolution("encoder.conv1", info.mels, n);
  table.convolution("encoder.conv2", n, n);
  table.norm("encoder.ln_post", n);
  for (int i = 0; i < info.audioLayers; ++i) table.block("encoder.blocks." + std::to_string(i), n);
  table.plain("decoder.positional_embedding", n, info.textContext);
  table.matrix("decoder.token_embedding.weight", n, info.vocabulary);
  table.norm("decoder.ln", n);
  for (int i = 0; i < info.textLayers; ++i) {
    const std::string name = "decoder.blocks." + std::to_string(i);
    table.block(name, n);
    table.attention(name + ".cross_attn", n);
  }
  return std::move(table.all);
}

}  // namespace hearken
