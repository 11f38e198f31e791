#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/data/story_rng.h"
#include "alpha/data/story_words.h"

namespace alpha {

/// Who takes part in a story, as templates address them.
enum class StoryRole : std::uint8_t { hero, friend_of_hero, family, neighbour };

struct StoryCharacter {
  std::string_view name = {};       // Tom, Mom, the wise owl
  std::string_view full_name = {};  // Finn the fox, Mrs. Green from next door
  std::string_view kind = {};       // boy, girl, fox
  std::string_view home = {};       // a warm den on a hill
  std::string_view trait = {};      // curious
  StoryGender gender = StoryGender::male;
};

using StoryCast = std::array<StoryCharacter, 4>;  // by StoryRole

/// Named texts that templates include with `{#name}`.
using StoryFragments = std::map<std::string_view, std::string_view>;

/// A text with holes and choices, compiled for one world.
///
///   [a|b|]              one of the alternatives, equally likely; the last one here is empty
///   [@c a|@a b]         an alternative for the world of children or animals only
///   <x;y: a;b|c;d>      draws one row (also with @c, @a) and gives x and y its columns
///   <~x;y: a|b|c>       draws a different row for each variable
///   {x} {a:x}           a variable's text; with "a" or "an" before it
///   {h} {f} {g} {w}     the hero, the friend, the family member, the neighbour: the name
///   {h.s} {h.full} {h.kind} {h.home} {h.trait}   Tom's, Finn the fox, fox, a den, curious
///   {he} {him} {his}    the hero's pronoun, or the name where the pronoun could mean another
///   {himself}           the hero's reflexive pronoun
///   {f.he} {g.his} …    the same for the others
///   {#name}             a fragment
///
/// A name with a capital letter ({He}, {f.He}) asks for a capital in the text. At the beginning of
/// a sentence and of a quotation the capital comes by itself; only after a closing quotation mark
/// does the template have to say. White space is one space, an empty line a new paragraph. The
/// templates belong to Alpha: an error in one is a defect (ErrorCode::internal).
class StoryTemplate {
 public:
  StoryTemplate(std::string_view source, StoryWorld world, const StoryFragments& fragments);

  /// Appends the text. It has no white space at its ends.
  void render(const StoryCast& cast, StoryRng& rng, std::string& out) const;

 private:
  friend class StoryTemplateParser;
  friend class StoryRenderer;

  enum class Form : std::uint8_t {
    name,
    possessive_name,
    full_name,
    kind,
    home,
    trait,
    subject,
    object,
    possessive,
    reflexive
  };

  enum class NodeType : std::uint8_t { literal, paragraph, variable, mention, choice, draw };

  struct Node;
  using Sequence = std::vector<Node>;

  struct Node {
    NodeType type = NodeType::literal;
    std::string text = {};                            // literal
    StoryRole role = StoryRole::hero;                 // mention
    Form form = Form::name;                           // mention
    bool has_article = false;                         // variable, mention
    bool has_capital = false;                         // variable, mention
    bool is_distinct = false;                         // draw: a row per variable
    std::vector<std::size_t> variables = {};          // variable: one; draw: those it sets
    std::vector<Sequence> alternatives = {};          // choice
    std::vector<std::vector<std::string>> rows = {};  // draw
  };

  Sequence root_;
  std::size_t n_variables_ = 0;
};

}  // namespace alpha
