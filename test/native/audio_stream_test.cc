#include <atomic>
#include <chrono>

#include "audio_helpers.h"
#include "core/ledger.h"

using namespace audiotest;

namespace {

double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

TEST(audio_stream_of_a_wav_is_the_file) {
  const Bytes wav = makeWav(babble(22050, 2, 9), 22050, 2);
  const Samples whole = readAll(*openMemory(wav));
  for (size_t block : {1u, 7u, 1000u, 65536u}) CHECK(readStream(wav, block) == whole);
}

TEST(audio_stream_of_shared_files_is_the_file) {
  const std::string folder = check::shared("audio/formats");
  for (const char* name :
       {"jfk_24bit_44k.wav", "jfk_adpcm.wav", "jfk_stereo_antiphase.wav", "jfk.flac", "jfk_vbr.mp3",
        "jfk_id3_unicode.mp3", "jfk_vorbis.ogg", "one_two_three_mono.aiff", "jfk.au", "jfk.caf", "jfk.w64"}) {
    const Bytes bytes = load(folder + "/" + name);
    const Samples whole = readFile(folder + "/" + name);
    for (size_t block : {1u, 997u, 100000u}) {
      if (!(readStream(bytes, block) == whole))
        check::fail(__FILE__, __LINE__, std::string(name) + " differs as a stream");
    }
    if (!(readAll(*openMemory(bytes)) == whole))
      check::fail(__FILE__, __LINE__, std::string(name) + " differs as bytes");
  }
}

TEST(audio_stream_of_raw_pcm) {
  const Samples x = babble(16000, 1);
  Bytes floats, ints;
  for (float v : x) {
    uint32_t bits;
    std::memcpy(&bits, &v, 4);
    put(floats, bits, 4);
    put(ints, static_cast<uint16_t>(std::lround(v * 32768)), 2);
  }
  hearken::PcmFormat format;
  format.sample = hearken::PcmFormat::Sample::kF32;
  CHECK(readStream(floats, 333, &format) == x);
  format.sample = hearken::PcmFormat::Sample::kS16;
  CHECK(largestDifference(x, 0, readStream(ints, 333, &format)) < 2e-5);
  format.channels = 2;
  format.sampleRate = 32000;
  CHECK(readStream(ints, 1001, &format).size() == 4000);
  format.sampleRate = 0;
  CHECK_THROWS(readStream(ints, 1001, &format), hearken::codes::kAudioFormat);
}

TEST(audio_stream_failure_is_told) {
  auto queue = std::make_shared<hearken::ByteQueue>();
  Bytes wav = makeWav(babble(16000, 1), 16000, 1);
  wav.resize(wav.size() / 2);
  queue->push(wav);
  queue->fail("the socket was reset");
  hearken::CancelToken cancel;
  auto reader = hearken::openStream(queue, nullptr, {}, cancel);
  try {
    readAll(*reader);
    check::fail(__FILE__, __LINE__, "a broken stream ended as if whole");
  } catch (const hearken::Error& error) {
    CHECK(error.code() == hearken::codes::kAudioRead);
    CHECK(std::string(error.what()) == "the socket was reset");
  }
}

TEST(audio_queue_is_bounded_and_tells_room) {
  auto queue = std::make_shared<hearken::ByteQueue>(100);
  std::atomic<int> rooms{0};
  queue->onRoom([&] { ++rooms; });
  queue->push(Bytes(60));
  CHECK(!queue->full());
  queue->push(Bytes(60));
  CHECK(queue->full());
  hearken::CancelToken cancel;
  uint8_t out[64];
  CHECK(queue->read(out, 10, cancel) == 10);
  CHECK(queue->full() && rooms == 0);
  CHECK(queue->read(out, 64, cancel) == 64);
  CHECK(!queue->full() && rooms == 1);
  queue->push(Bytes(200));
  queue->close();
  CHECK(!queue->full() && rooms == 2);
  queue->push(Bytes(200));
  CHECK(!queue->full());
  CHECK_THROWS(queue->read(out, 1, cancel), hearken::codes::kClosed);
}

TEST(audio_stream_cancel_wakes_a_blocked_reader) {
  for (int ready : {0, 1}) {
    auto queue = std::make_shared<hearken::ByteQueue>();
    Bytes wav = makeWav(babble(16000, 1), 16000, 1);
    wav.resize(wav.size() / 2);
    if (ready) queue->push(wav);
    hearken::CancelToken cancel;
    std::chrono::steady_clock::time_point cancelled;
    std::thread later([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      cancelled = std::chrono::steady_clock::now();
      cancel.cancel();
    });
    try {
      auto reader = hearken::openStream(queue, nullptr, {}, cancel);
      Samples out(100000);
      reader->read(out.data(), out.size(), cancel);
      check::fail(__FILE__, __LINE__, "a cancelled read returned");
    } catch (const hearken::Error& error) {
      CHECK(error.code() == hearken::codes::kAborted);
    }
    later.join();
    CHECK(secondsSince(cancelled) < 0.1);
    CHECK(!queue->full());
  }
}

TEST(audio_queue_is_counted) {
  const auto held = [] { return hearken::Ledger::instance().bytes(hearken::MemoryKind::kAudio); };
  const int64_t before = held();
  hearken::CancelToken cancel;
  Bytes out(3000);
  {
    hearken::ByteQueue queue;
    queue.push(Bytes(1000));
    queue.push(Bytes(5000));
    CHECK(held() - before == 6000);
    CHECK(queue.read(out.data(), 1500, cancel) == 1500);
    CHECK(held() - before == 5000);
    queue.push(Bytes(700));
    CHECK(held() - before == 5700);
  }
  CHECK(held() == before);
  hearken::ByteQueue queue;
  queue.push(Bytes(1000));
  queue.close();
  CHECK(held() == before);
}
