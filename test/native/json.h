#pragma once

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

// A JSON reader for fixtures: files that our own tools wrote. No escapes in strings; anything odd throws.
namespace check {

class Json {
 public:
  static Json read(const std::string& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    const std::string all = text.str();
    const char* at = all.c_str();
    Json value = parse(at);
    if (!file) throw std::runtime_error("cannot read " + path);
    return value;
  }

  double number() const { return number_; }
  int integer() const { return static_cast<int>(number_); }
  const std::string& text() const { return text_; }
  size_t size() const { return items_.size(); }
  const std::vector<Json>& items() const { return items_; }
  const Json& operator[](size_t i) const { return items_.at(i); }
  bool has(const std::string& key) const { return members_.count(key) > 0; }
  const Json& operator[](const std::string& key) const { return members_.at(key); }
  const std::map<std::string, Json>& members() const { return members_; }

 private:
  static void skip(const char*& at) {
    while (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r') ++at;
  }
  static void expect(const char*& at, char c) {
    skip(at);
    if (*at != c) throw std::runtime_error(std::string("JSON: no ") + c + " before " + std::string(at).substr(0, 20));
    ++at;
    skip(at);
  }
  static std::string string(const char*& at) {
    expect(at, '"');
    const char* begin = at;
    while (*at && *at != '"' && *at != '\\') ++at;
    const std::string text(begin, at);
    expect(at, '"');
    return text;
  }
  static Json parse(const char*& at) {
    Json value;
    skip(at);
    if (*at == '{' || *at == '[') {
      const bool object = *at++ == '{';
      const char close = object ? '}' : ']';
      skip(at);
      for (bool more = *at != close; more;) {
        if (object) {
          const std::string key = string(at);
          expect(at, ':');
          value.members_[key] = parse(at);
        } else {
          value.items_.push_back(parse(at));
        }
        skip(at);
        more = *at == ',';
        if (more) ++at;
      }
      expect(at, close);
    } else if (*at == '"') {
      value.text_ = string(at);
    } else {
      char* end = nullptr;
      value.number_ = std::strtod(at, &end);
      if (end == at) throw std::runtime_error("JSON: no value at " + std::string(at).substr(0, 20));
      at = end;
    }
    return value;
  }

  double number_ = 0;
  std::string text_;
  std::vector<Json> items_;
  std::map<std::string, Json> members_;
};

}  // namespace check
