#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/core/json_fwd.h"
#include "alpha/tokenizers/tokenizer.h"

namespace alpha {

struct ChatMessage {
  std::string role;  // "system", "user", "assistant"
  std::string content;
};

/// How a conversation becomes a prompt. A template is data, not a program: for each role a text
/// with one place for the content. docs/formats/chat-template.md describes the format.
///
/// What is special in the template becomes a special token; what a message contains never does.
class ChatTemplate {
 public:
  /// "alpha" (`<|user|> … <|assistant|> … <|end_of_text|>`), "chatml" or "plain".
  /// Error(invalid_argument): unknown name, with the nearest.
  static ChatTemplate named(std::string_view name);

  /// The names that `named` knows.
  static std::span<const std::string_view> names() noexcept;

  /// The one of `named` that the tokenizer's special tokens speak for; "plain" where none do.
  static ChatTemplate fitting(const Tokenizer& tokenizer);

  /// Error(corrupt) naming the field.
  static ChatTemplate from_json(const Json& json, std::string_view where);

  Json to_json() const;

  const std::string& name() const noexcept { return name_; }

  /// Strings that end an answer. Those that are special tokens come as such.
  const std::vector<std::string>& stop() const noexcept { return stop_; }

  /// Whether white space around an answer belongs to the markers.
  bool is_trimming() const noexcept { return is_trimming_; }

  /// The prompt for the next answer. Where the last message is the assistant's, it is what the
  /// answer begins with, and is continued. A role without a text of its own stands before the next
  /// message. Error(invalid_argument): a role that is none of the three, naming its place; no
  /// message.
  std::vector<TokenId> encode(std::span<const ChatMessage> messages,
                              const Tokenizer& tokenizer) const;

  bool operator==(const ChatTemplate&) const = default;

 private:
  /// What stands around a message's content.
  struct Frame {
    std::string before;
    std::string after;

    bool operator==(const Frame&) const = default;
  };

  void check(std::string_view where) const;

  std::string name_;
  std::map<std::string, Frame, std::less<>> messages_;  // by role
  std::string generation_;                              // what an answer begins behind
  std::vector<std::string> stop_;
  bool is_trimming_ = false;
};

}  // namespace alpha
