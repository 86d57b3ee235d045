#include "addon/engine.h"

#include "engine_digest.h"  // made by the build; in no other file, since it changes with every source

namespace hearken {

const char* engineDigest() {
  return HEARKEN_ENGINE;
}

}  // namespace hearken
