#include "alpha/data/stories.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "alpha/data/story_words.h"

namespace alpha {
namespace {

constexpr int kStories = 4000;

struct Story {
  std::string text;
  std::string plot;
};

const std::vector<Story>& many_stories() {
  static const std::vector<Story> kAll = [] {
    StoryWriter writer(20240);
    std::vector<Story> all(kStories);
    for (Story& story : all) {
      writer.append_story(story.text);
      story.plot = writer.plot();
    }
    return all;
  }();
  return kAll;
}

/// Words with their case; a possessive 's is cut off.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : ' ';
    if (std::isalpha(static_cast<unsigned char>(c)) != 0) {
      word += c;
    } else if (c == '\'') {
      ++i;
    } else if (!word.empty()) {
      words.push_back(word);
      word.clear();
    }
  }
  return words;
}

std::string lower(std::string word) {
  std::ranges::transform(word, word.begin(), [](unsigned char c) { return std::tolower(c); });
  return word;
}

/// Fails with the story in which `pattern` is found.
void expect_nowhere(const std::string& pattern) {
  const std::regex regex(pattern);
  for (const Story& story : many_stories()) {
    std::smatch match;
    if (std::regex_search(story.text, match, regex)) {
      ADD_FAILURE() << '"' << match.str() << "\" in " << story.plot << ":\n" << story.text;
      return;
    }
  }
}

/// Who is in the story, read from its text: names and helpers, with their gender.
std::map<std::string, StoryGender> people_in(const std::string& text) {
  std::map<std::string, StoryGender> people;
  const auto words = words_of(text);
  const auto add = [&](const StoryName& who) {
    if (std::ranges::find(words, who.name) != words.end()) {
      people.emplace(who.name, who.gender);
    }
  };
  for (const StoryWorld world : {StoryWorld::children, StoryWorld::animals}) {
    for (const StoryName& who : story_names(world)) add(who);
    for (const StoryNeighbour& who : story_neighbours(world)) {
      // "the wise owl" begins with a capital at the beginning of a sentence.
      if (text.find(who.name.substr(1)) != std::string::npos) people.emplace(who.name, who.gender);
    }
  }
  for (const StoryName& who : story_family()) add(who);
  return people;
}

TEST(Stories, HaveSixtyToOneHundredEightyWords) {
  for (const Story& story : many_stories()) {
    const auto n = std::ranges::count_if(story.text, [](char c) { return c == ' '; }) +
                   std::ranges::count(story.text, '\n') / 2 + 1;
    ASSERT_GE(n, 60) << story.text;
    ASSERT_LE(n, 180) << story.text;
  }
}

TEST(Stories, UseOnlyThePronounsOfTheirPeople) {
  int n_of_one_gender = 0;
  for (const Story& story : many_stories()) {
    const auto people = people_in(story.text);
    ASSERT_FALSE(people.empty());
    const auto has = [&](StoryGender gender) {
      return std::ranges::any_of(people, [&](const auto& who) { return who.second == gender; });
    };
    if (has(StoryGender::male) && has(StoryGender::female)) continue;
    ++n_of_one_gender;
    const StoryGender other = has(StoryGender::male) ? StoryGender::female : StoryGender::male;
    for (const std::string& word : words_of(story.text)) {
      const std::string w = lower(word);
      const StoryPronouns& wrong = pronouns(other);
      ASSERT_FALSE(w == wrong.subject || w == wrong.object || w == wrong.possessive ||
                   w == wrong.reflexive)
          << w << " in " << story.plot << ":\n"
          << story.text;
    }
  }
  EXPECT_GT(n_of_one_gender, kStories / 10);
}

TEST(Stories, AreNotToldTwice) {
  std::set<std::string_view> distinct;
  for (const Story& story : many_stories()) distinct.insert(story.text);
  EXPECT_EQ(distinct.size(), many_stories().size());
}

TEST(Stories, HaveManyPlotsThatAppearAboutEquallyOften) {
  std::map<std::string, int> n_by_plot;
  for (const Story& story : many_stories()) ++n_by_plot[story.plot];
  EXPECT_GE(n_by_plot.size(), 12U);
  for (const auto& [plot, n] : n_by_plot) {
    EXPECT_GT(n * n_by_plot.size(), kStories / 2U) << plot;
  }
}

TEST(Stories, HaveASmallVocabulary) {
  std::set<std::string> vocabulary;
  for (const Story& story : many_stories()) {
    for (const std::string& word : words_of(story.text)) vocabulary.insert(lower(word));
  }
  EXPECT_GE(vocabulary.size(), 600U);
  EXPECT_LE(vocabulary.size(), 1000U);
}

TEST(Stories, ChooseAOrAnByTheNextWord) {
  expect_nowhere("\\b[Aa] [aeiouAEIOU]");
  expect_nowhere("\\b[Aa]n [^aeiouAEIOU]");
}

TEST(Stories, DoNotDoubleAWord) {
  expect_nowhere("\\b([A-Za-z]+) \\1\\b");
}

TEST(Stories, BeginSentencesWithACapital) {
  expect_nowhere("[.!?] [a-z]");
  expect_nowhere("\\.\" [a-z]");
  expect_nowhere("(^|\\n)\"?[a-z]");
  expect_nowhere("(^|[.!?\"] )\"[a-z]");
}

TEST(Stories, HaveNoStraySpacesMarksOrHoles) {
  expect_nowhere("  | \\n|\\n | [.,!?]|,[.!?]|\\.\\.|[!?]\\.|^\\s|\\s$|\\n\\n\\n");
  expect_nowhere("[^A-Za-z .,!?:'\"\\n-]");
}

TEST(Stories, CloseTheirQuotationsInEveryParagraph) {
  for (const Story& story : many_stories()) {
    int n_quotes = 0;
    for (const char c : story.text + "\n") {
      if (c == '"') ++n_quotes;
      if (c != '\n') continue;
      ASSERT_EQ(n_quotes % 2, 0) << story.text;
      n_quotes = 0;
    }
  }
}

TEST(Stories, FindAgainTheToyThatWasLost) {
  const std::regex lost("I lost my (\\w+ [a-z ]+),\" said");
  int n = 0;
  for (const Story& story : many_stories()) {
    std::smatch match;
    if (!std::regex_search(story.text, match, lost)) continue;
    ++n;
    EXPECT_NE(story.text.find("There was the " + match.str(1) + "!"), std::string::npos)
        << story.text;
  }
  EXPECT_GT(n, 50);
}

TEST(MakeStories, RepeatsForASeedAndDiffersForAnother) {
  const std::string text = make_stories(20'000, 42);
  EXPECT_EQ(make_stories(20'000, 42), text);
  EXPECT_NE(make_stories(20'000, 43), text);
  EXPECT_NE(make_stories(20'000, -42), text);
}

TEST(MakeStories, WritesAtLeastTheSizeAndEndsWithAWholeStory) {
  const std::string end = "\n" + std::string(kEndOfText) + "\n";
  for (const std::uint64_t size : {1U, 1000U, 65'536U, 300'001U}) {
    const std::string text = make_stories(size, 7);
    ASSERT_GE(text.size(), size);
    ASSERT_TRUE(text.ends_with(end));
    // Without its last story the text would have been too short.
    const std::size_t before = text.rfind(end, text.size() - end.size() - 1);
    EXPECT_LT(before == std::string::npos ? 0 : before + end.size(), size);
  }
  EXPECT_EQ(make_stories(0, 7), "");
}

TEST(MakeStories, GivesTheBeginningOfALongerCorpus) {
  const std::string longer = make_stories(200'000, 3);
  EXPECT_TRUE(longer.starts_with(make_stories(50'000, 3)));
}

TEST(StoryRng, DrawsSplitMix64sNumbersOnEveryMachine) {
  StoryRng rng(0);
  EXPECT_EQ(rng.pick(1U << 16U), 0xE220U);  // of 0xE220A8397B1DCDAF
  EXPECT_EQ(rng.pick(1U << 16U), 0x6E78U);  // of 0x6E789E6AA1B965F4
  EXPECT_EQ(rng.pick(1U << 16U), 0x06C4U);  // of 0x06C45D188009454F
  EXPECT_EQ(rng.pick(1), 0U);
}

}  // namespace
}  // namespace alpha
