#pragma once

#include <span>
#include <string_view>

#include "alpha/data/story_template.h"

namespace alpha {

/// The skeleton of a story in the language of StoryTemplate: fits both worlds, tells 60 to 180
/// words.
struct StoryPlot {
  std::string_view name;
  std::string_view source;
};

/// Sentences that many plots share.
const StoryFragments& story_fragments();

std::span<const StoryPlot> story_plots_of_loss() noexcept;     // lost, stuck, broken, found
std::span<const StoryPlot> story_plots_of_friends() noexcept;  // sharing, kindness, help
std::span<const StoryPlot> story_plots_of_courage() noexcept;  // learning, fear, patience
std::span<const StoryPlot> story_plots_of_home() noexcept;     // family, garden, kitchen, bed

}  // namespace alpha
