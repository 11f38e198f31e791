#include "alpha/tokenizers/chat_template.h"

#include <algorithm>
#include <array>
#include <utility>

#include "alpha/core/error.h"
#include "alpha/core/json.h"
#include "alpha/core/suggest.h"

namespace alpha {

namespace {

constexpr std::string_view kPlace = "{content}";
constexpr std::size_t kMaxTextBytes = 1024;
constexpr std::size_t kMaxStops = 8;
constexpr std::array<std::string_view, 3> kRoles = {"system", "user", "assistant"};
constexpr std::array<std::string_view, 3> kNames = {"alpha", "chatml", "plain"};

// The original's convention has no system turns: such a text stands before the user's.
constexpr std::string_view kAlpha = R"({
  "name": "alpha",
  "messages": {"user": "<|user|> {content} ", "assistant": "<|assistant|> {content} "},
  "generation": "<|assistant|>",
  "stop": ["<|user|>", "<|end_of_text|>"],
  "trim": true
})";

constexpr std::string_view kChatMl = R"({
  "name": "chatml",
  "messages": {
    "system": "<|im_start|>system\n{content}<|im_end|>\n",
    "user": "<|im_start|>user\n{content}<|im_end|>\n",
    "assistant": "<|im_start|>assistant\n{content}<|im_end|>\n"
  },
  "generation": "<|im_start|>assistant\n",
  "stop": ["<|im_end|>"],
  "trim": false
})";

// For a model that knows no markers: the texts, line by line.
constexpr std::string_view kPlain = R"({
  "name": "plain",
  "messages": {"system": "{content}\n", "user": "{content}\n", "assistant": "{content}\n"},
  "generation": "",
  "stop": [],
  "trim": false
})";

[[noreturn]] void fail_field(std::string_view where, std::string_view field,
                             std::string_view problem) {
  fail(ErrorCode::corrupt, "{}: chat template: '{}' {}", where, field, problem);
}

std::string get_text(const Json& json, const char* field, std::string_view where) {
  auto text = json_get<std::string>(json, field, where);
  if (text.size() > kMaxTextBytes) {
    fail_field(where, field,
               fmt::format("has {} bytes, expected at most {}", text.size(), kMaxTextBytes));
  }
  return text;
}

/// Text that is encoded in pieces: what the template says with its special tokens, what a message
/// says without. Neighbouring plain text is encoded as one, so that " Hi" can be one token.
class PromptWriter {
 public:
  explicit PromptWriter(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

  void marker(std::string_view text) {
    while (!text.empty()) {
      const auto begin = text.find("<|");
      const auto end = begin == text.npos ? text.npos : text.find("|>", begin);
      if (end == text.npos) break;
      const std::string_view name = text.substr(begin, end + 2 - begin);
      const auto id = tokenizer_.special_token(name);
      plain_ += text.substr(0, id ? begin : end + 2);
      if (id) {
        flush();
        tokens_.push_back(*id);
      }
      text.remove_prefix(end + 2);
    }
    plain_ += text;
  }

  void content(std::string_view text) { plain_ += text; }

  std::vector<TokenId> finish() {
    flush();
    return std::move(tokens_);
  }

 private:
  void flush() {
    const auto tokens = tokenizer_.encode(plain_, SpecialTokens::as_text);
    tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
    plain_.clear();
  }

  const Tokenizer& tokenizer_;
  std::string plain_;
  std::vector<TokenId> tokens_;
};

}  // namespace

ChatTemplate ChatTemplate::named(std::string_view name) {
  for (const std::string_view text : {kAlpha, kChatMl, kPlain}) {
    ChatTemplate result = from_json(parse_json(text, "built-in"), "built-in");
    if (result.name_ == name) return result;
  }
  fail_invalid("there is no chat template '{}', expected one of {}{}", name,
               fmt::join(kNames, ", "), did_you_mean(name, kNames));
}

std::span<const std::string_view> ChatTemplate::names() noexcept {
  return kNames;
}

ChatTemplate ChatTemplate::fitting(const Tokenizer& tokenizer) {
  const auto has = [&](std::string_view text) { return tokenizer.special_token(text).has_value(); };
  if (has("<|user|>") && has("<|assistant|>")) return named("alpha");
  if (has("<|im_start|>") && has("<|im_end|>")) return named("chatml");
  return named("plain");
}

ChatTemplate ChatTemplate::from_json(const Json& json, std::string_view where) {
  if (!json.is_object()) fail(ErrorCode::corrupt, "{}: chat template: not an object", where);
  for (const auto& [field, value] : json.items()) {
    constexpr std::array<std::string_view, 5> kFields = {"name", "messages", "generation", "stop",
                                                         "trim"};
    if (std::ranges::find(kFields, field) != kFields.end()) continue;
    fail_field(where, field, fmt::format("is not a field of it{}", did_you_mean(field, kFields)));
  }
  ChatTemplate result;
  result.name_ = get_text(json, "name", where);
  result.generation_ = get_text(json, "generation", where);
  result.is_trimming_ = json_get<bool>(json, "trim", where, false);
  const Json messages = json_get<Json>(json, "messages", where);
  if (!messages.is_object()) fail_field(where, "messages", "is not an object");
  for (const auto& [role, value] : messages.items()) {
    const std::string text = get_text(messages, role.c_str(), where);
    const auto place = text.find(kPlace);
    if (place == text.npos || text.find(kPlace, place + 1) != text.npos) {
      fail_field(where, role, "does not have '{content}' once");
    }
    result.messages_[role] = {text.substr(0, place), text.substr(place + kPlace.size())};
  }
  const Json stop = json_get<Json>(json, "stop", where, Json::array());
  if (!stop.is_array() || stop.size() > kMaxStops) {
    fail_field(where, "stop", fmt::format("is not a list of at most {} texts", kMaxStops));
  }
  for (const Json& text : stop) {
    if (!text.is_string() || text.get_ref<const std::string&>().empty() ||
        text.get_ref<const std::string&>().size() > kMaxTextBytes) {
      fail_field(where, "stop",
                 fmt::format("has one that is no text of 1 to {} bytes", kMaxTextBytes));
    }
    result.stop_.push_back(text.get<std::string>());
  }
  result.check(where);
  return result;
}

void ChatTemplate::check(std::string_view where) const {
  for (const auto& [role, frame] : messages_) {
    if (std::ranges::find(kRoles, role) == kRoles.end()) {
      fail_field(where, role, fmt::format("is no role, expected {}", fmt::join(kRoles, ", ")));
    }
  }
  for (const char* role : {"user", "assistant"}) {
    if (!messages_.contains(role)) fail_field(where, "messages", fmt::format("lacks '{}'", role));
  }
}

Json ChatTemplate::to_json() const {
  Json messages = Json::object();
  for (const auto& [role, frame] : messages_) {
    messages[role] = fmt::format("{}{}{}", frame.before, kPlace, frame.after);
  }
  return {{"name", name_},
          {"messages", std::move(messages)},
          {"generation", generation_},
          {"stop", stop_},
          {"trim", is_trimming_}};
}

std::vector<TokenId> ChatTemplate::encode(std::span<const ChatMessage> messages,
                                          const Tokenizer& tokenizer) const {
  if (messages.empty()) fail_invalid("the conversation has 0 messages, expected at least 1");
  PromptWriter writer(tokenizer);
  std::string waiting;  // of roles without a text of their own, a line each
  const auto write_turn = [&](std::string_view role, const std::string& text, bool is_open) {
    const Frame& frame = messages_.find(role)->second;
    writer.marker(frame.before);
    writer.content(text);
    if (!is_open) writer.marker(frame.after);
  };
  const auto write_alone = [&] {
    if (waiting.empty()) return;
    waiting.pop_back();  // the line break
    write_turn("user", std::exchange(waiting, {}), false);
  };
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const auto& [role, content] = messages[i];
    const bool is_last = i + 1 == messages.size();
    if (std::ranges::find(kRoles, role) == kRoles.end()) {
      fail_invalid("message {} has the role '{}', expected one of {}", i, role,
                   fmt::join(kRoles, ", "));
    }
    if (!messages_.contains(role)) {
      waiting += content + "\n";
      continue;
    }
    // What waits belongs to a user's turn, if need be to one of its own.
    if (role != "user") write_alone();
    const bool is_continued = is_last && role == "assistant";
    write_turn(role, std::exchange(waiting, {}) + content, is_continued);
    if (is_continued) return writer.finish();
  }
  write_alone();
  writer.marker(generation_);
  return writer.finish();
}

}  // namespace alpha
