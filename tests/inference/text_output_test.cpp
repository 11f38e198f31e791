#include "alpha/inference/text_output.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "alpha/core/error.h"
#include "alpha/tokenizers/bpe_tokenizer.h"
#include "alpha/tokenizers/tokenizer_factory.h"
#include "alpha/tokenizers/utf8.h"

namespace alpha {
namespace {

using Strings = std::vector<std::string>;

/// Tokens are bytes: every way to cut a text can be fed.
const Tokenizer& bytes() {
  static const auto kTokenizer = BpeTokenizer::train("", 257);
  return *kTokenizer;
}

std::string feed(TextOutput& output, std::string_view text) {
  std::string shown;
  for (const char byte : text) shown += output.feed(static_cast<unsigned char>(byte));
  return shown;
}

/// What is shown of the whole text, and which stop string ended it (-1: none).
struct Outcome {
  std::string text;
  int stopped_by = -1;

  bool operator==(const Outcome&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
  return out << '"' << outcome.text << "\" stopped by " << outcome.stopped_by;
}

Outcome run(std::string_view text, const Strings& stop, bool include_stop = false) {
  TextOutput output(bytes(), {.stop = stop, .include_stop = include_stop});
  Outcome outcome;
  outcome.text = feed(output, text);
  outcome.text += output.flush();
  if (const auto i = output.stopped_by()) outcome.stopped_by = static_cast<int>(*i);
  return outcome;
}

/// The definition: the stop string that ends first, of those the longest, the first of equals.
Outcome search(const std::string& text, const Strings& stop, bool include_stop) {
  std::size_t best_end = std::string::npos;
  Outcome outcome{.text = text};
  std::size_t best_size = 0;
  for (std::size_t i = 0; i < stop.size(); ++i) {
    const std::size_t at = text.find(stop[i]);
    if (at == std::string::npos) continue;
    const std::size_t end = at + stop[i].size();
    if (end > best_end || (end == best_end && stop[i].size() <= best_size)) continue;
    best_end = end;
    best_size = stop[i].size();
    outcome = {.text = text.substr(0, include_stop ? end : at), .stopped_by = static_cast<int>(i)};
  }
  return outcome;
}

TEST(TextOutput, ShowsTextAtOnceWhereNothingCanStopIt) {
  TextOutput output(bytes());
  EXPECT_EQ(output.feed('a'), "a");
  EXPECT_EQ(output.feed('\n'), "\n");
  EXPECT_EQ(output.flush(), "");
  EXPECT_FALSE(output.is_stopped());
}

TEST(TextOutput, HoldsBackWhatMayBecomeAStopString) {
  TextOutput output(bytes(), {.stop = {"###"}});
  EXPECT_EQ(feed(output, "a#"), "a");
  EXPECT_EQ(feed(output, "#"), "");
  EXPECT_EQ(feed(output, "b"), "##b");
  EXPECT_EQ(feed(output, "##"), "");
  EXPECT_EQ(output.flush(), "##");
  EXPECT_FALSE(output.is_stopped());
}

TEST(TextOutput, EndsBeforeTheStopStringAndShowsNothingAfterIt) {
  TextOutput output(bytes(), {.stop = {"xyz", "END"}});
  EXPECT_EQ(feed(output, "a textEN"), "a text");
  EXPECT_EQ(feed(output, "D"), "");
  EXPECT_EQ(output.stopped_by(), 1U);
  EXPECT_EQ(feed(output, "more xyz"), "");
  EXPECT_EQ(output.flush(), "");
  EXPECT_EQ(output.stopped_by(), 1U);
}

TEST(TextOutput, CanShowTheStopString) {
  EXPECT_EQ(run("a text END more", {"END"}, true), (Outcome{"a text END", 0}));
  EXPECT_EQ(run("a text EN", {"END"}, true), (Outcome{"a text EN", -1}));
}

TEST(TextOutput, TakesTheStopStringThatIsCompleteFirstAndThenTheLongest) {
  EXPECT_EQ(run("...abc", {"abc", "ab"}), (Outcome{"...", 1}));
  EXPECT_EQ(run("...abc", {"bc", "abc", "c"}), (Outcome{"...", 1}));
  EXPECT_EQ(run("...abcdef", {"abcdef", "cd"}), (Outcome{"...ab", 1}));
  EXPECT_EQ(run("...ab", {"ab", "ab"}), (Outcome{"...", 0}));
}

TEST(TextOutput, FindsStopStringsThatOverlapThemselvesAndEachOther) {
  EXPECT_EQ(run("aabaabaaab", {"aabaaab"}), (Outcome{"aab", 0}));
  EXPECT_EQ(run("aaaaab", {"aaab"}), (Outcome{"aa", 0}));
  EXPECT_EQ(run("xababac", {"abac", "babc"}), (Outcome{"xab", 0}));
}

TEST(TextOutput, FindsStopStringsAcrossAndWithinTokens) {
  const auto tokenizer = train_tokenizer("word", "one two three");
  const std::vector<TokenId> ids = tokenizer->encode("one two three two");
  ASSERT_EQ(ids.size(), 4U);
  TextOutput output(*tokenizer, {.stop = {"o th"}});
  EXPECT_EQ(output.feed(ids[0]), "one");
  EXPECT_EQ(output.feed(ids[1]), " tw");
  EXPECT_EQ(output.feed(ids[2]), "");
  EXPECT_EQ(output.stopped_by(), 0U);
  TextOutput after_prompt(*tokenizer, {.stop = {" two"}}, ids[0]);
  EXPECT_EQ(after_prompt.feed(ids[1]), "");
  EXPECT_TRUE(after_prompt.is_stopped());
}

TEST(TextOutput, CutsBetweenCharacters) {
  const std::string stop = "\u20AC\u20AC";
  TextOutput output(bytes(), {.stop = {stop}});
  for (const char byte : std::string("a\u20AC\u20ADb\u20AC\u20AC")) {
    EXPECT_TRUE(is_valid_utf8(output.feed(static_cast<unsigned char>(byte))));
  }
  EXPECT_TRUE(output.is_stopped());
  EXPECT_EQ(run("a\u20AC\u20ADb\u20AC", {stop}), (Outcome{"a\u20AC\u20ADb\u20AC", -1}));
}

TEST(TextOutput, ShowsAnIncompleteCharacterAtTheEndAsReplacement) {
  EXPECT_EQ(run("a\xE2\x82", {"b"}), (Outcome{"a\uFFFD", -1}));
  EXPECT_EQ(run("a\xE2\x82", {"a\uFFFD"}), (Outcome{"", 0}));
}

TEST(TextOutput, BeginsAnewAfterAFlush) {
  TextOutput output(bytes(), {.stop = {"ab"}});
  EXPECT_EQ(feed(output, "xa"), "x");
  EXPECT_EQ(output.flush(), "a");
  EXPECT_EQ(feed(output, "bab"), "b");
  EXPECT_TRUE(output.is_stopped());
}

TEST(TextOutput, AgreesWithASearchOfTheWholeText) {
  std::mt19937_64 rng(7);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(rng() % n); };
  const Strings letters = {"a", "b", "\u00e9"};
  const auto random_text = [&](std::size_t n) {
    std::string text;
    for (std::size_t i = 0; i < n; ++i) text += letters[below(letters.size())];
    return text;
  };
  const auto tokenizer = BpeTokenizer::train(random_text(2000), 290);  // tokens of several letters
  int n_stopped = 0;
  for (int trial = 0; trial < 3000; ++trial) {
    Strings stop;
    for (std::size_t n = below(4); n > 0; --n) stop.push_back(random_text(1 + below(7)));
    const bool include_stop = below(2) == 0;
    const std::string text = random_text(below(60));
    TextOutput output(*tokenizer, {.stop = stop, .include_stop = include_stop});
    Outcome outcome;
    // The text is cut anywhere, within characters too, and each part is encoded on its own.
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t n = 1 + below(9);
      for (const TokenId id : tokenizer->encode(text.substr(at, n))) {
        const std::string shown = output.feed(id);
        ASSERT_TRUE(is_valid_utf8(shown));
        outcome.text += shown;
      }
      at += n;
    }
    outcome.text += output.flush();
    if (output.is_stopped()) outcome.stopped_by = static_cast<int>(*output.stopped_by());
    ASSERT_EQ(outcome, search(text, stop, include_stop)) << text;
    n_stopped += output.is_stopped() ? 1 : 0;
  }
  EXPECT_GT(n_stopped, 1000);
  EXPECT_LT(n_stopped, 2500);
}

TEST(TextOutput, HoldsBackNoMoreThanItMust) {
  // After each byte: what is held is the longest end of the text that begins a stop string.
  std::mt19937_64 rng(9);
  const Strings stop = {"abaab", "bab", "aaaa"};
  for (int trial = 0; trial < 200; ++trial) {
    TextOutput output(bytes(), {.stop = stop});
    std::string text;
    std::size_t n_shown = 0;
    for (int i = 0; i < 30; ++i) {
      text += rng() % 2 == 0 ? 'a' : 'b';
      n_shown += feed(output, text.substr(text.size() - 1)).size();
      if (output.is_stopped()) break;
      std::size_t n_held = 0;
      for (const std::string& s : stop) {
        for (std::size_t n = 1; n <= std::min(s.size(), text.size()); ++n) {
          if (text.ends_with(s.substr(0, n))) n_held = std::max(n_held, n);
        }
      }
      ASSERT_EQ(n_shown, text.size() - n_held) << text;
    }
  }
}

TEST(TextOutput, RefusesImpossibleStopStrings) {
  const auto message = [](Strings stop) -> std::string {
    try {
      TextOutput output(bytes(), {.stop = std::move(stop)});
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(message(Strings(17, "a")), "17 stop strings, expected at most 16");
  EXPECT_EQ(message({"a", ""}), "stop string 1 has 0 bytes, expected 1 to 1024");
  EXPECT_EQ(message({std::string(1025, 'a')}), "stop string 0 has 1025 bytes, expected 1 to 1024");
  EXPECT_EQ(message({"\xFF"}), "stop string 0 is not valid UTF-8");
  EXPECT_EQ(message({std::string(1024, 'a')}), "no error");
}

}  // namespace
}  // namespace alpha
