#include <algorithm>
#include <utility>

#include "alpha/server/openai_answer.h"
#include "alpha/server/routes/openai_routes.h"
#include "alpha/server/sampling_fields.h"
#include "alpha/server/service.h"
#include "alpha/tokenizers/stream_decoder.h"

namespace alpha {

namespace {

constexpr std::int64_t kDefaultMaxTokens = 16;
constexpr std::int64_t kMaxLogProbs = 20;

/// A prompt as text and as tokens.
struct Prompt {
  std::vector<TokenId> tokens;
  std::string text;
};

std::string decode(const Tokenizer& tokenizer, std::span<const TokenId> tokens) {
  StreamDecoder decoder(tokenizer);
  std::string text;
  for (const TokenId token : tokens) text += decoder.feed(token);
  return text + decoder.flush();
}

Prompt from_text(const std::string& text, const ServedModel& model) {
  return {encode_prompt_text(model, text, "prompt"), text};
}

Prompt from_tokens(const Json& list, const ServedModel& model) {
  std::vector<TokenId> tokens = read_tokens(list, model, "prompt");
  std::string text = decode(model.tokenizer(), tokens);
  return {std::move(tokens), std::move(text)};
}

/// A text, a list of texts, a list of tokens or a list of lists of tokens.
std::vector<Prompt> read_prompts(RequestFields& fields, const ServedModel& model,
                                 std::size_t max_prompts) {
  const Json* value = fields.find("prompt");
  if (value == nullptr) fail_param("prompt", "'prompt' is missing");
  if (value->is_string()) return {from_text(value->get_ref<const std::string&>(), model)};
  if (!value->is_array()) {
    fail_param("prompt", "'prompt' is {}, expected a text, or a list of texts or tokens",
               shown(*value));
  }
  if (value->empty()) fail_param("prompt", "'prompt' is an empty list");
  if (value->front().is_number()) return {from_tokens(*value, model)};
  if (value->size() > max_prompts) {
    fail_param("prompt", "'prompt' has {} texts, expected at most {}", value->size(), max_prompts);
  }
  std::vector<Prompt> prompts;
  for (const Json& item : *value) {
    if (item.is_string()) {
      prompts.push_back(from_text(item.get_ref<const std::string&>(), model));
    } else if (item.is_array()) {
      prompts.push_back(from_tokens(item, model));
    } else {
      fail_param("prompt", "'prompt' has {} at place {}, expected a text or a list of tokens",
                 shown(item), prompts.size());
    }
  }
  return prompts;
}

std::int64_t count_characters(std::string_view text) {
  return std::ranges::count_if(text, [](char c) { return (c & '\xc0') != '\x80'; });
}

/// max_tokens, or its newer name; both are the same where both are given.
std::optional<std::int64_t> read_max_tokens(RequestFields& fields, std::int64_t least) {
  const auto tokens = fields.integer("max_tokens", least, std::int64_t{1} << 40U);
  const auto newer = fields.integer("max_completion_tokens", least, std::int64_t{1} << 40U);
  return newer ? newer : tokens;
}

/// The answer to requests for no token, where none of the prompt is scored either.
void answer_at_once(Call& call, OpenAiAnswer& writer,
                    const std::vector<GenerateRequest>& requests) {
  TokenUsage usage;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    usage.n_prompt += std::ssize(requests[i].prompt);
    for (std::int64_t sample = 0; sample < requests[i].n; ++sample) {
      TokenEvent end{.kind = EventKind::end, .sample = sample};
      writer.on_event(call, i, end);
    }
  }
  call.log.n_prompt_tokens = usage.n_prompt;
  call.log.finish_reason = to_string(StopReason::length);
  writer.on_finish(call, usage);
}

void complete(const std::shared_ptr<Call>& call, const Json& body,
              const std::shared_ptr<ServedModel>& model) {
  RequestFields fields(body);
  OpenAiOptions options{.model = read_model_name(fields)};
  const StreamFields stream = read_stream(fields);
  options.is_stream = stream.is_stream;
  options.includes_usage = stream.includes_usage;
  options.is_echoing = fields.boolean("echo").value_or(false);
  GenerateRequest shared = read_sampling(fields, *model, *call);
  options.n = shared.n;
  shared.log_probs = fields.integer("logprobs", 0, kMaxLogProbs);
  options.has_log_probs = shared.log_probs.has_value();
  shared.prompt_log_probs = options.is_echoing && options.has_log_probs;
  const auto best_of = fields.integer("best_of", 0, 1'000'000);
  if (best_of && *best_of != shared.n) {
    fail_param("best_of", "'best_of' is {}, and samples are not ranked: expected 'n', {}", *best_of,
               shared.n);
  }
  fields.refuse("suffix", "the models write on from a prompt alone");
  refuse_unsupported(fields);
  const auto max_tokens = read_max_tokens(fields, 0);
  const char* max_tokens_name =
      fields.find("max_completion_tokens") != nullptr ? "max_completion_tokens" : "max_tokens";
  std::vector<Prompt> prompts = read_prompts(fields, *model, max_prompts(*call));
  report_unknown(fields, *call);

  std::vector<GenerateRequest> requests;
  for (Prompt& prompt : prompts) {
    GenerateRequest request = shared;
    request.max_tokens = fit_tokens(*model, std::ssize(prompt.tokens), max_tokens,
                                    kDefaultMaxTokens, "prompt", max_tokens_name);
    // Prompts of one call draw from streams of their own.
    request.sampling.sample_index = static_cast<std::uint64_t>(std::ssize(requests) * shared.n);
    options.prompts.push_back({.echo = prompt.text, .n_characters = count_characters(prompt.text)});
    request.prompt = std::move(prompt.tokens);
    requests.push_back(std::move(request));
  }
  check_log_probs(requests, "logprobs");
  auto writer = std::make_unique<OpenAiAnswer>(std::move(options), model, *call);
  if (max_tokens == 0 && !shared.prompt_log_probs) return answer_at_once(*call, *writer, requests);
  Generation::start(call, model, std::move(requests), std::move(writer));
}

}  // namespace

void create_completion(const std::shared_ptr<Call>& call) {
  auto body = std::make_shared<const Json>(parse_request_body(call->request().body));
  RequestFields fields(*body);
  with_model(
      call, read_model_name(fields), true,
      [call, body](const std::shared_ptr<ServedModel>& model) { complete(call, *body, model); });
}

}  // namespace alpha
