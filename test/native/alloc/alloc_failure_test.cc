// Allocation failure anywhere is a typed error: every piece of the engine, with its allocations failing one by one.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "../check.h"
#include "asr/state.h"
#include "audio/file_content.h"
#include "audio/sources.h"
#include "campaign.h"
#include "chunk/planner.h"
#include "chunk/silero_detector.h"
#include "core/error.h"
#include "core/parallel.h"
#include "core/thread_pool.h"
#include "diarization/channel_stream.h"
#include "diarization/stream.h"
#include "failing_allocator.h"

using namespace hearken;
using campaign::Stage;
using campaign::Work;

namespace {

const char* kWhisper = "models/ggml-tiny.en-q8_0.bin";
const char* kSegmentation = "models/pyannote-segmentation-3.0.gguf";
const char* kEmbedding = "models/campplus-zh-en.gguf";
const char* kSilero = "models/ggml-silero-v6.2.3.bin";

CancelToken never;

std::vector<float> samplesOf(const std::string& path, double seconds) {
  auto reader = openFile(path, {}, never);
  std::vector<float> samples(static_cast<size_t>(seconds * kSampleRate));
  samples.resize(reader->read(samples.data(), samples.size(), never));
  return samples;
}

std::string describe(const DecodeResult& result) {
  std::string out;
  for (const auto& segment : result.segments) {
    out += segment.text + ";";
    for (const auto& word : segment.words) out += word.text + "@" + std::to_string(word.begin) + " ";
  }
  return out;
}

std::string describe(const std::vector<Turn>& turns) {
  std::string out;
  for (const auto& turn : turns) {
    out += std::to_string(turn.speaker) + ":" + std::to_string(turn.begin) + "-" + std::to_string(turn.end) + " ";
  }
  return out;
}

void expectHeld(const Stage& stage) {
  const auto outcome = campaign::run(stage);
  CHECK(outcome.tried > 0);
  CHECK(outcome.broken == 0);
}

// With large blocks failing, and (in the long campaign, where every one of them does) any block at all: of those there
// are hundreds of thousands, so that only the first ones are all tried.
void expectHeldAtAllSizes(Stage stage) {
  const int64_t everyUpTo = stage.everyUpTo;
  if (campaign::isLong()) stage.everyUpTo = INT64_MAX;
  expectHeld(stage);
  if (!campaign::isLong()) return;
  stage.atLeast = 1;
  stage.everyUpTo = 5 * everyUpTo;
  expectHeld(stage);
}

// Decodes a second with a state of its own for each point (so that what grows does so each time), or one for all.
Stage decoding(const char* name, const DecodeOptions& options, bool fresh) {
  Stage stage;
  stage.name = name;
  stage.open = [options, fresh] {
    const auto model = WhisperModel::load(kWhisper, never);
    const auto samples = std::make_shared<std::vector<float>>(samplesOf("examples/jfk.wav", 1.2));
    std::shared_ptr<WhisperState> shared;
    if (!fresh) shared = std::make_shared<WhisperState>(model);
    return [=]() -> Work {
      const auto state = shared ? shared : std::make_shared<WhisperState>(model);
      return [=] {
        return describe(state->decode({samples->data(), samples->size(), 0, {}}, options, never, nullptr));
      };
    };
  };
  stage.everyUpTo = 12;
  return stage;
}

// Reads, plans and listens as the addon does: the reader on a thread of its own.
std::string diarize(SpeakerStream& stream, const std::string& path) {
  const StreamInput input = stream.input(0, INT64_MAX);
  ReaderOptions reading;
  reading.tap = input.frames;
  PlanOptions plan;
  plan.detectSpeech = false;
  std::exception_ptr failed;
  CancelToken cancel;
  ChunkPlanner planner(openFile(path, reading, cancel), nullptr, plan, input.samples);
  const auto read = [&] {
    try {
      planner.drain(cancel);
    } catch (...) {
      failed = std::current_exception();
      cancel.cancel();
    }
  };
  std::thread reader;
  try {
    reader = std::thread(read);
  } catch (const std::system_error&) {  // the test's own thread, not the engine's
    throw Error(codes::kOutOfMemory, "no thread for the reader");
  }
  std::exception_ptr ended;
  try {
    stream.run(cancel, [](const std::vector<Turn>&, int64_t) {});
  } catch (...) {
    ended = std::current_exception();
  }
  reader.join();
  if (failed) std::rethrow_exception(failed);
  if (ended) std::rethrow_exception(ended);
  return describe(stream.finish({}, cancel).turns);
}

// One that makes everything that it needs, and holds on to nothing.
Stage whole(const char* name, std::function<std::string()> work) {
  Stage stage;
  stage.name = name;
  stage.open = [work = std::move(work)] { return [work]() -> Work { return work; }; };
  return stage;
}

std::string readAll(const std::string& path) {
  auto reader = openFile(path, {}, never);
  std::vector<float> block(1 << 14);
  size_t total = 0;
  for (size_t got; (got = reader->read(block.data(), block.size(), never)) > 0;) total += got;
  return std::to_string(total) + " of " + hex(*reader->content()->digest(true, never));
}

}  // namespace

TEST(alloc_failures_while_a_whisper_model_is_loaded) {
  expectHeldAtAllSizes(whole("load", [] { return WhisperModel::load(kWhisper, never)->info().type; }));
}

TEST(alloc_failures_while_a_state_is_made) {
  Stage stage;
  stage.name = "state";
  stage.open = [] {
    const auto model = WhisperModel::load(kWhisper, never);
    return [model]() -> Work { return [model] { return std::to_string(WhisperState(model).byteSize()); }; };
  };
  expectHeldAtAllSizes(stage);
}

TEST(alloc_failures_in_a_decode) {
  if (campaign::isLong()) expectHeldAtAllSizes(decoding("decode", {}, true));
  DecodeOptions options;
  options.beamSize = 5;
  expectHeldAtAllSizes(decoding("decode, 5 beams", options, true));
}

TEST(alloc_failures_in_a_decode_on_several_threads) {
  if (!campaign::isLong()) return;  // on busy cores threads wait for each other: minutes
  DecodeOptions options;
  options.beamSize = 3;
  options.threads = 2;
  auto stage = decoding("decode, 2 threads", options, false);
  expectHeldAtAllSizes(stage);
  stage.name = "threads of a decode";
  stage.threads = true;
  expectHeld(stage);
}

TEST(alloc_failures_while_audio_is_read_and_planned) {
  expectHeldAtAllSizes(whole("plan", [] {
    ChunkPlanner planner(openFile("examples/conversation.wav", {}, never), loadSileroDetector(kSilero), {});
    std::string out;
    while (const auto chunk = planner.next(never)) out += std::to_string(chunk->span.end) + " ";
    return out;
  }));
}

TEST(alloc_failures_while_other_formats_are_read) {
  for (const char* name : {"jfk.flac", "jfk_vbr.mp3", "jfk_vorbis.ogg", "jfk_adpcm.wav"}) {
    const std::string path = check::shared(std::string("audio/formats/") + name);
    expectHeldAtAllSizes(whole(name, [path] { return readAll(path); }));
  }
}

TEST(alloc_failures_while_a_diarizer_is_loaded) {
  expectHeldAtAllSizes(whole(
      "diarizer", [] { return std::to_string(DiarizationModel::load(kSegmentation, kEmbedding, never)->byteSize()); }));
}

TEST(alloc_failures_while_speakers_are_told_apart) {
  Stage stage;
  stage.name = "diarization";
  stage.open = [] {
    const auto model = DiarizationModel::load(kSegmentation, kEmbedding, never);
    return [model]() -> Work {
      return [model] {
        StreamOptions options;
        options.threads = 2;
        DiarizationStream stream(model, options);
        return diarize(stream, "examples/jfk.wav");
      };
    };
  };
  stage.everyUpTo = 20;
  expectHeldAtAllSizes(stage);
  stage.name = "threads of a diarization";
  stage.threads = true;
  expectHeld(stage);
}

// On the pool's only thread, as in the addon, with no further one to be had: the parts must not wait for a thread
// forever.
TEST(alloc_failures_of_threads_within_a_pool_thread) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    std::promise<int> done;
    ThreadPool::instance().submit([&done] {
      failing::arm({1, 1, true, true});
      std::atomic<int> sum{0};
      inParallel(3, [&](int thread) { sum += thread + 1; });
      failing::disarm();
      done.set_value(failing::failures() > 0 ? sum.load() : -1);
    });
    _exit(done.get_future().get());
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 1 + 2 + 3);
}
