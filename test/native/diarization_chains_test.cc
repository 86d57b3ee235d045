// Which pieces get an embedding of their own: against the definition, and through the whole stream.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <thread>
#include <tuple>

#include "audio_helpers.h"
#include "core/counters.h"
#include "diarization/chains.h"
#include "diarization/stream.h"
#include "diarization/tracker.h"
#include "diarization/vectors.h"
#include "diarization_helpers.h"

using namespace hearken;
using check::kDimensions;

namespace {

constexpr int kFrames = SegmentationShape::kFrames;

// The pieces of a random conversation of three, with much silence, few overlaps and many short words.
struct Said {
  std::vector<HeardPiece> pieces;
  std::vector<int> window;       // that completed each
  std::vector<int64_t> decided;  // frame, after each window
  std::vector<std::vector<float>> embeddings;
};

Said conversation(uint64_t seed, int windows) {
  const Timeline timeline;
  check::Random random(seed);
  check::RandomVoices voices(seed, 3, 0.9);
  const auto total = static_cast<size_t>(firstFrame(timeline, windows - 1) + kFrames);
  std::vector<uint8_t> classes(total, 0);
  for (size_t at = random.integer() % 50; at < total;) {
    const size_t length = random.integer() % 3 ? 4 + random.integer() % 120 : 200 + random.integer() % 600;
    const auto speaker = static_cast<uint8_t>(1 + (random.integer() % 5 + 1) / 3);  // 1, 2 or, seldom, 3
    for (size_t i = at; i < std::min(at + length, total); ++i) {
      classes[i] = i > at + length - 20 && random.integer() % 40 == 0 ? 4 : speaker;
    }
    at += length + random.integer() % (random.integer() % 2 ? 20 : 60);
  }
  Said said;
  Tracker tracker(timeline);
  for (int w = 0; w < windows; ++w) {
    std::vector<float> window(kFrames * 7, std::log(1e-6f));
    const auto first = static_cast<size_t>(firstFrame(timeline, w));
    for (size_t i = 0; i < kFrames; ++i) window[i * 7 + classes[first + i]] = -1e-6f;
    for (HeardPiece& piece : tracker.add(check::activities(window), w + 1 == windows)) {
      said.pieces.push_back(std::move(piece));
      said.window.push_back(w);
      said.embeddings.push_back(voices.next());
    }
    said.decided.push_back(w + 1 == windows ? INT64_MAX : tracker.decidedFrame());
  }
  return said;
}

bool audible(const HeardPiece& piece) {
  std::vector<int64_t> frames;
  pickFrames(Timeline{}, piece, frames);
  return !frames.empty();
}

// Per piece: the one whose voice it has, itself if it was embedded, or −1.
using Decisions = std::vector<int>;

// All windows' pieces handed over, `atOnce` windows before each look at what is wanted.
Decisions decide(const Said& said, int atOnce) {
  Chains chains;
  Decisions out(said.pieces.size(), -1);
  size_t next = 0;
  for (int w = 0; w < static_cast<int>(said.decided.size()); ++w) {
    for (; next < said.pieces.size() && said.window[next] == w; ++next) {
      chains.add(said.pieces[next], next, audible(said.pieces[next]));
    }
    chains.endWindow(said.decided[static_cast<size_t>(w)]);
    if ((w + 1) % atOnce != 0 && w + 1 < static_cast<int>(said.decided.size())) continue;
    for (auto wanted = chains.wanted(); !wanted.empty(); wanted = chains.wanted()) {
      std::vector<float> embeddings;
      for (const size_t i : wanted) {
        CHECK(out[i] == -1 && audible(said.pieces[i]));  // once, and never after it was said to be like another
        out[i] = static_cast<int>(i);
        embeddings.insert(embeddings.end(), said.embeddings[i].begin(), said.embeddings[i].end());
      }
      for (const auto& like : chains.hear(embeddings.data())) {
        CHECK(out[like.piece] == -1 && out[like.other] == static_cast<int>(like.other));
        out[like.piece] = static_cast<int>(like.other);
      }
    }
    // Nothing waits for later windows.
    for (size_t i = 0; i < next; ++i) CHECK(out[i] >= 0 || !audible(said.pieces[i]));
  }
  return out;
}

// By the definition, with all pieces at hand.
Decisions defined(const Said& said) {
  std::vector<uint8_t> active;
  for (const auto& piece : said.pieces) {
    active.resize(std::max(active.size(), static_cast<size_t>(piece.piece.end)));
    for (size_t i = 0; i < piece.frames.size(); ++i) {
      active[static_cast<size_t>(piece.piece.begin) + i] |= piece.frames[i] & HeardPiece::kActive;
    }
  }
  Decisions out(said.pieces.size(), -1);
  std::map<int32_t, std::vector<size_t>> tracks;
  for (size_t i = 0; i < said.pieces.size(); ++i) {
    out[i] = audible(said.pieces[i]) ? static_cast<int>(i) : -1;
    tracks[said.pieces[i].piece.track].push_back(i);
  }
  const auto anchor = [&](size_t i) {
    return audible(said.pieces[i]) && said.pieces[i].piece.cleanSeconds() >= Chains::kEnough;
  };
  const auto joined = [&](size_t a, size_t b) {
    const auto from = said.pieces[a].piece.end, to = said.pieces[b].piece.begin;
    return (to - from) * kFrameSeconds <= Chains::kSilence &&
           std::none_of(active.begin() + from, active.begin() + to, [](uint8_t f) { return f != 0; });
  };
  for (const auto& [track, pieces] : tracks) {
    for (size_t i = 0; i < pieces.size(); ++i) {
      const HeardPiece& piece = said.pieces[pieces[i]];
      const bool goesOn = i > 0 && said.pieces[pieces[i - 1]].piece.end == piece.piece.begin;
      int64_t silence = 0;
      for (auto at = piece.piece.begin; !goesOn && at > 0 && !active[static_cast<size_t>(at - 1)]; --at) ++silence;
      CHECK(piece.silence == silence);
    }
    const size_t none = pieces.size();
    size_t before = none;  // the last one heard in any case
    int anchors = 0;
    for (size_t at = 0; at < pieces.size(); ++at) {
      if (at > 0 && !joined(pieces[at - 1], pieces[at])) before = none;
      if (!anchor(pieces[at])) continue;
      if (before == none) {
        before = at;
        anchors = 0;
        continue;
      }
      bool more = false;  // another anchor of the chain in this window
      for (size_t i = at + 1;
           i < pieces.size() && joined(pieces[i - 1], pieces[i]) && said.window[pieces[i]] == said.window[pieces[at]];
           ++i) {
        more = more || anchor(pieces[i]);
      }
      if (++anchors < Chains::kStride && more) continue;
      auto a = said.embeddings[pieces[before]], b = said.embeddings[pieces[at]];
      toUnit(a.data());
      toUnit(b.data());
      for (size_t i = before + 1; i < at && dot(a.data(), b.data()) >= Chains::kAlike; ++i) {
        if (said.window[pieces[i]] != said.window[pieces[at]]) continue;  // heard when its window ended
        const auto &piece = said.pieces[pieces[i]].piece, &x = said.pieces[pieces[before]].piece,
                   &y = said.pieces[pieces[at]].piece;
        out[pieces[i]] = static_cast<int>(piece.begin - x.end < y.begin - piece.end ? pieces[before] : pieces[at]);
      }
      before = at;
      anchors = 0;
    }
  }
  return out;
}

struct Result {
  Speakers speakers;
  std::vector<Turn> provisional;
  int64_t embedded = 0;
};

// `block` samples at a time, each after what came before was computed; 0: all at once.
Result listen(const std::shared_ptr<const DiarizationModel>& model, const audiotest::Samples& samples, int threads,
              size_t block) {
  StreamOptions options;
  options.threads = threads;
  DiarizationStream stream(model, options);
  const auto input = stream.input(0, INT64_MAX).samples;
  CancelToken cancel;
  Result result;
  const int64_t before = Counters::instance().embedded;
  std::thread feeding([&] {
    for (size_t at = 0; at < samples.size();) {
      const size_t count = std::min(block == 0 ? samples.size() : block, samples.size() - at);
      input->take(samples.data() + at, count, cancel);
      at += count;
      while (block > 0 && stream.busy()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    input->end();
  });
  stream.run(cancel, [&](const std::vector<Turn>& turns, int64_t) {
    result.provisional.insert(result.provisional.end(), turns.begin(), turns.end());
  });
  feeding.join();
  result.embedded = Counters::instance().embedded - before;
  sortTurns(result.provisional);
  result.speakers = stream.finish({}, cancel);
  return result;
}

audiotest::Samples fileSamples(const std::string& path) {
  CancelToken cancel;
  audiotest::Samples samples(64 * 16000);
  const auto bytes = audiotest::load(path);
  samples.resize(audiotest::openMemory(bytes)->read(samples.data(), samples.size(), cancel));
  REQUIRE(samples.size() > 8 * 16000);
  return samples;
}

bool same(const std::vector<Turn>& a, const std::vector<Turn>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Turn& x, const Turn& y) {
    return std::tie(x.begin, x.end, x.speaker) == std::tie(y.begin, y.end, y.speaker);
  });
}

std::string model(const std::string& name) {
  const std::string path = "models/" + name;
  if (!std::filesystem::exists(path)) throw check::Skip{path + " is absent"};
  return path;
}

}  // namespace

TEST(chains_are_those_of_the_definition) {
  int likes = 0, embedded = 0, unheard = 0;
  for (const uint64_t seed : {1, 2, 3, 4, 5, 6, 7, 8}) {
    const Said said = conversation(seed, 40);
    const Decisions expected = defined(said);
    for (const int atOnce : {1, 3, 40}) CHECK(decide(said, atOnce) == expected);
    for (size_t i = 0; i < expected.size(); ++i) {
      (expected[i] < 0 ? unheard : expected[i] == static_cast<int>(i) ? embedded : likes) += 1;
    }
  }
  CHECK(likes > 30 && embedded > 500 && unheard > 100);
}

TEST(chains_end_where_somebody_else_speaks_or_after_a_silence) {
  // Three pieces of 1.5 s with the same voice: is the one in the middle embedded?
  const auto middleEmbedded = [](int32_t pause, int64_t silence) {
    Chains chains;
    std::vector<HeardPiece> pieces = {check::heard(100, 190, 0), check::heard(190, 280, 0),
                                      check::heard(280 + pause, 370 + pause, 0)};
    pieces[2].silence = silence;
    for (size_t i = 0; i < 3; ++i) chains.add(pieces[i], i, true);
    chains.endWindow(1000);
    int rounds = 0;
    bool embedded = false;
    for (auto wanted = chains.wanted(); !wanted.empty(); wanted = chains.wanted(), ++rounds) {
      embedded = embedded || std::count(wanted.begin(), wanted.end(), size_t{1}) > 0;
      const auto likes = chains.hear(std::vector<float>(wanted.size() * kDimensions, 1.0f).data());
      CHECK(likes.empty() || (likes.size() == 1 && likes[0].piece == 1));
    }
    return embedded;
  };
  CHECK(!middleEmbedded(0, 0) && !middleEmbedded(44, 44) && !middleEmbedded(30, 90));
  CHECK(middleEmbedded(45, 45) && middleEmbedded(30, 29));
}

TEST(chains_labels_follow_the_piece_that_was_heard) {
  check::RandomVoices voices(5, 2, 0.3);
  TrackRecord record;
  const std::vector<float> zeros(kDimensions);
  record.add(check::heard(0, 100, 0), voices.of(0).data());
  record.addLike(check::heard(100, 200, 0), 3);  // one that comes later
  record.addLike(check::heard(200, 300, 1), 0);
  record.add(check::heard(300, 400, 0), voices.of(1).data());
  record.end(frameBegin(400));
  CancelToken cancel;
  const auto labels = cluster(record, {}, cancel).labels;
  CHECK(labels[0] != labels[3] && labels[1] == labels[3] && labels[2] == labels[0]);
  CHECK(!record.voices().voiced(1) && record.voices().voiced(3));
}

TEST(chains_stream_gives_the_same_however_it_is_fed) {
  CancelToken cancel;
  const auto nets =
      DiarizationModel::load(model("pyannote-segmentation-3.0.gguf"), model("campplus-zh-en.gguf"), cancel);
  // Three take turns, of whom the first one and then the third one talk on.
  audiotest::Samples samples = fileSamples("examples/conversation.wav");
  const audiotest::Samples monologue(samples.begin() + 170880, samples.begin() + 276000);
  const audiotest::Samples speech = fileSamples("examples/jfk.wav");
  for (int i = 0; i < 3; ++i) samples.insert(samples.end(), speech.begin(), speech.end());
  const size_t talk = samples.size();
  for (int i = 0; i < 5; ++i) samples.insert(samples.end(), monologue.begin(), monologue.end());
  const Result expected = listen(nets, samples, 1, 0);
  CHECK(!expected.provisional.empty());
  REQUIRE(expected.speakers.speakers.size() == 3);
  int64_t late = 0;
  for (const Turn& turn : expected.speakers.turns) {
    if (turn.end <= static_cast<int64_t>(talk)) continue;
    CHECK(turn.speaker == 2);
    late += turn.end - std::max(turn.begin, static_cast<int64_t>(talk));
  }
  CHECK(late > 20 * 16000);
  for (const auto& [threads, block] : {std::pair<int, size_t>{3, 0}, {1, 160001}, {2, 70001}}) {
    const Result got = listen(nets, samples, threads, block);
    CHECK(got.embedded == expected.embedded);
    CHECK(same(got.speakers.turns, expected.speakers.turns) && same(got.provisional, expected.provisional));
    REQUIRE(got.speakers.speakers.size() == expected.speakers.speakers.size());
    for (size_t i = 0; i < got.speakers.speakers.size(); ++i) {
      CHECK(got.speakers.speakers[i].voice == expected.speakers.speakers[i].voice);
    }
  }
}
