#pragma once

#include <functional>

namespace hearken {

// Runs work(0) … work(threads − 1) side by side, the first on this thread, and returns when all have ended; throws what
// one of them threw. What no other thread has begun when this one is free, this one does: it never waits for a thread.
void inParallel(int threads, const std::function<void(int thread)>& work);

}  // namespace hearken
