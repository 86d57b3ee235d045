#pragma once

#include <functional>

namespace hearken {

// Runs work(0) … work(threads − 1) side by side, the first on this thread, and returns when all have ended; throws what
// one of them threw.
void inParallel(int threads, const std::function<void(int thread)>& work);

}  // namespace hearken
