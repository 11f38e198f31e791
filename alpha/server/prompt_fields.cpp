#include "alpha/server/prompt_fields.h"

#include <algorithm>

#include "alpha/server/service.h"
#include "alpha/tokenizers/stream_decoder.h"

namespace alpha {

namespace {

/// More than may wait could never all be taken.
std::size_t max_prompts(const Call& call) {
  constexpr std::int64_t kMost = 128;
  return static_cast<std::size_t>(std::min(kMost, call.service().settings().max_waiting));
}

}  // namespace

std::string Prompt::shown(const Tokenizer& tokenizer) const {
  if (!text.empty()) return text;
  StreamDecoder decoder(tokenizer);
  std::string decoded;
  for (const TokenId token : tokens) decoded += decoder.feed(token);
  return decoded + decoder.flush();
}

void check_prompt_bytes(const ServedModel& model, std::size_t n_bytes, std::string_view param) {
  const std::size_t most = model.max_prompt_bytes();
  if (most == 0 || n_bytes <= most) return;
  const std::size_t longest = most / static_cast<std::size_t>(model.block_size());
  throw ApiError(400,
                 fmt::format("the prompt has {} bytes, at least {} tokens, and the model's context "
                             "holds {}",
                             n_bytes, (n_bytes + longest - 1) / longest, model.block_size()),
                 std::string(param), "context_length_exceeded");
}

std::vector<TokenId> encode_prompt_text(const ServedModel& model, std::string_view text,
                                        std::string_view param) {
  check_prompt_bytes(model, text.size(), param);
  std::vector<TokenId> tokens;
  try {
    tokens = model.tokenizer().encode(text, SpecialTokens::allowed);
  } catch (const Error& error) {
    throw ApiError(400, error.what(), std::string(param));
  }
  if (!tokens.empty()) return tokens;
  if (text.empty()) fail_param(param, "the prompt is empty, expected at least one token");
  fail_param(param, "none of the {} bytes of the prompt is in the model's vocabulary", text.size());
}

std::vector<TokenId> read_tokens(const Json& list, const ServedModel& model,
                                 std::string_view param) {
  const std::int64_t vocab_size = model.weights().config.vocab_size;
  std::vector<TokenId> tokens;
  tokens.reserve(list.size());
  for (const Json& item : list) {
    if (!json_is<TokenId>(item) || item.get<TokenId>() < 0 || item.get<TokenId>() >= vocab_size) {
      fail_param(param, "'{}' has {} at place {}, expected a token id from 0 to {}", param,
                 shown(item), tokens.size(), vocab_size - 1);
    }
    tokens.push_back(item.get<TokenId>());
  }
  if (tokens.empty()) fail_param(param, "the prompt is empty, expected at least one token");
  return tokens;
}

std::vector<Prompt> read_prompts(RequestFields& fields, std::string_view name,
                                 const ServedModel& model, const Call& call) {
  const Json* value = fields.find(name);
  if (value == nullptr) fail_param(name, "'{}' is missing", name);
  const auto read_one = [&](const Json& one) -> Prompt {
    if (one.is_array()) return {read_tokens(one, model, name)};
    const auto& text = one.get_ref<const std::string&>();
    return {encode_prompt_text(model, text, name), text};
  };
  if (value->is_string() || (value->is_array() && !value->empty() && value->front().is_number())) {
    return {read_one(*value)};
  }
  const std::size_t most = max_prompts(call);
  if (!value->is_array() || value->empty() || value->size() > most) {
    fail_param(name, "'{}' is {}, expected a text, or a list of 1 to {} texts or lists of tokens",
               name, value->is_array() ? fmt::format("a list of {}", value->size()) : shown(*value),
               most);
  }
  std::vector<Prompt> prompts;
  for (const Json& item : *value) {
    if (!item.is_string() && !item.is_array()) {
      fail_param(name, "'{}' has {} at place {}, expected a text or a list of tokens", name,
                 shown(item), prompts.size());
    }
    prompts.push_back(read_one(item));
  }
  return prompts;
}

}  // namespace alpha
