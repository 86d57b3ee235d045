#pragma once

#include <cmath>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

// A test is a function registered by TEST; CHECK records a failure and goes on, REQUIRE ends the test.
namespace check {

struct Test {
  const char* name;
  std::function<void()> run;
};

struct Stop {};
struct Skip {
  std::string why;
};

std::vector<Test>& tests();
void fail(const char* file, int line, const std::string& what);

struct Register {
  Register(const char* name, std::function<void()> run) { tests().push_back({name, std::move(run)}); }
};

// The folder of shared test data, or Skip (a visible skip of the test) where it is absent.
std::string shared(const std::string& path);

}  // namespace check

#define TEST(id)                                       \
  static void id();                                    \
  static const check::Register register_##id(#id, id); \
  static void id()

#define CHECK(condition)                                           \
  do {                                                             \
    if (!(condition)) check::fail(__FILE__, __LINE__, #condition); \
  } while (0)

#define REQUIRE(condition)                         \
  do {                                             \
    if (!(condition)) {                            \
      check::fail(__FILE__, __LINE__, #condition); \
      throw check::Stop();                         \
    }                                              \
  } while (0)

#define CHECK_NEAR(a, b, tolerance)                                                                  \
  do {                                                                                               \
    const double a_ = (a), b_ = (b);                                                                 \
    if (!(std::fabs(a_ - b_) <= (tolerance)))                                                        \
      check::fail(__FILE__, __LINE__,                                                                \
                  std::string(#a " ≈ " #b ": ") + std::to_string(a_) + " vs " + std::to_string(b_)); \
  } while (0)

// The statement throws hearken::Error with this code.
#define CHECK_THROWS(statement, expected)                                                                     \
  do {                                                                                                        \
    try {                                                                                                     \
      statement;                                                                                              \
      check::fail(__FILE__, __LINE__, "no error from " #statement);                                           \
    } catch (const hearken::Error& error_) {                                                                  \
      if (error_.code() != (expected)) check::fail(__FILE__, __LINE__, #statement " threw " + error_.code()); \
    }                                                                                                         \
  } while (0)
