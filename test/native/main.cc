// Runs every TEST, or those whose name contains one of the arguments; none that contains an argument behind a '-'.
// Prints a line for each and a summary that CI reads.
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>

#include "check.h"

namespace check {

static int failures = 0;

std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

void fail(const char* file, int line, const std::string& what) {
  ++failures;
  std::printf("    %s:%d: %s\n", file, line, what.c_str());
}

std::string shared(const std::string& path) {
  const char* root = std::getenv("HEARKEN_SHARED");
  const std::string found = std::string(root ? root : "../shared") + "/" + path;
  if (!std::filesystem::exists(found)) throw Skip{found + " is absent"};
  return found;
}

// Whether the arguments want the test of this name.
static bool wanted(const char* name, int argc, char** argv) {
  bool any = false, named = false;
  for (int i = 1; i < argc; ++i) {
    const bool found = std::strstr(name, argv[i][0] == '-' ? argv[i] + 1 : argv[i]) != nullptr;
    if (argv[i][0] == '-' && found) return false;
    if (argv[i][0] == '-') continue;
    any = true;
    named = named || found;
  }
  return named || !any;
}

}  // namespace check

int main(int argc, char** argv) {
  int passed = 0, failed = 0, skipped = 0;
  for (const auto& test : check::tests()) {
    if (!check::wanted(test.name, argc, argv)) continue;
    check::failures = 0;
    const char* skip = nullptr;
    std::string why;
    try {
      test.run();
    } catch (const check::Stop&) {
    } catch (const check::Skip& s) {
      why = s.why;
      skip = why.c_str();
    } catch (const std::exception& error) {
      check::fail(test.name, 0, std::string("threw ") + error.what());
    }
    if (skip) {
      ++skipped;
      std::printf("  - %s (skipped: %s)\n", test.name, skip);
    } else if (check::failures) {
      ++failed;
      std::printf("  ✘ %s\n", test.name);
    } else {
      ++passed;
      std::printf("  ✔ %s\n", test.name);
    }
    std::fflush(stdout);
  }
  std::printf("native tests: %d passed, %d failed, %d skipped\n", passed, failed, skipped);
  return failed ? 1 : 0;
}
