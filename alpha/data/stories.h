#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/data/story_rng.h"
#include "alpha/data/story_template.h"
#include "alpha/tokenizers/tokenizer.h"

namespace alpha {

/// Writes short stories for children, one after another, without end: a corpus small enough in its
/// words that a model of a few million parameters learns names, pronouns and plots in minutes.
/// A story is a function of the seed and of the number of stories before it, on every machine.
class StoryWriter {
 public:
  explicit StoryWriter(std::int32_t seed);

  /// Appends one story: plain text of 60 to 180 words, paragraphs apart by an empty line, no white
  /// space at its ends. ASCII.
  void append_story(std::string& out);

  /// Who took part in the story written last; not everybody is in every story.
  const StoryCast& cast() const noexcept { return cast_; }

  /// The plot of the story written last.
  std::string_view plot() const noexcept { return plot_; }

 private:
  struct CompiledPlot {
    std::string_view name;
    StoryTemplate children;
    StoryTemplate animals;
  };

  void choose_cast(StoryWorld world);

  StoryRng rng_;
  std::vector<CompiledPlot> plots_;
  StoryCast cast_;
  std::vector<std::string> full_names_;  // what cast_ points into, by StoryRole
  std::string_view plot_;
};

/// Stories, each followed by a line kEndOfText, until there are at least `size_bytes` bytes. The
/// sink gets one or more whole stories at a time. For 0 bytes there are none.
void write_stories(std::uint64_t size_bytes, std::int32_t seed,
                   const std::function<void(std::string_view)>& sink);

/// The same as one string.
std::string make_stories(std::uint64_t size_bytes, std::int32_t seed);

}  // namespace alpha
