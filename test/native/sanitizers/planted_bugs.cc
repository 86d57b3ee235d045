#include "sanitizers/planted_bugs.h"

#include <atomic>
#include <climits>
#include <cstdint>
#include <limits>
#include <memory>
#include <thread>

#include "addon/handle.h"
#include "core/buffer.h"
#include "core/parallel.h"

namespace hearken {
namespace {

using BufferHandle = Handle<Buffer>;

// The optimiser may not see through what goes wrong.
template <typename T>
T* hidden(T* pointer) {
  T* volatile kept = pointer;
  return kept;
}

std::shared_ptr<BufferHandle> handleOf(size_t bytes) {
  return std::make_shared<BufferHandle>(std::make_shared<Buffer>(MemoryKind::kAudio, bytes), "the buffer");
}

// Who waits for the end of a handle holds a use of it: neither ever ends, and its buffer with them.
void leak() {
  const auto handle = handleOf(4096);
  handle->close([use = handle->use()] { (void)use; });
}

// A pointer that was taken while the object was in use, read once it is closed.
void useAfterClose() {
  const auto handle = handleOf(4096);
  const float* samples = hidden((*handle->use())->floats());
  handle->close([] {});
  volatile float sample = samples[7];
  (void)sample;
}

// Two owners that do not know of each other close the same object.
void doubleClose() {
  auto* object = hidden(new int64_t(1));
  const auto first = std::make_shared<Handle<int64_t>>(std::shared_ptr<int64_t>(object), "the first");
  const auto second = std::make_shared<Handle<int64_t>>(std::shared_ptr<int64_t>(object), "the second");
  first->close([] {});
  second->close([] {});
}

// One sample behind the end of a buffer.
void overrun() {
  const Buffer buffer(MemoryKind::kAudio, 100 * sizeof(float));
  hidden(buffer.floats())[100] = 1;
}

// Two threads count without a lock. The rendezvous orders nothing, so that they do run side by side; once each would be
// missed one time in ten.
void race() {
  static int count;
  std::atomic<int> here{0};
  inParallel(2, [&](int) {
    here.fetch_add(1, std::memory_order_relaxed);
    while (here.load(std::memory_order_relaxed) < 2) std::this_thread::yield();
    for (int i = 0; i < 10'000; ++i) *hidden(&count) += 1;
  });
}

// Samples of a length that a file claims, added up in an int.
void overflow() {
  int claimed = INT_MAX;
  volatile int end = *hidden(&claimed) + 16000;
  (void)end;
}

// A pointer into bytes, read as if it were aligned.
void misaligned() {
  const auto bytes = std::make_unique<unsigned char[]>(16);
  volatile int64_t value = *reinterpret_cast<const int64_t*>(hidden(bytes.get() + 1));
  (void)value;
}

// A sample that is no number, made an integer.
void notANumber() {
  float sample = std::numeric_limits<float>::quiet_NaN();
  volatile int16_t integer = static_cast<int16_t>(*hidden(&sample));
  (void)integer;
}

void none() {
  const auto handle = handleOf(4096);
  bool gone = false;
  {
    const auto use = handle->use();
    (*use)->floats()[1023] = 1;
    handle->close([&] { gone = true; });
  }
  std::atomic<int> count{gone ? 0 : 1};
  inParallel(2, [&](int) { ++count; });
}

}  // namespace

bool plantBug(const std::string& name) {
  const struct {
    const char* name;
    void (*commit)();
  } bugs[] = {{"none", none},
              {"leak", leak},
              {"use-after-close", useAfterClose},
              {"double-close", doubleClose},
              {"overrun", overrun},
              {"race", race},
              {"overflow", overflow},
              {"misaligned", misaligned},
              {"not-a-number", notANumber}};
  for (const auto& bug : bugs) {
    if (name != bug.name) continue;
    bug.commit();
    return true;
  }
  return false;
}

}  // namespace hearken
