#include "alpha/data/story_template.h"

#include <set>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "alpha/core/error.h"

namespace alpha {
namespace {

StoryCast make_cast(StoryGender hero, StoryGender other) {
  StoryCast cast;
  cast[0] = {.name = "Tom", .full_name = "Tom the fox", .kind = "fox", .gender = hero};
  cast[1] = {.name = "Ben", .full_name = "Ben the owl", .kind = "owl", .gender = other};
  return cast;
}

std::string tell(std::string_view source, const StoryCast& cast, std::int32_t seed = 1,
                 StoryWorld world = StoryWorld::children) {
  const StoryFragments fragments = {{"hi", "hello, {f}"}};
  StoryRng rng(seed);
  std::string out;
  StoryTemplate(source, world, fragments).render(cast, rng, out);
  return out;
}

const StoryCast kTwoMales =
    make_cast(StoryGender::male, StoryGender::male);  // NOLINT(cert-err58-cpp)
const StoryCast kMixed =
    make_cast(StoryGender::female, StoryGender::male);  // NOLINT(cert-err58-cpp)

TEST(StoryTemplate, UsesAPronounWhenItCanMeanOnlyOne) {
  EXPECT_EQ(tell("{h} met {f}. {he} took {f.his} book, and {f.he} thanked {him}.", kMixed),
            "Tom met Ben. She took his book, and he thanked her.");
}

TEST(StoryTemplate, UsesTheNameWhereThePronounCouldMeanAnother) {
  EXPECT_EQ(tell("{h} met {f}. {he} smiled. {he} took {f.his} book.", kTwoMales),
            "Tom met Ben. Tom smiled. He took Ben's book.");
}

TEST(StoryTemplate, NamesPeopleAgainInANewParagraph) {
  EXPECT_EQ(tell("{h} ran.\n\n{he} fell and hurt {himself}.", kMixed),
            "Tom ran.\n\nTom fell and hurt herself.");
}

TEST(StoryTemplate, ChoosesTheArticleByTheWord) {
  EXPECT_EQ(tell("It was {a:f.kind}, not {a:h.kind}.", kMixed), "It was an owl, not a fox.");
}

TEST(StoryTemplate, BeginsSentencesAndQuotationsWithACapital) {
  EXPECT_EQ(tell("[he] ran. \"[no]!\" [he] said. \"[why].\" [so] {He} went.", kMixed),
            "He ran. \"No!\" he said. \"Why.\" So Tom went.");
}

TEST(StoryTemplate, LeavesNoSpacesAroundAnEmptyAlternative) {
  EXPECT_EQ(tell("one [|] two [|], three [|].", kMixed), "One two, three.");
}

TEST(StoryTemplate, TakesEveryAlternativeAtSomeSeed) {
  std::set<std::string> seen;
  for (std::int32_t seed = 0; seed < 100; ++seed) seen.insert(tell("[A|B|C]", kMixed, seed));
  EXPECT_EQ(seen, (std::set<std::string>{"A", "B", "C"}));
}

TEST(StoryTemplate, DrawsTheColumnsOfOneRowTogether) {
  for (std::int32_t seed = 0; seed < 20; ++seed) {
    const std::string text = tell("<x;y: cat;meow|dog;woof>{x} {y} {x}", kMixed, seed);
    EXPECT_TRUE(text == "Cat meow cat" || text == "Dog woof dog") << text;
  }
}

TEST(StoryTemplate, DrawsDifferentRowsWhenAskedTo) {
  std::set<std::string> seen;
  for (std::int32_t seed = 0; seed < 200; ++seed)
    seen.insert(tell("<~x;y: a|b|c>{x}{y}", kMixed, seed));
  EXPECT_EQ(seen, (std::set<std::string>{"Ab", "Ac", "Ba", "Bc", "Ca", "Cb"}));
}

TEST(StoryTemplate, KeepsToItsWorld) {
  const std::string_view source = "<x: @c school|@a forest>[@c boys|@a foxes] {x}";
  for (std::int32_t seed = 0; seed < 10; ++seed) {
    EXPECT_EQ(tell(source, kMixed, seed, StoryWorld::children), "Boys school");
    EXPECT_EQ(tell(source, kMixed, seed, StoryWorld::animals), "Foxes forest");
  }
}

TEST(StoryTemplate, IncludesFragments) {
  EXPECT_EQ(tell("oh {#hi}!", kMixed), "Oh hello, Ben!");
}

TEST(StoryTemplate, RefusesWhatIsNotInTheLanguage) {
  for (const std::string_view source :
       {"[a|b", "a]", "{h", "{unknown}", "{#unknown}", "<x: a", "<x;y: a;b|c>", "[@a only]"}) {
    EXPECT_THROW(tell(source, kMixed), Error) << source;
  }
}

}  // namespace
}  // namespace alpha
