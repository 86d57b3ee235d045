#include "asr/model_file.h"

#include <ggml.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>

#include "asr/model_tensors.h"
#include "asr/words.h"
#include "core/error.h"

namespace hearken {
namespace {

constexpr uint32_t kMagic = 0x67676d6c;  // "ggml"
constexpr int kMaxName = 128;
constexpr int kMaxToken = 512;
constexpr int64_t kReadOn = 4096;  // bytes that are sooner read than skipped

class Reader {
 public:
  Reader(const std::string& path, std::ifstream& in, int64_t size) : path_(path), in_(in), size_(size) {}

  template <typename T>
  T take(const char* what) {
    T value{};
    bytes(&value, sizeof value, what);
    return value;
  }
  void bytes(void* out, size_t n, const char* what) {
    need(static_cast<int64_t>(n), what);
    in_.read(static_cast<char*>(out), static_cast<std::streamsize>(n));
    if (!in_) bad(std::string("could not be read at ") + what);
    position_ += static_cast<int64_t>(n);
  }
  void skip(int64_t n, const char* what) {
    need(n, what);
    position_ += n;
    // A seek drops what was read ahead: for the 50,000 words of a vocabulary that took longer than all the rest.
    if (n < kReadOn) {
      in_.ignore(n);
    } else {
      in_.seekg(position_);
    }
  }
  bool atEnd() const { return position_ == size_; }
  [[noreturn]] void bad(const std::string& why) const {
    throw Error(codes::kModelFormat,
                path_ + " is not a usable ggml Whisper model: " + why +
                    ". Get it again with 'hearken models pull', or check it with 'hearken models verify'.");
  }

 private:
  void need(int64_t n, const char* what) const {
    if (n < 0 || n > size_ - position_) bad(std::string("it ends in the middle of ") + what + " (truncated?)");
  }
  const std::string& path_;
  std::ifstream& in_;
  int64_t size_;
  int64_t position_ = 0;
};

std::string typeName(int audioLayers) {
  switch (audioLayers) {
    case 4:
      return "tiny";
    case 6:
      return "base";
    case 12:
      return "small";
    case 24:
      return "medium";
    case 32:
      return "large";
  }
  return "";
}

ModelInfo readHeader(Reader& in, ggml_type& weights) {
  ModelInfo info;
  if (in.take<uint32_t>("its first bytes") != kMagic) in.bad("it does not begin with ggml's magic number");
  info.vocabulary = in.take<int32_t>("the header");
  info.audioContext = in.take<int32_t>("the header");
  info.audioState = in.take<int32_t>("the header");
  info.audioHeads = in.take<int32_t>("the header");
  info.audioLayers = in.take<int32_t>("the header");
  info.textContext = in.take<int32_t>("the header");
  info.textState = in.take<int32_t>("the header");
  info.textHeads = in.take<int32_t>("the header");
  info.textLayers = in.take<int32_t>("the header");
  info.mels = in.take<int32_t>("the header");
  const int32_t ftype = in.take<int32_t>("the header");

  const auto inRange = [](int value, int low, int high) { return value >= low && value <= high; };
  const auto require = [&](bool ok, const char* field, int value) {
    if (!ok) in.bad(std::string("its header says ") + field + " = " + std::to_string(value));
  };
  // 51864: English only; 51865: multilingual; 51866: large-v3 and turbo. Everything whisper.cpp derives hangs on these.
  require(inRange(info.vocabulary, 51864, 51866), "vocabulary size", info.vocabulary);
  require(info.audioContext == 1500, "audio context", info.audioContext);
  require(info.textContext == 448, "text context", info.textContext);
  require(inRange(info.audioState, 64, 1280) && info.audioState % 64 == 0, "audio state", info.audioState);
  require(info.textState == info.audioState, "text state", info.textState);
  require(info.audioHeads == info.audioState / 64, "audio heads", info.audioHeads);
  require(info.textHeads == info.textState / 64, "text heads", info.textHeads);
  require(!typeName(info.audioLayers).empty(), "audio layers", info.audioLayers);
  require(inRange(info.textLayers, 1, 32), "text layers", info.textLayers);
  require(info.mels == 80 || info.mels == 128, "mel bands", info.mels);
  require(ftype >= 0 && ftype / GGML_QNT_VERSION_FACTOR <= GGML_QNT_VERSION, "weight type", ftype);

  const int plain = ftype % GGML_QNT_VERSION_FACTOR;
  switch (plain) {            // those that whisper.cpp's quantiser writes; ggml_ftype_to_ggml_type asserts on others
    case GGML_FTYPE_ALL_F32:  // whisper.cpp loads it, and ends the process at the first convolution
      in.bad("its weights are f32, which whisper.cpp can't compute with: convert them to f16");
    case GGML_FTYPE_MOSTLY_F16:
      weights = GGML_TYPE_F16;
      break;
    case GGML_FTYPE_MOSTLY_Q4_0:
      weights = GGML_TYPE_Q4_0;
      break;
    case GGML_FTYPE_MOSTLY_Q4_1:
      weights = GGML_TYPE_Q4_1;
      break;
    case GGML_FTYPE_MOSTLY_Q5_0:
      weights = GGML_TYPE_Q5_0;
      break;
    case GGML_FTYPE_MOSTLY_Q5_1:
      weights = GGML_TYPE_Q5_1;
      break;
    case GGML_FTYPE_MOSTLY_Q8_0:
      weights = GGML_TYPE_Q8_0;
      break;
    case GGML_FTYPE_MOSTLY_Q2_K:
      weights = GGML_TYPE_Q2_K;
      break;
    case GGML_FTYPE_MOSTLY_Q3_K:
      weights = GGML_TYPE_Q3_K;
      break;
    case GGML_FTYPE_MOSTLY_Q4_K:
      weights = GGML_TYPE_Q4_K;
      break;
    case GGML_FTYPE_MOSTLY_Q5_K:
      weights = GGML_TYPE_Q5_K;
      break;
    case GGML_FTYPE_MOSTLY_Q6_K:
      weights = GGML_TYPE_Q6_K;
      break;
    default:
      in.bad("its header says weight type = " + std::to_string(ftype));
  }
  if (info.audioState % ggml_blck_size(weights) != 0) {  // ggml takes rows for whole blocks
    in.bad(std::string("its header says weight type = ") + ggml_type_name(weights) + ", which rows of " +
           std::to_string(info.audioState) + " weights can't have");
  }
  info.type = typeName(info.audioLayers);
  info.multilingual = info.vocabulary >= 51865;
  info.quantization = ggml_type_name(weights);
  info.fileType = ftype;
  return info;
}

void readTables(Reader& in, const ModelInfo& info) {
  const int32_t mels = in.take<int32_t>("the mel filters");
  const int32_t bins = in.take<int32_t>("the mel filters");
  if (mels != info.mels || bins != 201)
    in.bad("its mel filters are " + std::to_string(mels) + "x" + std::to_string(bins));
  in.skip(int64_t{4} * mels * bins, "the mel filters");

  const int32_t tokens = in.take<int32_t>("the vocabulary");
  if (tokens < 1 || tokens > info.vocabulary) in.bad("its vocabulary has " + std::to_string(tokens) + " tokens");
  for (int i = 0; i < tokens; ++i) {
    const uint32_t length = in.take<uint32_t>("the vocabulary");
    if (length > kMaxToken) in.bad("token " + std::to_string(i) + " is " + std::to_string(length) + " bytes long");
    in.skip(length, "the vocabulary");
  }
}

void readTensors(Reader& in, const ModelInfo& info, ggml_type weights) {
  const auto expected = expectedTensors(info, weights);
  std::set<std::string> seen;
  while (!in.atEnd()) {
    const int32_t dimensions = in.take<int32_t>("a tensor's header");
    const int32_t length = in.take<int32_t>("a tensor's header");
    const int32_t type = in.take<int32_t>("a tensor's header");
    if (dimensions < 1 || dimensions > 3) in.bad("a tensor has " + std::to_string(dimensions) + " dimensions");
    if (length < 1 || length > kMaxName) in.bad("a tensor's name is " + std::to_string(length) + " bytes long");
    int64_t shape[3] = {1, 1, 1};
    int64_t elements = 1;
    for (int i = 0; i < dimensions; ++i) {
      shape[i] = in.take<int32_t>("a tensor's shape");
      if (shape[i] < 1 || shape[i] > 1 << 20) in.bad("a tensor has a dimension of " + std::to_string(shape[i]));
      elements *= shape[i];
      if (elements > int64_t{1} << 28) in.bad("a tensor has " + std::to_string(elements) + " elements");
    }
    std::string name(static_cast<size_t>(length), '\0');
    in.bytes(name.data(), name.size(), "a tensor's name");
    const auto wanted = expected.find(name);
    if (wanted == expected.end()) in.bad("it has a tensor '" + trimmed(toUtf8(name)) + "', which Whisper has not");
    const ggml_type kind = wanted->second.type;
    if (type != kind) {
      in.bad("tensor " + name + " has type " + std::to_string(type) + " instead of " + ggml_type_name(kind));
    }
    const auto& dims = wanted->second.shape;
    if (!std::equal(dims.begin(), dims.end(), shape)) {
      in.bad("tensor " + name + " has shape " + std::to_string(shape[0]) + "x" + std::to_string(shape[1]) + "x" +
             std::to_string(shape[2]));
    }
    const int64_t bytes = elements / ggml_blck_size(kind) * static_cast<int64_t>(ggml_type_size(kind));
    if (!seen.insert(name).second) in.bad("tensor " + name + " is there twice");
    in.skip(bytes, ("tensor " + name).c_str());
  }
  if (seen.size() != expected.size()) {
    in.bad("it has " + std::to_string(seen.size()) + " tensors of " + std::to_string(expected.size()) +
           " (truncated?)");
  }
}

}  // namespace

ModelInfo inspectModelFile(const std::string& path) {
  std::error_code error;
  const auto file = std::filesystem::u8path(path);
  if (!std::filesystem::is_regular_file(file, error)) {
    throw Error(codes::kModelNotFound,
                "no model file at " + path + ": name a file, or get one with 'hearken models pull'.");
  }
  const auto size = static_cast<int64_t>(std::filesystem::file_size(file, error));
  std::ifstream stream(file, std::ios::binary);
  if (error || !stream) {
    throw Error(codes::kModelNotFound, "the model file " + path + " can't be read: " + std::strerror(errno) + ".");
  }
  Reader in(path, stream, size);
  ggml_type weights = GGML_TYPE_F16;
  ModelInfo info = readHeader(in, weights);
  readTables(in, info);
  readTensors(in, info, weights);
  return info;
}

}  // namespace hearken
