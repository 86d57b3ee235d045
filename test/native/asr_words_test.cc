#include <string>
#include <vector>

#include "asr/align.h"
#include "asr/loops.h"
#include "asr/words.h"
#include "check.h"

using namespace hearken;

namespace {

std::vector<TextToken> tokens(const std::vector<std::string>& bytes) {
  std::vector<TextToken> out;
  for (const auto& b : bytes) out.push_back({0, b, 1.0f, 0.0f});
  return out;
}

std::vector<std::string> texts(const std::vector<std::string>& bytes, const std::string& language) {
  std::vector<std::string> out;
  for (const auto& word : groupWords(tokens(bytes), language)) out.push_back(word.text);
  return out;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST(words_begin_at_spaces_and_keep_their_punctuation) {
  CHECK((texts({" And", " so", ",", " my", " fell", "ow", " Amer", "icans", "."}, "en") ==
         Texts{"And", "so,", "my", "fellow", "Americans."}));
  CHECK((texts({"Hello", " \"", "world", "\""}, "en") == Texts{"Hello", "\"world\""}));
  CHECK((texts({" one", " -", " two"}, "en") == Texts{"one -", "two"}));
}

TEST(words_cover_every_token_once) {
  const auto all = tokens({" a", " (", "b", ")", " ", " c", " —", " d"});
  size_t next = 0;
  for (const auto& word : groupWords(all, "en")) {
    CHECK(word.first == next);
    next += word.count;
  }
  CHECK(next == all.size());
}

TEST(words_of_scripts_without_spaces_are_characters_never_halves_of_one) {
  // "真っ" with 真 split over two tokens, as byte-pair encoding does.
  CHECK((texts({"\xE7\x9C", "\x9F", "\xE3\x81\xA3"}, "ja") == Texts{"真", "っ"}));
  const auto words = groupWords(tokens({"\xE7\x9C", "\x9F", "\xE3\x81\xA3", "。"}), "ja");
  CHECK(words.size() == 2 && words[1].text == "っ。" && words[1].glued);
}

TEST(text_that_is_not_utf8_becomes_utf8) {
  CHECK(toUtf8("a\xFF"
               "b") ==
        "a\xEF\xBF\xBD"
        "b");
  CHECK(toUtf8("\xE7\x9C") == "\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(toUtf8("naïve") == "naïve");
}

TEST(loops_are_found_and_emphasis_is_not) {
  Texts stuck(40, "thank");
  for (size_t i = 1; i < stuck.size(); i += 2) stuck[i] = "You.";
  stuck.insert(stuck.begin(), "Well,");
  const auto loop = findLoop(stuck);
  REQUIRE(loop.has_value());
  CHECK(loop->first == 1 && loop->period == 2 && loop->times == 20);
  CHECK(!findLoop({"no", "no", "no", "no", "no", "I", "said", "no"}));
  CHECK(!findLoop({"row", "row", "row", "your", "boat", "gently", "down", "the", "stream"}));
  CHECK(!findLoop({}));
}

TEST(alignment_follows_the_attention) {
  // Each of 6 tokens attends to its own stretch of 10 frames; one head is noise.
  const size_t heads = 2, rows = 6, frames = 60, stride = 64;
  std::vector<float> scores(heads * rows * stride, 0.0f);
  for (size_t t = 0; t < rows; ++t) {
    for (size_t f = 0; f < frames; ++f) {
      scores[t * stride + f] = f / 10 == t ? 8.0f : 0.0f;
      scores[(rows + t) * stride + f] = static_cast<float>((t * 31 + f * 17) % 5) * 0.1f;
    }
    for (size_t f = frames; f < stride; ++f)
      scores[t * stride + f] = 100.0f;  // beyond the audio: must not be looked at
  }
  AttentionScores in;
  in.scores = scores.data();
  in.heads = heads;
  in.tokens = rows;
  in.stride = stride;
  in.frames = frames;
  const auto begins = alignTokens(in, 0);
  REQUIRE(begins.size() == rows);
  for (size_t t = 0; t < rows; ++t) CHECK_NEAR(begins[t], static_cast<double>(10 * t), 2.0);
  CHECK(alignTokens(in, 2).size() == rows - 2);
}

TEST(alignment_of_less_than_a_filter_width_is_in_range) {
  const std::vector<float> scores(3 * 2, 0.5f);
  AttentionScores in;
  in.scores = scores.data();
  in.heads = 1;
  in.tokens = 3;
  in.stride = in.frames = 2;
  for (const int begin : alignTokens(in, 0)) CHECK(begin >= 0 && begin < 2);
}
