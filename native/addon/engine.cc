#include "addon/engine.h"

#include "engine_digest.h"  // made by the build; in no other file, since it changes with every source

namespace hearken {

const char* engineDigest() {
  return HEARKEN_ENGINE;
}

const char* engineCompiler() {
#ifdef _MSC_FULL_VER
#define HEARKEN_TEXT(number) #number
#define HEARKEN_MSVC(number) "MSVC " HEARKEN_TEXT(number)
  return HEARKEN_MSVC(_MSC_FULL_VER);
#elif defined(__clang__)
  return "Clang " __VERSION__;
#else
  return "GCC " __VERSION__;
#endif
}

}  // namespace hearken
