#pragma once

#include <string>
#include <vector>

namespace hearken {

// A text token of the model: bytes that may be a part of a UTF-8 character.
struct TextToken {
  int id = 0;
  std::string bytes;
  float probability = 0;
  float logProbability = 0;
};

// A word as a run of tokens: [first, first + count).
struct TokenWord {
  size_t first = 0;
  size_t count = 0;
  std::string text;  // valid UTF-8, trimmed
  bool glued = false;
};

// Groups tokens into words: at spaces, or at characters for languages that write none. Punctuation stays with its word.
std::vector<TokenWord> groupWords(const std::vector<TextToken>& tokens, const std::string& language);

// True for languages whose text has no spaces between words.
bool writesWithoutSpaces(const std::string& language);

// The bytes with what is not UTF-8 replaced by U+FFFD (a decode cut off in mid character leaves such).
std::string toUtf8(const std::string& bytes);

// Trims ASCII white space at both ends.
std::string trimmed(const std::string& text);

}  // namespace hearken
