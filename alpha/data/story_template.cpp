#include "alpha/data/story_template.h"

#include <algorithm>
#include <utility>

#include "alpha/core/error.h"

namespace alpha {

namespace {

bool is_space(char c) {
  return c == ' ' || c == '\n';
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(trim(text.substr(0, end)));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

}  // namespace

/// Recursive descent over one template and the fragments it includes.
class StoryTemplateParser {
 public:
  using Form = StoryTemplate::Form;
  using Node = StoryTemplate::Node;
  using NodeType = StoryTemplate::NodeType;
  using Sequence = StoryTemplate::Sequence;

  StoryTemplateParser(StoryWorld world, const StoryFragments& fragments)
      : world_(world),
        fragments_(fragments) {}

  Sequence parse(std::string_view source) {
    const std::string_view outer = std::exchange(rest_, trim(source));
    Sequence sequence = parse_sequence();
    ALPHA_CHECK(rest_.empty(), "story template: bracket closed that was not open");
    rest_ = outer;
    return sequence;
  }

  std::size_t n_variables() const { return variables_.size(); }

 private:
  Sequence parse_sequence() {
    Sequence sequence;
    while (!rest_.empty() && rest_.front() != '|' && rest_.front() != ']') {
      switch (rest_.front()) {
        case '[': sequence.push_back(parse_choice()); break;
        case '<': sequence.push_back(parse_draw()); break;
        case '{': parse_hole(sequence); break;
        default: parse_text(sequence);
      }
    }
    return sequence;
  }

  void parse_text(Sequence& sequence) {
    const std::string_view raw = take(std::min(rest_.find_first_of("[]|<{"), rest_.size()));
    std::string text;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (!is_space(raw[i])) {
        text += raw[i];
        continue;
      }
      const std::size_t end = std::min(raw.find_first_not_of(" \n", i), raw.size());
      if (std::ranges::count(raw.substr(i, end - i), '\n') > 1) {
        push_literal(sequence, std::exchange(text, {}));
        sequence.push_back({.type = NodeType::paragraph});
      } else {
        text += ' ';
      }
      i = end - 1;
    }
    push_literal(sequence, std::move(text));
  }

  static void push_literal(Sequence& sequence, std::string text) {
    if (!text.empty()) sequence.push_back({.type = NodeType::literal, .text = std::move(text)});
  }

  Node parse_choice() {
    Node node = {.type = NodeType::choice};
    do {
      take(1);
      const bool is_wanted = takes_part(rest_);
      Sequence alternative = parse_sequence();
      if (is_wanted) node.alternatives.push_back(std::move(alternative));
      ALPHA_CHECK(!rest_.empty(), "story template: choice without ]");
    } while (rest_.front() == '|');
    take(1);
    ALPHA_CHECK(!node.alternatives.empty(), "story template: nothing to choose in this world");
    return node;
  }

  Node parse_draw() {
    const std::size_t end = rest_.find('>');
    ALPHA_CHECK(end != std::string_view::npos, "story template: draw without >");
    std::string_view inside = take(end + 1).substr(1, end - 1);
    Node node = {.type = NodeType::draw};
    node.is_distinct = inside.starts_with('~');
    if (node.is_distinct) inside.remove_prefix(1);
    const std::size_t colon = inside.find(':');
    ALPHA_CHECK(colon != std::string_view::npos, "story template: draw without names");
    for (const std::string_view name : split(inside.substr(0, colon), ';')) {
      const auto [it, is_new] = variables_.try_emplace(std::string(name), variables_.size());
      node.variables.push_back(it->second);
    }
    for (std::string_view row : split(inside.substr(colon + 1), '|')) {
      if (!takes_part(row)) continue;
      const auto columns = split(row, ';');
      ALPHA_CHECK(columns.size() == (node.is_distinct ? 1 : node.variables.size()), row);
      node.rows.emplace_back(columns.begin(), columns.end());
    }
    ALPHA_CHECK(node.rows.size() >= (node.is_distinct ? node.variables.size() : 1), inside);
    return node;
  }

  /// Strips a leading @c or @a; false when it names the other world.
  bool takes_part(std::string_view& text) const {
    if (!text.starts_with('@')) return true;
    const bool is_for_children = text.substr(1, 1) == "c";
    text.remove_prefix(2);
    if (text.starts_with(' ')) text.remove_prefix(1);
    return is_for_children == (world_ == StoryWorld::children);
  }

  void parse_hole(Sequence& sequence) {
    const std::size_t end = rest_.find('}');
    ALPHA_CHECK(end != std::string_view::npos, "story template: hole without }");
    std::string_view name = take(end + 1).substr(1, end - 1);
    if (name.starts_with('#')) {
      const auto fragment = fragments_.find(name.substr(1));
      ALPHA_CHECK(fragment != fragments_.end(), name);
      std::ranges::move(parse(fragment->second), std::back_inserter(sequence));
      return;
    }
    Node node;
    node.has_article = name.starts_with("a:");
    if (node.has_article) name.remove_prefix(2);
    std::string key(name);
    std::ranges::transform(name, key.begin(), lower);
    node.has_capital = key != name;
    if (const auto variable = variables_.find(key); variable != variables_.end()) {
      node.type = NodeType::variable;
      node.variables = {variable->second};
    } else {
      node.type = NodeType::mention;
      set_mention(node, key);
    }
    sequence.push_back(std::move(node));
  }

  static void set_mention(Node& node, std::string_view key) {
    static constexpr std::array<std::pair<std::string_view, StoryRole>, 4> kRoles = {
        {{"h", StoryRole::hero},
         {"f", StoryRole::friend_of_hero},
         {"g", StoryRole::family},
         {"w", StoryRole::neighbour}}};
    static constexpr std::array<std::pair<std::string_view, Form>, 10> kForms = {
        {{"", Form::name},
         {"s", Form::possessive_name},
         {"full", Form::full_name},
         {"kind", Form::kind},
         {"home", Form::home},
         {"trait", Form::trait},
         {"he", Form::subject},
         {"him", Form::object},
         {"his", Form::possessive},
         {"himself", Form::reflexive}}};
    const std::size_t dot = key.find('.');
    const std::string_view who = key.substr(0, dot);
    const auto* role = std::ranges::find(kRoles, who, [](const auto& r) { return r.first; });
    std::string_view form_name = dot == std::string_view::npos ? "" : key.substr(dot + 1);
    if (role == kRoles.end()) {
      role = kRoles.begin();
      form_name = key;
    }
    const auto* form = std::ranges::find(kForms, form_name, [](const auto& f) { return f.first; });
    ALPHA_CHECK(form != kForms.end(), key);
    node.role = role->second;
    node.form = form->second;
  }

  std::string_view take(std::size_t n) {
    const std::string_view taken = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return taken;
  }

  StoryWorld world_;
  const StoryFragments& fragments_;
  std::string_view rest_;
  std::map<std::string, std::size_t, std::less<>> variables_;
};

/// One telling of one template: the values drawn so far and who was last spoken of.
class StoryRenderer {
 public:
  using Form = StoryTemplate::Form;
  using Node = StoryTemplate::Node;
  using NodeType = StoryTemplate::NodeType;

  StoryRenderer(const StoryCast& cast, StoryRng& rng, std::size_t n_variables, std::string& out)
      : cast_(cast),
        rng_(rng),
        out_(out),
        begin_(out.size()) {
    ALPHA_CHECK(n_variables <= values_.size(), "story template: too many variables");
  }

  void render(const StoryTemplate::Sequence& sequence) {
    for (const Node& node : sequence) {
      switch (node.type) {
        case NodeType::literal: put(node.text, false); break;
        case NodeType::paragraph: start_paragraph(); break;
        case NodeType::variable: put_word(node, values_[node.variables.front()]); break;
        case NodeType::mention: mention(node); break;
        case NodeType::choice:
          render(node.alternatives[rng_.pick(node.alternatives.size())]);
          break;
        case NodeType::draw: draw(node); break;
      }
    }
  }

  void finish() { drop_spaces(); }

 private:
  void draw(const Node& node) {
    if (!node.is_distinct) {
      const auto& row = node.rows[rng_.pick(node.rows.size())];
      for (std::size_t i = 0; i < row.size(); ++i) values_[node.variables[i]] = row[i];
      return;
    }
    for (std::size_t i = 0; i < node.variables.size(); ++i) {
      // Draws among the rows that are left by skipping those that earlier variables took.
      std::size_t k = rng_.pick(node.rows.size() - i);
      for (const auto& row : node.rows) {
        const bool is_taken = std::any_of(
            node.variables.begin(), node.variables.begin() + static_cast<std::ptrdiff_t>(i),
            [&](std::size_t v) { return values_[v].data() == row.front().data(); });
        if (is_taken) continue;
        if (k == 0) {
          values_[node.variables[i]] = row.front();
          break;
        }
        --k;
      }
    }
  }

  void mention(const Node& node) {
    const StoryCharacter& who = cast_[static_cast<std::size_t>(node.role)];
    const StoryPronouns& words = pronouns(who.gender);
    const StoryCharacter*& last = last_[static_cast<std::size_t>(who.gender)];
    const bool is_clear = last == &who;
    switch (node.form) {
      case Form::kind: put_word(node, who.kind); return;
      case Form::home: put_word(node, who.home); return;
      case Form::trait: put_word(node, who.trait); return;
      case Form::reflexive: put_word(node, words.reflexive); return;
      case Form::subject: put_word(node, is_clear ? words.subject : who.name); break;
      case Form::object: put_word(node, is_clear ? words.object : who.name); break;
      case Form::full_name: put_word(node, who.full_name); break;
      case Form::name: put_word(node, who.name); break;
      case Form::possessive:
      case Form::possessive_name:
        if (is_clear && node.form == Form::possessive) {
          put_word(node, words.possessive);
        } else {
          put_word(node, who.name);
          out_ += "'s";
        }
        break;
    }
    last = &who;
  }

  void put_word(const Node& node, std::string_view word) {
    if (node.has_article) {
      ALPHA_CHECK(!word.empty(), "story template: article before nothing");
      put(std::string_view("aeiou").find(lower(word.front())) == std::string_view::npos ? "a "
                                                                                        : "an ",
          node.has_capital);
      put(word, false);
    } else {
      put(word, node.has_capital);
    }
  }

  void put(std::string_view text, bool has_capital) {
    const bool is_after_space = out_.size() == begin_ || is_space(out_.back());
    if (is_after_space && text.starts_with(' ')) text.remove_prefix(1);
    if (text.empty()) return;
    if (text.front() == '.' || text.front() == ',' || text.front() == '!' || text.front() == '?') {
      drop_spaces();
    }
    const std::size_t first = out_.size() + static_cast<std::size_t>(text.front() == ' ') +
                              static_cast<std::size_t>(text.starts_with(" \""));
    out_ += text;
    if (first < out_.size() && (has_capital || starts_sentence(first))) {
      out_[first] = upper(out_[first]);
    }
  }

  /// Whether a sentence or a quotation begins at `position`.
  bool starts_sentence(std::size_t position) const {
    std::size_t i = position;
    if (i > begin_ && out_[i - 1] == '"') {
      --i;
      return i == begin_ || is_space(out_[i - 1]);
    }
    while (i > begin_ && is_space(out_[i - 1])) --i;
    if (i == begin_) return true;
    if (i == position) return false;
    // A question or a cry may go on with "he asked", a statement ends with its quotation.
    if (i > begin_ + 1 && out_[i - 1] == '"') return out_[i - 2] == '.' || out_[i] == '\n';
    const char before = out_[i - 1];
    return before == '.' || before == '!' || before == '?' || out_[i] == '\n';
  }

  /// A new paragraph names people again.
  void start_paragraph() {
    drop_spaces();
    out_ += "\n\n";
    last_ = {};
  }

  void drop_spaces() {
    while (out_.size() > begin_ && is_space(out_.back())) out_.pop_back();
  }

  const StoryCast& cast_;
  StoryRng& rng_;
  std::string& out_;
  std::size_t begin_;
  std::array<std::string_view, 32> values_;
  std::array<const StoryCharacter*, 2> last_ = {};  // by gender
};

StoryTemplate::StoryTemplate(std::string_view source, StoryWorld world,
                             const StoryFragments& fragments) {
  StoryTemplateParser parser(world, fragments);
  root_ = parser.parse(source);
  n_variables_ = parser.n_variables();
}

void StoryTemplate::render(const StoryCast& cast, StoryRng& rng, std::string& out) const {
  StoryRenderer renderer(cast, rng, n_variables_, out);
  renderer.render(root_);
  renderer.finish();
}

}  // namespace alpha
