#include <algorithm>
#include <utility>

#include "alpha/server/openai_answer.h"
#include "alpha/server/prompt_fields.h"
#include "alpha/server/routes/openai_routes.h"
#include "alpha/server/sampling_fields.h"
#include "alpha/server/service.h"
#include "alpha/tokenizers/utf8.h"

namespace alpha {

namespace {

constexpr std::int64_t kDefaultMaxTokens = 16;
constexpr std::int64_t kMaxLogProbs = 20;

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
  std::vector<Prompt> prompts = read_prompts(fields, "prompt", *model, *call);
  report_unknown(fields, *call);

  std::vector<GenerateRequest> requests;
  for (Prompt& prompt : prompts) {
    GenerateRequest request = shared;
    request.max_tokens = fit_tokens(*model, std::ssize(prompt.tokens), max_tokens,
                                    kDefaultMaxTokens, "prompt", max_tokens_name);
    // Prompts of one call draw from streams of their own.
    request.sampling.sample_index = static_cast<std::uint64_t>(std::ssize(requests) * shared.n);
    std::string text;
    if (options.is_echoing || options.has_log_probs) text = prompt.shown(model->tokenizer());
    const std::int64_t n_characters = count_characters(text);
    options.prompts.push_back({.echo = std::move(text), .n_characters = n_characters});
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
