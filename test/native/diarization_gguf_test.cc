// The reader of the nets' weights: what a sound file gives, and that no wrong, cut or hostile one gets past it.
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#ifndef _WIN32
#include <sys/stat.h>
#endif

#include "check.h"
#include "core/error.h"
#include "diarization/gguf_file.h"

using namespace hearken;

namespace {

namespace fs = std::filesystem;

class Bytes {
 public:
  template <typename T>
  Bytes& put(T value) {
    return raw(&value, sizeof value);
  }
  Bytes& raw(const void* from, size_t n) {
    data.append(static_cast<const char*>(from), n);
    return *this;
  }
  Bytes& text(const std::string& value) { return put<uint64_t>(value.size()).raw(value.data(), value.size()); }
  std::string data;
};

// A file of which each part can be given wrong.
struct Draft {
  uint32_t version = 3;
  std::string magic = "GGUF";
  uint64_t claimedTensors = 0, claimedKeys = 0;  // beyond what is there
  std::vector<std::string> keys, tensors;        // as they stand in the file
  std::string data;

  void key(const std::string& name, uint32_t type, const Bytes& value) {
    keys.push_back(Bytes().text(name).put(type).raw(value.data.data(), value.data.size()).data);
  }
  void tensor(const std::string& name, const std::vector<uint64_t>& ne, uint32_t type, uint64_t offset) {
    Bytes out;
    out.text(name).put(static_cast<uint32_t>(ne.size()));
    for (const auto n : ne) out.put(n);
    tensors.push_back(out.put(type).put(offset).data);
  }
  size_t headerBytes() const {
    size_t bytes = 24;
    for (const auto& part : keys) bytes += part.size();
    for (const auto& part : tensors) bytes += part.size();
    return bytes;
  }
  std::string file(size_t alignment = 32) const {
    Bytes out;
    out.raw(magic.data(), magic.size()).put(version);
    out.put<uint64_t>(tensors.size() + claimedTensors).put<uint64_t>(keys.size() + claimedKeys);
    for (const auto& part : keys) out.raw(part.data(), part.size());
    for (const auto& part : tensors) out.raw(part.data(), part.size());
    out.data.resize((out.data.size() + alignment - 1) / alignment * alignment);
    return out.data + data;
  }
};

// Metadata of every type, a 2 × 3 tensor in f32, one of 5 in f16.
Draft sound() {
  Draft draft;
  draft.key("general.architecture", 8, Bytes().text("campplus"));
  draft.key("a.u8", 0, Bytes().put<uint8_t>(200));
  draft.key("a.i8", 1, Bytes().put<int8_t>(-2));
  draft.key("a.u16", 2, Bytes().put<uint16_t>(65000));
  draft.key("a.i16", 3, Bytes().put<int16_t>(-300));
  draft.key("a.u32", 4, Bytes().put<uint32_t>(4000000000u));
  draft.key("a.i32", 5, Bytes().put<int32_t>(-5));
  draft.key("a.f32", 6, Bytes().put(0.5f));
  draft.key("a.bool", 7, Bytes().put<uint8_t>(1));
  draft.key("a.u64", 10, Bytes().put<uint64_t>(1));
  draft.key("a.i64", 11, Bytes().put<int64_t>(-1));
  draft.key("a.f64", 12, Bytes().put(0.25));
  draft.key("a.list", 9, Bytes().put<uint32_t>(5).put<uint64_t>(3).put(12).put(24).put(16));
  draft.key("a.texts", 9, Bytes().put<uint32_t>(8).put<uint64_t>(2).text("x").text(""));
  draft.tensor("plain", {3, 2}, 0, 0);
  draft.tensor("half", {5}, 1, 32);
  Bytes data;
  for (int i = 0; i < 6; ++i) data.put(1.5f * static_cast<float>(i));
  data.data.resize(32);
  for (const uint16_t bits : {0x3c00, 0xc000, 0x3555, 0x0001, 0x7bff}) data.put(bits);
  draft.data = data.data;
  return draft;
}

class TemporaryFile {
 public:
  TemporaryFile()
      : path_(fs::temp_directory_path() / ("hearken-gguf-" + std::to_string(std::random_device()()) + ".gguf")) {}
  explicit TemporaryFile(const std::string& bytes) : TemporaryFile() { write(bytes); }
  ~TemporaryFile() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  void write(const std::string& bytes) const {
    std::ofstream(path_, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  std::string path() const { return path_.u8string(); }

 private:
  fs::path path_;
};

// The message of the refusal, or nothing where the file was taken.
std::string refusal(const std::string& bytes) {
  const TemporaryFile file(bytes);
  try {
    GgufFile gguf(file.path());
    gguf.tensor("plain", {2, 3});
    gguf.tensor("half", {5});
  } catch (const Error& error) {
    if (error.code() == codes::kModelFormat) return error.what();
    check::fail(__FILE__, __LINE__, "refused with " + error.code());
  }
  return "";
}

void checkRefused(int line, const std::string& bytes, const std::string& why) {
  const auto message = refusal(bytes);
  if (message.find(why) != std::string::npos) return;
  check::fail(__FILE__, line, "expected '" + why + "', got '" + message + "'");
}
#define CHECK_REFUSED(bytes, why) checkRefused(__LINE__, bytes, why)

std::string model(const std::string& name) {
  const std::string path = "models/" + name;
  if (!fs::exists(path)) throw check::Skip{path + " is absent"};
  return path;
}

}  // namespace

TEST(gguf_reads_metadata_and_tensors) {
  const TemporaryFile file(sound().file());
  const GgufFile gguf(file.path());
  gguf.requireArchitecture("campplus");
  CHECK(gguf.text("general.architecture") == "campplus");
  const std::pair<const char*, int64_t> numbers[] = {{"a.u8", 200},   {"a.i8", -2},          {"a.u16", 65000},
                                                     {"a.i16", -300}, {"a.u32", 4000000000}, {"a.i32", -5},
                                                     {"a.u64", 1},    {"a.i64", -1}};
  for (const auto& [key, value] : numbers) CHECK(gguf.integer(key) == value);
  CHECK(gguf.real("a.f32") == 0.5 && gguf.real("a.f64") == 0.25);
  CHECK((gguf.integers("a.list") == std::vector<int64_t>{12, 24, 16}));
  CHECK(gguf.has("plain") && gguf.has("half") && !gguf.has("other"));
  // Out of order and twice: the file is read at any time.
  for (int i = 0; i < 2; ++i) {
    CHECK((gguf.tensor("half", {5}) == std::vector<float>{1, -2, 0.333251953125f, 5.9604644775390625e-8f, 65504}));
    CHECK((gguf.tensor("plain", {2, 3}) == std::vector<float>{0, 1.5f, 3, 4.5f, 6, 7.5f}));
  }
  CHECK_THROWS(gguf.text("missing"), codes::kModelFormat);
  CHECK_THROWS(gguf.text("a.u32"), codes::kModelFormat);
  CHECK_THROWS(gguf.integer("a.f32"), codes::kModelFormat);
  CHECK_THROWS(gguf.integer("a.bool"), codes::kModelFormat);
  CHECK_THROWS(gguf.integers("a.texts"), codes::kModelFormat);
  CHECK_THROWS(gguf.real("a.u32"), codes::kModelFormat);
  CHECK_THROWS(gguf.tensor("other", {1}), codes::kModelFormat);
  for (const auto& shape : std::vector<std::vector<int64_t>>{{}, {6}, {3, 2}, {2, 3, 1}, {2, -3}}) {
    CHECK_THROWS(gguf.tensor("plain", shape), codes::kModelFormat);
  }
  CHECK_THROWS(gguf.requireArchitecture("pyannote-segmentation"), codes::kModelFormat);
}

TEST(gguf_reads_our_models) {
  const GgufFile segmentation(model("pyannote-segmentation-3.0.gguf"));
  segmentation.requireArchitecture("pyannote-segmentation");
  CHECK(segmentation.integer("pyannote-segmentation.frames") == 589);
  const auto filters = segmentation.tensor("sincnet.filters", {80, 251});
  for (int i = 0; i < 40; ++i) {  // even ones are 1 at the centre, odd ones 0
    CHECK(filters[i * 251 + 125] == 1 && filters[(40 + i) * 251 + 125] == 0);
    CHECK(filters[i * 251 + 100] == filters[i * 251 + 150]);
    CHECK(filters[(40 + i) * 251 + 100] == -filters[(40 + i) * 251 + 150]);
  }
  segmentation.tensor("lstm.weight_ih_l3_reverse", {512, 256});
  const GgufFile campplus(model("campplus-zh-en.gguf"));
  campplus.requireArchitecture("campplus");
  CHECK((campplus.integers("campplus.dense.layers") == std::vector<int64_t>{12, 24, 16}));
  CHECK_NEAR(campplus.real("campplus.pre_emphasis"), 0.97, 1e-6);
  campplus.tensor("head.conv1.weight", {32, 1, 3, 3});
  campplus.tensor("dense.nonlinear.batchnorm.shift", {192});  // the last but two
  // Each other's place.
  CHECK_THROWS(campplus.requireArchitecture("pyannote-segmentation"), codes::kModelFormat);
  CHECK_THROWS(campplus.tensor("sincnet.filters", {80, 251}), codes::kModelFormat);
  CHECK_THROWS(segmentation.requireArchitecture("campplus"), codes::kModelFormat);
}

TEST(gguf_refuses_what_is_no_file) {
  CHECK_THROWS(GgufFile("no/such/file.gguf"), codes::kModelNotFound);
  CHECK_THROWS(GgufFile("."), codes::kModelNotFound);
  CHECK_THROWS(GgufFile(""), codes::kModelNotFound);
#ifndef _WIN32
  const TemporaryFile pipe;
  REQUIRE(mkfifo(pipe.path().c_str(), 0600) == 0);
  CHECK_THROWS(GgufFile(pipe.path()), codes::kModelNotFound);  // and does not wait for a writer
#endif
}

TEST(gguf_refuses_a_cut_or_padded_file) {
  const auto whole = sound().file();
  CHECK(refusal(whole).empty());
  for (size_t length = 0; length < whole.size(); ++length) {
    const auto message = refusal(whole.substr(0, length));
    if (message.find("truncated?") == std::string::npos) {
      check::fail(__FILE__, __LINE__, "cut to " + std::to_string(length) + ": " + message);
    }
  }
  CHECK(refusal(whole + std::string(22, '\0')).empty());  // the last tensor's padding
  CHECK_REFUSED(whole + std::string(23, '\0'), "something follows");
  CHECK_REFUSED(whole + whole, "something follows");
}

TEST(gguf_refuses_a_file_cut_while_open) {
  const TemporaryFile file(sound().file());
  const GgufFile gguf(file.path());
  fs::resize_file(fs::u8path(file.path()), sound().file().size() - 4);
  CHECK_THROWS(gguf.tensor("half", {5}), codes::kModelFormat);
  CHECK(gguf.tensor("plain", {2, 3}).size() == 6);  // still whole
}

TEST(gguf_refuses_other_formats) {
  auto draft = sound();
  draft.magic = "lmgg";
  CHECK_REFUSED(draft.file(), "does not begin with 'GGUF'");
  for (const uint32_t version : {0u, 1u, 2u, 4u, 0x03000000u}) {
    draft = sound();
    draft.version = version;
    CHECK_REFUSED(draft.file(), "GGUF version " + std::to_string(version));
  }
}

TEST(gguf_refuses_absurd_claims) {
  for (const uint64_t claim : {uint64_t{1} << 20, uint64_t{1} << 40, ~uint64_t{0} - 20}) {
    auto draft = sound();
    draft.claimedTensors = claim;
    CHECK_REFUSED(draft.file(), "the number of tensors claims");
    draft = sound();
    draft.claimedKeys = claim;
    CHECK_REFUSED(draft.file(), "the number of metadata keys claims");
    draft = sound();
    draft.keys.push_back(Bytes().put(claim).data);
    CHECK_REFUSED(draft.file(), "a metadata key claims");
    draft = sound();
    draft.key("b", 8, Bytes().put(claim));
    CHECK_REFUSED(draft.file(), "a metadata value claims");
    draft = sound();
    draft.key("b", 9, Bytes().put<uint32_t>(0).put(claim));
    CHECK_REFUSED(draft.file(), "the length of a metadata list claims");
    draft = sound();
    draft.tensors.push_back(Bytes().put(claim).data);
    CHECK_REFUSED(draft.file(), "a tensor's name claims");
  }
  auto draft = sound();  // within the bounds one by one, not together
  for (int i = 0; i < 20; ++i) draft.key("b" + std::to_string(i), 8, Bytes().text(std::string(60000, 'x')));
  CHECK_REFUSED(draft.file(), "its header is longer than");
}

TEST(gguf_refuses_bad_metadata) {
  auto draft = sound();
  draft.key("b", 13, Bytes());
  CHECK_REFUSED(draft.file(), "b has the unknown type 13");
  draft = sound();
  draft.key("b", 9, Bytes().put<uint32_t>(9).put<uint64_t>(1).put<uint32_t>(0).put<uint64_t>(1).put<uint8_t>(0));
  CHECK_REFUSED(draft.file(), "b is a list of lists");
  draft = sound();
  draft.key("b", 7, Bytes().put<uint8_t>(2));
  CHECK_REFUSED(draft.file(), "neither true nor false");
  draft = sound();
  draft.key("b", 10, Bytes().put(~uint64_t{0}));
  CHECK_REFUSED(draft.file(), "beyond any use");
  draft = sound();
  draft.key("a.u8", 0, Bytes().put<uint8_t>(1));
  CHECK_REFUSED(draft.file(), "a.u8 twice");
  for (const auto& key : std::vector<std::string>{"", "a b", "a\nb", "\xff", std::string("a\0b", 3)}) {
    draft = sound();
    draft.key(key, 0, Bytes().put<uint8_t>(1));
    CHECK_REFUSED(draft.file(), "a metadata key is not plain text");
  }
  for (const uint32_t alignment : {0u, 1u, 24u, 8192u, 0x80000000u}) {
    draft = sound();
    draft.key("general.alignment", 4, Bytes().put(alignment));
    CHECK_REFUSED(draft.file(), "general.alignment is not a power of two");
  }
  draft = sound();
  draft.key("general.alignment", 4, Bytes().put<uint32_t>(64));  // and tensors laid out for 32
  CHECK_REFUSED(draft.file(64), "begins at 32 instead of 64");
  const TemporaryFile nameless(Draft().file());
  CHECK_THROWS(GgufFile(nameless.path()).requireArchitecture("campplus"), codes::kModelFormat);
}

TEST(gguf_refuses_bad_tensors) {
  const auto with = [](const std::vector<uint64_t>& ne, uint32_t type = 0, uint64_t offset = 64) {
    auto draft = sound();
    draft.data.resize(64);
    draft.tensor("third", ne, type, offset);
    draft.data += std::string(16, '\0');
    return draft.file();
  };
  CHECK(refusal(with({2, 2})).empty());
  CHECK_REFUSED(with({}), "third has 0 dimensions");
  CHECK_REFUSED(with({1, 1, 1, 1, 1}), "third has 5 dimensions");
  CHECK_REFUSED(with({2, 0}), "third has a dimension of 0");
  CHECK_REFUSED(with({uint64_t{1} << 63, 2}), "third has a dimension of 9223372036854775808");
  CHECK_REFUSED(with({uint64_t{1} << 28, uint64_t{1} << 28, uint64_t{1} << 28}), "third has a dimension of");
  CHECK_REFUSED(with({uint64_t{1} << 32, uint64_t{1} << 32}), "third has a dimension of");  // product 2^64
  CHECK_REFUSED(with({uint64_t{1} << 28}), "it ends before tensor third does");
  CHECK_REFUSED(with({5}), "truncated?");
  CHECK_REFUSED(with({5}).append(3, '\0'), "truncated?");
  CHECK(refusal(with({5}).append(4, '\0')).empty());
  for (const uint32_t type : {2u, 8u, 24u, 30u, 0xffffffffu}) CHECK_REFUSED(with({2, 2}, type), "neither f32 nor f16");
  CHECK_REFUSED(with({2, 2}, 0, 0), "third begins at 0 instead of 64");    // over another
  CHECK_REFUSED(with({2, 2}, 0, 96), "third begins at 96 instead of 64");  // a gap, and beyond the end
  CHECK_REFUSED(with({2, 2}, 0, 65), "third begins at 65");
  CHECK_REFUSED(with({2, 2}, 0, ~uint64_t{0} - 31), "third begins at 18446744073709551584");
  auto draft = sound();
  draft.data.resize(64);
  draft.tensor("half", {1}, 0, 64);
  draft.data += "0000";
  CHECK_REFUSED(draft.file(), "half is there twice");
}

TEST(gguf_refuses_values_that_are_not_finite) {
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                            -std::numeric_limits<float>::infinity()}) {
    auto draft = sound();
    std::memcpy(&draft.data[20], &value, 4);
    CHECK_REFUSED(draft.file(), "plain holds a value that is not finite");
  }
  for (const uint16_t bits : {0x7c00, 0xfc00, 0x7e00, 0x7c01}) {
    auto draft = sound();
    std::memcpy(&draft.data[40], &bits, 2);
    CHECK_REFUSED(draft.file(), "half holds a value that is not finite");
  }
  auto draft = sound();
  draft.key("b", 6, Bytes().put(std::numeric_limits<float>::quiet_NaN()));
  const TemporaryFile file(draft.file());
  CHECK_THROWS(GgufFile(file.path()).real("b"), codes::kModelFormat);
}

// Every bit of a small header, and bits at random of a real one: an error of ours or a file that reads, nothing else.
TEST(gguf_survives_flipped_bits) {
  const auto whole = sound().file();
  int taken = 0, refused = 0;
  for (size_t bit = 0; bit < sound().headerBytes() * 8; ++bit) {
    auto bytes = whole;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    ++(refusal(bytes).empty() ? taken : refused);
  }
  CHECK(refused > 1000 && taken > 100);  // names and values may be what they like
}

TEST(gguf_survives_flipped_bits_of_a_model) {
  std::ifstream in(model("pyannote-segmentation-3.0.gguf"), std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  const TemporaryFile file(bytes);
  std::fstream patch(fs::u8path(file.path()), std::ios::binary | std::ios::in | std::ios::out);
  const auto put = [&](size_t at, char byte) {
    patch.seekp(static_cast<std::streamoff>(at)).put(byte).flush();
    REQUIRE(patch.good());
  };
  uint32_t random = 1;
  int taken = 0, refused = 0;
  for (int i = 0; i < 500; ++i) {
    random = random * 1664525u + 1013904223u;
    const size_t at = (random >> 8) % 5000;
    put(at, static_cast<char>(bytes[at] ^ (1 << (random >> 5) % 8)));
    try {
      const GgufFile gguf(file.path());
      if (gguf.has("classifier.weight")) gguf.tensor("classifier.weight", {7, 128});
      ++taken;
    } catch (const Error& error) {
      CHECK(error.code() == codes::kModelFormat);
      ++refused;
    }
    put(at, bytes[at]);
  }
  CHECK(taken > 50 && refused > 50);
  CHECK(GgufFile(file.path()).tensor("classifier.weight", {7, 128}).size() == 896);
}
