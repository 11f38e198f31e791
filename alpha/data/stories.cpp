#include "alpha/data/stories.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "alpha/data/story_plots.h"
#include "alpha/data/story_words.h"

namespace alpha {

namespace {

constexpr std::size_t kChunkBytes = 64U << 10U;
constexpr std::ptrdiff_t kMaxWords = 180;

StoryCharacter& role(StoryCast& cast, StoryRole who) {
  return cast[static_cast<std::size_t>(who)];
}

/// Words of a text whose white space is single spaces and empty lines.
std::ptrdiff_t count_words(std::string_view text) {
  return 1 + std::ranges::count(text, ' ') + std::ranges::count(text, '\n') / 2;
}

}  // namespace

StoryWriter::StoryWriter(std::int32_t seed) : rng_(seed), full_names_(2) {
  const StoryFragments& fragments = story_fragments();
  const std::array groups = {story_plots_of_loss(), story_plots_of_friends(),
                             story_plots_of_courage(), story_plots_of_home()};
  for (const auto group : groups) {
    for (const StoryPlot& plot : group) {
      plots_.push_back({plot.name, StoryTemplate(plot.source, StoryWorld::children, fragments),
                        StoryTemplate(plot.source, StoryWorld::animals, fragments)});
    }
  }
}

void StoryWriter::choose_cast(StoryWorld world) {
  const auto names = story_names(world);
  const std::size_t hero_name = rng_.pick(names.size());
  // Skips the hero's name, so that two people never share one.
  const std::size_t friend_name = (hero_name + 1 + rng_.pick(names.size() - 1)) % names.size();
  const auto animals = story_animals();
  const std::size_t hero_animal = rng_.pick(animals.size());
  const std::size_t friend_animal =
      (hero_animal + 1 + rng_.pick(animals.size() - 1)) % animals.size();
  const auto fill = [&](StoryRole who, std::size_t name, std::size_t animal) {
    StoryCharacter& character = role(cast_, who);
    character.name = names[name].name;
    character.gender = names[name].gender;
    character.trait = story_traits()[rng_.pick(story_traits().size())];
    if (world == StoryWorld::children) {
      character.full_name = character.name;
      character.kind = character.gender == StoryGender::male ? "boy" : "girl";
      return;
    }
    character.kind = animals[animal].kind;
    character.home = animals[animal].home;
    std::string& full = full_names_[static_cast<std::size_t>(who)];
    full.assign(character.name).append(" the ").append(character.kind);
    character.full_name = full;
  };
  fill(StoryRole::hero, hero_name, hero_animal);
  fill(StoryRole::friend_of_hero, friend_name, friend_animal);
  const StoryName& family = story_family()[rng_.pick(story_family().size())];
  StoryCharacter& grown_up = role(cast_, StoryRole::family);
  grown_up.name = grown_up.full_name = family.name;
  grown_up.gender = family.gender;
  const auto neighbours = story_neighbours(world);
  const StoryNeighbour& neighbour = neighbours[rng_.pick(neighbours.size())];
  StoryCharacter& helper = role(cast_, StoryRole::neighbour);
  helper.name = neighbour.name;
  helper.full_name = neighbour.full_name;
  helper.gender = neighbour.gender;
}

void StoryWriter::append_story(std::string& out) {
  const CompiledPlot& plot = plots_[rng_.pick(plots_.size())];
  const StoryWorld world = rng_.pick(2) == 0 ? StoryWorld::children : StoryWorld::animals;
  choose_cast(world);
  plot_ = plot.name;
  const StoryTemplate& story = world == StoryWorld::children ? plot.children : plot.animals;
  const std::size_t begin = out.size();
  story.render(cast_, rng_, out);
  // Where all the long alternatives meet, the story is told once more.
  while (count_words(std::string_view(out).substr(begin)) > kMaxWords) {
    out.resize(begin);
    story.render(cast_, rng_, out);
  }
}

void write_stories(std::uint64_t size_bytes, std::int32_t seed,
                   const std::function<void(std::string_view)>& sink) {
  StoryWriter writer(seed);
  std::string chunk;
  for (std::uint64_t written = 0; written < size_bytes; written += chunk.size()) {
    chunk.clear();
    while (chunk.size() < kChunkBytes && written + chunk.size() < size_bytes) {
      writer.append_story(chunk);
      chunk.append("\n").append(kEndOfText).append("\n");
    }
    sink(chunk);
  }
}

std::string make_stories(std::uint64_t size_bytes, std::int32_t seed) {
  std::string text;
  text.reserve(size_bytes + 4096);
  write_stories(size_bytes, seed, [&](std::string_view chunk) { text += chunk; });
  return text;
}

}  // namespace alpha
