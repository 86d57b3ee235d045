#include "core/pages.h"

#if defined(HEARKEN_HEAP_PAGES)
#include <cstdlib>
#include <cstring>
#elif defined(_WIN32)
#include <windows.h>
#else
#include <sys/mman.h>
#endif

namespace hearken {

void* mapPages(size_t bytes) noexcept {
#if defined(HEARKEN_HEAP_PAGES)
  // In a build with AddressSanitizer, which watches the heap and knows nothing of what is mapped.
  void* pages = nullptr;
  if (posix_memalign(&pages, 4096, bytes) != 0) return nullptr;
  return std::memset(pages, 0, bytes);
#elif defined(_WIN32)
  return VirtualAlloc(nullptr, bytes, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
#else
  void* pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return pages == MAP_FAILED ? nullptr : pages;
#endif
}

void unmapPages(void* pages, size_t bytes) noexcept {
#if defined(HEARKEN_HEAP_PAGES)
  (void)bytes;
  std::free(pages);
#elif defined(_WIN32)
  (void)bytes;
  VirtualFree(pages, 0, MEM_RELEASE);
#else
  munmap(pages, bytes);
#endif
}

}  // namespace hearken
