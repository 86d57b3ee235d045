#include "failing_allocator.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#define EXPORTED extern "C" __attribute__((visibility("default")))

extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);
void __libc_free(void*);
}

namespace failing {
namespace {

std::atomic<bool> armed{false};
Plan plan;
std::atomic<int64_t> seen{0}, failed{0}, blocks{0}, bytes{0};
std::atomic<size_t> failedSize{0};
void* place[32];
int placeDepth = 0;
thread_local bool inside = false;  // backtrace() allocates when it is first called

bool fails(size_t size, bool thread) {
  if (!armed.load(std::memory_order_acquire) || inside || thread != plan.threads) return false;
  if (!thread && size < plan.atLeast) return false;
  const int64_t number = ++seen;
  if (plan.from == 0 || number < plan.from || (number > plan.from && !plan.persistently)) return false;
  if (failed++ == 0) {
    failedSize = size;
    inside = true;
    placeDepth = backtrace(place, 32);
    inside = false;
  }
  return true;
}

void* kept(void* block) {
  if (block) {
    ++blocks;
    bytes += static_cast<int64_t>(malloc_usable_size(block));
  }
  return block;
}

void gone(void* block) {
  if (!block) return;
  --blocks;
  bytes -= static_cast<int64_t>(malloc_usable_size(block));
}

void* none() {
  errno = ENOMEM;
  return nullptr;
}

}  // namespace

void arm(const Plan& wanted) {
  static const bool warm = [] {
    void* frames[4];
    return backtrace(frames, 4) > 0;
  }();
  (void)warm;
  plan = wanted;
  seen = failed = 0;
  failedSize = 0;
  placeDepth = 0;
  armed.store(true, std::memory_order_release);
}

int64_t disarm() {
  armed = false;
  return seen;
}

int64_t failures() {
  return failed;
}

size_t failedBytes() {
  return failedSize;
}

void printPlace() {
  backtrace_symbols_fd(place, placeDepth, 1);
}

Held held() {
  return {blocks, bytes};
}

}  // namespace failing

using failing::fails;
using failing::gone;
using failing::kept;
using failing::none;

EXPORTED void* malloc(size_t size) {
  return fails(size, false) ? none() : kept(__libc_malloc(size));
}

EXPORTED void* calloc(size_t count, size_t size) {
  return fails(count * size, false) ? none() : kept(__libc_calloc(count, size));
}

EXPORTED void* realloc(void* block, size_t size) {
  if (fails(size, false)) return none();
  const size_t before = block ? malloc_usable_size(block) : 0;
  void* moved = __libc_realloc(block, size);
  if (block && (moved || size == 0)) {
    --failing::blocks;
    failing::bytes -= static_cast<int64_t>(before);
  }
  return kept(moved);
}

EXPORTED void* memalign(size_t alignment, size_t size) {
  return fails(size, false) ? none() : kept(__libc_memalign(alignment, size));
}

EXPORTED void* aligned_alloc(size_t alignment, size_t size) {
  return memalign(alignment, size);
}

EXPORTED int posix_memalign(void** out, size_t alignment, size_t size) {
  void* block = memalign(alignment, size);
  if (!block) return ENOMEM;
  *out = block;
  return 0;
}

EXPORTED void free(void* block) {
  gone(block);
  __libc_free(block);
}

EXPORTED void* mmap(void* at, size_t size, int protection, int flags, int file, off_t offset) {
  const bool anonymous = (flags & MAP_ANONYMOUS) != 0;
  if (anonymous && fails(size, false)) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  void* block = reinterpret_cast<void*>(syscall(SYS_mmap, at, size, protection, flags, file, offset));
  if (anonymous && block != MAP_FAILED) {
    ++failing::blocks;
    failing::bytes += static_cast<int64_t>(size);
  }
  return block;
}

EXPORTED int munmap(void* block, size_t size) {
  const int status = static_cast<int>(syscall(SYS_munmap, block, size));
  if (status == 0) {  // of files too: nothing of ours maps any
    --failing::blocks;
    failing::bytes -= static_cast<int64_t>(size);
  }
  return status;
}

EXPORTED int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                            void* argument) {
  static const auto real = reinterpret_cast<decltype(&pthread_create)>(dlsym(RTLD_NEXT, "pthread_create"));
  return fails(0, true) ? EAGAIN : real(thread, attributes, start, argument);
}
