#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/core/json.h"
#include "alpha/server/generation.h"

namespace alpha {

struct OpenAiOptions {
  bool is_chat = false;
  bool is_stream = false;
  bool includes_usage = false;  // in a stream
  bool has_log_probs = false;
  bool is_trimmed = false;  // white space around the text belongs to the chat's markers
  std::int64_t n = 1;       // samples of each prompt: choice = prompt · n + sample
  std::string model;        // as the client named it

  /// Of each prompt, for completions: what an echo says, and the characters before the text.
  struct Prompt {
    std::string echo = {};
    std::int64_t n_characters = 0;
  };

  std::vector<Prompt> prompts = {};
  bool is_echoing = false;
};

/// Answers of /v1/completions and /v1/chat/completions, whole and as streams of server-sent events
/// (OpenAI's API reference has their shapes).
class OpenAiAnswer final : public AnswerWriter {
 public:
  OpenAiAnswer(OpenAiOptions options, std::shared_ptr<ServedModel> model, const Call& call);

  void on_event(Call& call, std::size_t prompt, TokenEvent& event) override;
  void on_finish(Call& call, const TokenUsage& usage) override;

 private:
  /// One of the texts that are written.
  struct Choice {
    std::string text;                              // of a whole answer
    std::string held;                              // white space that may turn out to be the last
    std::map<std::string, std::string> log_probs;  // of a whole answer: the items of each list
    std::int64_t n_characters = 0;  // of prompt and text, where the next token begins
    std::string_view finish_reason;
    bool has_begun = false;
    bool has_text = false;
  };

  void begin(Call& call, Choice& choice, std::size_t index);
  void put(Call& call, Choice& choice, std::size_t index, std::string_view text, Json log_probs);
  std::string shown_text(Choice& choice, std::string text, bool is_end) const;
  Json log_probs_of(Choice& choice, const TokenEvent& event) const;
  Json completion_log_probs(Choice& choice, const TokenEvent& event) const;
  Json chat_log_probs(const TokenEvent& event) const;
  void send(Call& call, std::string_view choices, std::string_view usage);
  void keep(Choice& choice, const Json& log_probs) const;
  std::string whole_choice(const Choice& choice, std::size_t index) const;

  OpenAiOptions options_;
  std::shared_ptr<ServedModel> model_;
  std::string prefix_;  // of every event of a stream, up to the choices
  Json head_;           // of a whole answer
  std::vector<Choice> choices_;
  std::string line_;  // kept for its memory
};

/// Refuses requests for more log-probabilities than an answer should have. Error: ApiError 400
/// naming `param`.
void check_log_probs(const std::vector<GenerateRequest>& requests, std::string_view param);

/// {prompt_tokens, completion_tokens, total_tokens, prompt_tokens_details}.
Json usage_json(const TokenUsage& usage);

/// The text of a token in a list of log-probabilities: broken UTF-8 as `bytes:\xe2\x80`.
std::string token_text(const Tokenizer& tokenizer, TokenId token);

}  // namespace alpha
