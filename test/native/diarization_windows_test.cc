// Windows of diarization as records: what was found once is not computed again, and nothing else depends on it.
#include <map>
#include <thread>

#include "core/counters.h"
#include "diarization/kernels.h"
#include "diarization/stream.h"
#include "diarization_helpers.h"

using namespace hearken;
using audiotest::Samples;

namespace {

using Records = std::map<Digest, PackedRecord>;

struct Result {
  Speakers speakers;
  std::vector<Turn> provisional;
  std::vector<Digest> digests;
  Records records;  // that were given
  int64_t segmented = 0, embedded = 0;
  std::optional<Digest> digest;
};

std::shared_ptr<const DiarizationModel> nets() {
  CancelToken cancel;
  return DiarizationModel::load(check::model("pyannote-segmentation-3.0.gguf"), check::model("campplus-zh-en.gguf"),
                                cancel);
}

// Three take turns, then one goes on and on: pieces that are heard, and such that are like others.
Samples conversation() {
  Samples samples = check::fileSamples("examples/conversation.wav");
  const Samples monologue(samples.begin() + 170880, samples.begin() + 276000);
  for (int i = 0; i < 3; ++i) samples.insert(samples.end(), monologue.begin(), monologue.end());
  return samples;
}

struct Way {
  int threads = 1;
  size_t block = 0;  // samples at a time, each after what came before was computed; 0: all at once
  bool run = false;  // by run()
  Records known;     // what was kept
};

Result go(const std::shared_ptr<const DiarizationModel>& model, const Samples& samples, const Way& way) {
  StreamOptions options;
  options.threads = way.threads;
  DiarizationStream stream(model, options);
  const auto input = stream.input(0, INT64_MAX).samples;
  CancelToken cancel;
  Result result;
  const int64_t segmented = Counters::instance().segmented, embedded = Counters::instance().embedded;
  std::thread feeding([&] {
    for (size_t at = 0; at < samples.size();) {
      const size_t count = std::min(way.block == 0 ? samples.size() : way.block, samples.size() - at);
      input->take(samples.data() + at, count, cancel);
      at += count;
      while (way.block > 0 && stream.busy()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    input->end();
  });
  int64_t decided = 0;
  const auto take = [&](const std::vector<Turn>& turns, int64_t upTo) {
    CHECK(upTo >= decided);
    decided = upTo;
    result.provisional.insert(result.provisional.end(), turns.begin(), turns.end());
  };
  if (way.run) {
    stream.run(cancel, take);
  } else {
    for (auto digests = stream.listen(cancel); !digests.empty(); digests = stream.listen(cancel)) {
      CHECK(!stream.digest());
      std::vector<PackedRecord> known;
      for (const Digest& digest : digests) {
        const auto found = way.known.find(digest);
        known.push_back(found == way.known.end() ? PackedRecord() : found->second);
      }
      const auto step = stream.advance(known, cancel);
      take(step.turns, step.decided);
      REQUIRE(step.records.size() == digests.size());
      for (size_t i = 0; i < digests.size(); ++i) {
        if (!step.records[i].empty()) result.records[digests[i]] = step.records[i];
      }
      result.digests.insert(result.digests.end(), digests.begin(), digests.end());
    }
    CHECK(stream.listen(cancel).empty());
  }
  feeding.join();
  CHECK(decided == static_cast<int64_t>(samples.size()) && !stream.busy());
  result.segmented = Counters::instance().segmented - segmented;
  result.embedded = Counters::instance().embedded - embedded;
  result.digest = stream.digest();
  sortTurns(result.provisional);
  result.speakers = stream.finish({}, cancel);
  return result;
}

bool same(const Result& a, const Result& b) {
  if (a.speakers.speakers.size() != b.speakers.speakers.size() || a.digest != b.digest) return false;
  for (size_t i = 0; i < a.speakers.speakers.size(); ++i) {
    if (a.speakers.speakers[i].voice != b.speakers.speakers[i].voice) return false;
  }
  return check::same(a.speakers.turns, b.speakers.turns) && check::same(a.provisional, b.provisional);
}

}  // namespace

TEST(windows_records_are_the_same_however_they_came_about) {
  const auto model = nets();
  const Samples samples = conversation();
  const Result expected = go(model, samples, {});
  CHECK(expected.speakers.speakers.size() == 3 && expected.digest);
  CHECK(expected.digests.size() == 10 && expected.records.size() == 10);  // 53 s, a window begins every 5
  CHECK(expected.segmented == 10 && expected.embedded > 10);
  const Result ran = go(model, samples, {1, 0, true, {}});
  CHECK(same(ran, expected) && ran.segmented == 10 && ran.embedded == expected.embedded);
  for (const auto& [threads, block] : {std::pair<int, size_t>{3, 0}, {1, 160001}, {2, 70001}}) {
    const Result got = go(model, samples, {threads, block, false, {}});
    CHECK(same(got, expected) && got.digests == expected.digests && got.records == expected.records);
  }
}

TEST(windows_that_are_known_cost_no_net_and_change_nothing) {
  const auto model = nets();
  const Samples samples = conversation();
  const Result expected = go(model, samples, {});
  // Bit i of each number: window i is known.
  for (const unsigned mask : {0x3ffu, 0x1u, 0x3fu, 0x3c0u, 0x155u, 0x2aau, 0x1ffu, 0x200u}) {
    Way way;
    way.threads = mask % 3 ? 1 : 2;
    way.block = mask % 5 ? 0 : 90001;
    for (size_t i = 0; i < expected.digests.size(); ++i) {
      if (mask >> i & 1) way.known.insert(*expected.records.find(expected.digests[i]));
    }
    const Result got = go(model, samples, way);
    CHECK(same(got, expected) && got.digests == expected.digests);
    CHECK(got.segmented == static_cast<int64_t>(10 - way.known.size()));
    CHECK(mask == 0x3ff ? got.embedded == 0 : got.embedded < expected.embedded);
    // What was computed anew is what had been kept, byte by byte, and nothing else was.
    CHECK(got.records.size() + way.known.size() == 10);
    for (const auto& [digest, record] : got.records) {
      CHECK(record == expected.records.at(digest) && !way.known.count(digest));
    }
  }
}

TEST(windows_records_that_are_damaged_are_not_used) {
  const auto model = nets();
  const Samples samples = conversation();
  const Result expected = go(model, samples, {});
  const auto with = [&](const std::function<void(PackedRecord&)>& damage) {
    Way way;
    way.known = expected.records;
    for (size_t i = 0; i < 10; i += 3) damage(way.known[expected.digests[i]]);
    const Result got = go(model, samples, way);
    CHECK(same(got, expected));
    for (const auto& [digest, record] : got.records) CHECK(record == expected.records.at(digest));
    return got.segmented;
  };
  CHECK(with([](PackedRecord&) {}) == 0);
  CHECK(with([](PackedRecord& record) { record.pop_back(); }) == 4);
  CHECK(with([](PackedRecord& record) { record.resize(3); }) == 4);
  CHECK(with([](PackedRecord& record) { record[0] ^= 2; }) == 4);
  CHECK(with([](PackedRecord& record) { record[record.size() / 2] ^= 64; }) == 4);
  CHECK(with([](PackedRecord& record) { record.push_back(0); }) == 4);
  CHECK(with([&](PackedRecord& record) { record = expected.records.at(expected.digests[5]); }) == 4);
  WindowRecord out;
  const Digest& digest = expected.digests[1];
  WindowRecord record;
  REQUIRE(unpack(expected.records.at(digest), digest, record));
  CHECK(pack(record, digest) == expected.records.at(digest));
  CHECK(unpack(pack(record, digest), digest, out) && out.activities == record.activities);
  CHECK(!unpack(pack(record, digest), expected.digests[2], out));
  CHECK(!unpack({}, digest, out));
}

TEST(windows_records_hold_any_numbers) {
  check::Random random(3);
  const Digest digest{};
  for (int round = 0; round < 50; ++round) {
    WindowRecord record;
    for (auto& slot : record.activities) {
      for (auto& value : slot) {
        const uint32_t any = random.integer();
        value = static_cast<uint16_t>(any % 3 == 0 ? any >> 4 : any % 3 == 1 ? 0 : 65535);
      }
    }
    for (uint16_t piece = 0; piece < round; ++piece) {
      record.heard.push_back({static_cast<uint16_t>(round - piece), {}});
      for (auto& value : record.heard.back().voice) value = static_cast<int16_t>(random.integer());
    }
    WindowRecord out;
    REQUIRE(unpack(pack(record, digest), digest, out));
    CHECK(out.activities == record.activities && out.heard.size() == record.heard.size());
    for (const auto& heard : record.heard) {
      const VoiceNumbers* voice = out.voiceOf(heard.piece);
      CHECK(voice && *voice == heard.voice);
    }
  }
}

// The sum is no secret: whoever writes into the database can make it.
TEST(windows_records_of_the_right_sum_are_refused_or_do_no_harm) {
  const auto sealed = [](PackedRecord bytes, const Digest& digest) {
    Hash hash;
    hash.update(digest.data(), digest.size());
    hash.update(bytes.data(), bytes.size());
    const Digest sum = hash.digest();
    bytes.insert(bytes.end(), sum.begin(), sum.begin() + 8);
    return bytes;
  };
  check::Random random(4);
  WindowRecord record{}, out;
  record.heard.resize(2);
  PackedRecord bytes = pack(record, {});
  bytes.resize(bytes.size() - 8);
  CHECK(unpack(sealed(bytes, {}), {}, out));
  for (size_t size = 0; size < bytes.size(); size += size < 8 ? 1 : 97) {
    CHECK(!unpack(sealed({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)}, {}), {}, out));
  }
  for (const size_t at : {0, 1, 2}) {  // another version, more voices than there are
    PackedRecord other = bytes;
    other[at] = 200;
    CHECK(!unpack(sealed(other, {}), {}, out));
  }
  for (const uint8_t step : {1, 128, 255}) {  // below 0; steps that never end
    PackedRecord other = bytes;
    std::fill_n(other.begin() + 3, 20, step);
    CHECK(!unpack(sealed(other, {}), {}, out));
  }
  for (int round = 0; round < 2000; ++round) {
    PackedRecord other = bytes;
    for (int i = 0; i < 4; ++i) other[random.integer() % other.size()] = static_cast<uint8_t>(random.integer());
    unpack(sealed(other, {}), {}, out);  // reads nothing that is not there: test:asan
  }
  // Records of nonsense: some result, and nothing worse.
  const auto model = nets();
  const Samples samples = conversation();
  Way way;
  for (const Digest& digest : go(model, samples, {2, 0, false, {}}).digests) {
    for (auto& slot : record.activities) {
      uint16_t value = 0;
      for (auto& frame : slot) {
        if (random.integer() % 40 == 0) value = static_cast<uint16_t>(random.integer());
        frame = value;
      }
    }
    record.heard.resize(random.integer() % 9);
    for (auto& heard : record.heard) {
      heard.piece = static_cast<uint16_t>(random.integer() % 5);
      const bool loud = random.integer() % 2;
      for (auto& value : heard.voice) value = loud ? INT16_MIN : 0;
    }
    way.known[digest] = pack(record, digest);
  }
  const Result got = go(model, samples, way);
  CHECK(got.segmented == 0);
  for (const Turn& turn : got.speakers.turns) {
    CHECK(turn.begin >= 0 && turn.begin < turn.end && turn.end <= static_cast<int64_t>(samples.size()));
  }
}

// What is kept is found again on another processor of the same build (lib/pipeline/keys.ts).
TEST(windows_records_do_not_depend_on_the_instruction_set) {
  const auto model = nets();
  const Samples samples = check::fileSamples("examples/conversation.wav");
  const Result expected = go(model, samples, {2, 0, false, {}});
  for (const KernelTable* version : kernelVersions()) {
    if (version == &kKernelsPlain) continue;  // no processor that the addon runs on
    useKernels(*version);
    CHECK(go(model, samples, {2, 0, false, {}}).records == expected.records);
  }
  useKernels(*kernelVersions().front());
}

TEST(windows_digests_are_of_all_samples_up_to_their_end) {
  const auto model = nets();
  const Samples samples = conversation();
  const Result whole = go(model, samples, {});
  // What goes on behind a window is nothing to it, but that it is not the last one.
  const Result part = go(model, Samples(samples.begin(), samples.begin() + 30 * 16000), {2, 0, false, whole.records});
  REQUIRE(part.digests.size() == 5);
  for (size_t i = 0; i < 4; ++i) CHECK(part.digests[i] == whole.digests[i]);
  CHECK(part.digests[4] != whole.digests[4] && part.segmented == 1 && part.digest != whole.digest);
  Samples other = samples;
  other[12 * 16000] += 1e-6f;
  const Result changed = go(model, other, {2, 0, false, whole.records});
  CHECK(changed.digests[0] == whole.digests[0] && changed.segmented == 9 && changed.digest != whole.digest);
  for (size_t i = 1; i < 10; ++i) CHECK(changed.digests[i] != whole.digests[i]);
  Hash hash;
  hash.update(samples.data(), samples.size() * sizeof(float));
  CHECK(whole.digest == hash.digest());
  const Result none = go(model, {}, {});
  CHECK(none.digests.empty() && none.digest == Hash().digest() && none.speakers.turns.empty());
}

TEST(windows_a_stream_that_ends_early_tells_what_it_heard) {
  const auto model = nets();
  const Samples samples = conversation();
  const auto early = [&](int64_t heard, const std::function<void(DiarizationStream&, CancelToken&)>& end) {
    DiarizationStream stream(model, {});
    const auto input = stream.input(0, INT64_MAX).samples;
    CancelToken never, cancel;
    std::thread feeding([&] {  // more than fits: it has to be let go
      for (int i = 0; i < 3; ++i) input->take(samples.data(), samples.size(), never);
      input->end();
    });
    REQUIRE(stream.listen(never).size() == 4);
    stream.advance({}, never);
    REQUIRE(stream.listen(never).size() == 4);
    CHECK(stream.busy());
    end(stream, cancel);
    feeding.join();
    CHECK(!stream.busy() && !stream.digest());
    CHECK(stream.listen(never).empty());
    CHECK_THROWS(stream.advance({}, never), codes::kInvalidArg);
    stream.end();
    const Speakers speakers = stream.finish({}, never);
    CHECK(!speakers.turns.empty());
    for (const Turn& turn : speakers.turns) CHECK(turn.end <= heard * 16000);
  };
  early(25, [](DiarizationStream& stream, CancelToken&) { stream.end(); });
  early(25, [](DiarizationStream& stream, CancelToken& cancel) {
    CHECK_THROWS(stream.advance({{}, {}}, cancel), codes::kInvalidArg);  // ends nothing
    CHECK_THROWS(stream.listen(cancel), codes::kInvalidArg);
    CHECK(stream.busy());
    cancel.cancel();
    CHECK_THROWS(stream.advance({}, cancel), codes::kAborted);
  });
  early(45, [](DiarizationStream& stream, CancelToken& cancel) {
    CancelToken go;
    stream.advance({{}, {}, {}, {}}, go);
    cancel.cancel();
    CHECK_THROWS(stream.listen(cancel), codes::kAborted);
  });
}
