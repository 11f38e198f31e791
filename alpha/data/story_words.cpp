#include "alpha/data/story_words.h"

#include <array>

namespace alpha {

namespace {

using enum StoryGender;

constexpr StoryPronouns kMale = {"he", "him", "his", "himself"};
constexpr StoryPronouns kFemale = {"she", "her", "her", "herself"};

constexpr std::array kChildNames = {
    StoryName{"Tom", male},    StoryName{"Ben", male},    StoryName{"Sam", male},
    StoryName{"Max", male},    StoryName{"Leo", male},    StoryName{"Jack", male},
    StoryName{"Tim", male},    StoryName{"Noah", male},   StoryName{"Adam", male},
    StoryName{"Oscar", male},  StoryName{"Henry", male},  StoryName{"Paul", male},
    StoryName{"Mia", female},  StoryName{"Lily", female}, StoryName{"Anna", female},
    StoryName{"Lucy", female}, StoryName{"Emma", female}, StoryName{"Sue", female},
    StoryName{"Rosa", female}, StoryName{"Zoe", female},  StoryName{"Ella", female},
    StoryName{"Nina", female}, StoryName{"Kate", female}, StoryName{"Amy", female},
};

constexpr std::array kAnimalNames = {
    StoryName{"Finn", male},    StoryName{"Pip", male},      StoryName{"Rusty", male},
    StoryName{"Bruno", male},   StoryName{"Milo", male},     StoryName{"Otto", male},
    StoryName{"Hugo", male},    StoryName{"Toby", male},     StoryName{"Barney", male},
    StoryName{"Ned", male},     StoryName{"Daisy", female},  StoryName{"Hazel", female},
    StoryName{"Poppy", female}, StoryName{"Willow", female}, StoryName{"Ruby", female},
    StoryName{"Luna", female},  StoryName{"Bella", female},  StoryName{"Tilly", female},
    StoryName{"Molly", female}, StoryName{"Dot", female},
};

constexpr std::array kAnimals = {
    StoryAnimal{"rabbit", "a cozy hole under a tree"},
    StoryAnimal{"fox", "a warm den on a hill"},
    StoryAnimal{"bear", "a big cave"},
    StoryAnimal{"mouse", "a tiny house in the grass"},
    StoryAnimal{"squirrel", "a tall tree"},
    StoryAnimal{"hedgehog", "a house made of leaves"},
    StoryAnimal{"badger", "a deep, warm den"},
    StoryAnimal{"otter", "a house by the river"},
    StoryAnimal{"raccoon", "an old hollow tree"},
    StoryAnimal{"beaver", "a house made of sticks"},
};

constexpr std::array kFamily = {
    StoryName{"Mom", female},
    StoryName{"Dad", male},
    StoryName{"Grandma", female},
    StoryName{"Grandpa", male},
};

constexpr std::array kHumanNeighbours = {
    StoryNeighbour{"Mrs. Green", "Mrs. Green from next door", female},
    StoryNeighbour{"Mr. Hill", "Mr. Hill from next door", male},
    StoryNeighbour{"Miss Rose", "Miss Rose from the school", female},
    StoryNeighbour{"Mr. Brown", "Mr. Brown from the shop", male},
    StoryNeighbour{"Mrs. Miller", "Mrs. Miller from the bakery", female},
};

constexpr std::array kAnimalNeighbours = {
    StoryNeighbour{"the wise owl", "the wise owl", female},
    StoryNeighbour{"the old turtle", "the old turtle", male},
    StoryNeighbour{"the gray goat", "the gray goat", male},
    StoryNeighbour{"the gentle deer", "the gentle deer", female},
};

constexpr std::array<std::string_view, 8> kTraits = {"little", "small",    "young",    "kind",
                                                     "clever", "cheerful", "friendly", "curious"};

}  // namespace

const StoryPronouns& pronouns(StoryGender gender) noexcept {
  return gender == male ? kMale : kFemale;
}

std::span<const StoryName> story_names(StoryWorld world) noexcept {
  if (world == StoryWorld::children) return kChildNames;
  return kAnimalNames;
}

std::span<const StoryAnimal> story_animals() noexcept {
  return kAnimals;
}

std::span<const StoryName> story_family() noexcept {
  return kFamily;
}

std::span<const StoryNeighbour> story_neighbours(StoryWorld world) noexcept {
  if (world == StoryWorld::children) return kHumanNeighbours;
  return kAnimalNeighbours;
}

std::span<const std::string_view> story_traits() noexcept {
  return kTraits;
}

}  // namespace alpha
