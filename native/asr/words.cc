#include "asr/words.h"

#include <array>
#include <string_view>

namespace hearken {
namespace {

// Length of the UTF-8 sequence at text[at], or 0 if there is none or it is not complete.
size_t sequenceLength(std::string_view text, size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const size_t length = lead < 0x80 ? 1 : (lead >> 5) == 6 ? 2 : (lead >> 4) == 14 ? 3 : (lead >> 3) == 30 ? 4 : 0;
  if (length == 0 || at + length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(text[at + i]) >> 6) != 2) return 0;
  }
  return length;
}

bool isValid(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const size_t length = sequenceLength(text, i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}

bool madeOf(std::string_view text, const std::string_view* set, size_t n) {
  if (text.empty()) return false;
  for (size_t i = 0; i < text.size();) {
    const size_t length = sequenceLength(text, i);
    if (length == 0) return false;
    bool found = false;
    for (size_t k = 0; k < n && !found; ++k) found = set[k] == text.substr(i, length);
    if (!found) return false;
    i += length;
  }
  return true;
}

constexpr std::array<std::string_view, 9> kOpening = {"\"", "'", "“", "¿", "¡", "(", "[", "{", "-"};
constexpr std::array<std::string_view, 26> kClosing = {"\"", "'", ".",  "。", ",", "，", "!",  "！", "?",
                                                       "？", ":", "：", "”",  ")", "]",  "}",  "、", ";",
                                                       "…",  "»", "-",  "—",  "%", "」", "』", "）"};

bool isOpening(std::string_view text) {
  return madeOf(text, kOpening.data(), kOpening.size());
}
bool isClosing(std::string_view text) {
  return madeOf(text, kClosing.data(), kClosing.size());
}

}  // namespace

bool writesWithoutSpaces(const std::string& language) {
  for (const char* code : {"zh", "ja", "th", "lo", "my", "yue", "km", "bo"}) {
    if (language == code) return true;
  }
  return false;
}

std::string toUtf8(const std::string& bytes) {
  if (isValid(bytes)) return bytes;
  std::string out;
  for (size_t i = 0; i < bytes.size();) {
    const size_t length = sequenceLength(bytes, i);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
      ++i;
    } else {
      out.append(bytes, i, length);
      i += length;
    }
  }
  return out;
}

std::string trimmed(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::vector<TokenWord> groupWords(const std::vector<TextToken>& tokens, const std::string& language) {
  const bool byCharacter = writesWithoutSpaces(language);
  std::vector<TokenWord> words;
  std::string raw;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const std::string& bytes = tokens[i].bytes;
    const bool spaced = !bytes.empty() && bytes[0] == ' ';
    // A token in mid character continues the word whatever the language.
    const bool whole = raw.empty() || isValid(raw);
    if (words.empty() || (whole && (spaced || byCharacter))) {
      if (!words.empty()) words.back().text = raw;
      words.push_back({i, 0, "", !spaced});
      raw.clear();
    }
    raw += bytes;
    ++words.back().count;
  }
  if (!words.empty()) words.back().text = raw;
  for (auto& word : words) word.text = trimmed(toUtf8(word.text));

  // Punctuation that stands alone joins its neighbour; words of white space only join the one before.
  std::vector<TokenWord> out;
  const auto append = [&out](const TokenWord& word, bool space) {
    if (space && !out.back().text.empty() && !word.text.empty()) out.back().text += ' ';
    out.back().text += word.text;
    out.back().count += word.count;
  };
  for (const auto& word : words) {
    const bool closing = word.glued && isClosing(word.text);
    const bool stray = word.text == "-" || word.text == "—" || word.text == "–";
    if (!out.empty() && (word.text.empty() || closing || stray)) {
      append(word, stray && !word.glued);
    } else if (!out.empty() && isOpening(out.back().text)) {
      append(word, !word.glued && out.back().text == "-");
    } else {
      out.push_back(word);
    }
  }
  return out;
}

}  // namespace hearken
