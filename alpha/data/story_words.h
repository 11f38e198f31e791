#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace alpha {

/// Where a story plays: among children or among animals that talk. Names and places differ.
enum class StoryWorld : std::uint8_t { children, animals };

/// Decides every pronoun.
enum class StoryGender : std::uint8_t { male, female };

struct StoryPronouns {
  std::string_view subject;     // he
  std::string_view object;      // him
  std::string_view possessive;  // his
  std::string_view reflexive;   // himself
};

const StoryPronouns& pronouns(StoryGender gender) noexcept;

/// A name belongs to one gender, in all stories.
struct StoryName {
  std::string_view name;
  StoryGender gender;
};

/// A kind of animal and where it lives: "rabbit", "a cozy hole under a tree".
struct StoryAnimal {
  std::string_view kind;
  std::string_view home;
};

/// Somebody older who helps: called "Mrs. Green", presented as "Mrs. Green from next door".
struct StoryNeighbour {
  std::string_view name;
  std::string_view full_name;
  StoryGender gender;
};

std::span<const StoryName> story_names(StoryWorld world) noexcept;
std::span<const StoryAnimal> story_animals() noexcept;

/// Mom, Dad, Grandma, Grandpa.
std::span<const StoryName> story_family() noexcept;
std::span<const StoryNeighbour> story_neighbours(StoryWorld world) noexcept;

/// Words for the hero: "little", "curious".
std::span<const std::string_view> story_traits() noexcept;

}  // namespace alpha
