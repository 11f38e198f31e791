#include <limits>
#include <utility>

#include "alpha/server/chat_fields.h"
#include "alpha/server/openai_answer.h"
#include "alpha/server/routes/openai_routes.h"
#include "alpha/server/sampling_fields.h"
#include "alpha/server/service.h"

namespace alpha {

namespace {

constexpr std::int64_t kMaxTopLogProbs = 20;
constexpr std::int64_t kMaxTokens = std::int64_t{1} << 40U;

/// `logprobs` says whether, `top_logprobs` how many beside.
std::optional<std::int64_t> read_log_probs(RequestFields& fields) {
  const bool is_wanted = fields.boolean("logprobs").value_or(false);
  const auto n_top = fields.integer("top_logprobs", 0, kMaxTopLogProbs);
  if (n_top.value_or(0) > 0 && !is_wanted) {
    fail_param("top_logprobs", "'top_logprobs' is {}, and 'logprobs' is not true", *n_top);
  }
  return is_wanted ? std::optional(n_top.value_or(0)) : std::nullopt;
}

void chat(const std::shared_ptr<Call>& call, const Json& body,
          const std::shared_ptr<ServedModel>& model) {
  RequestFields fields(body);
  OpenAiOptions options{.is_chat = true, .model = read_model_name(fields), .prompts = {{}}};
  const StreamFields stream = read_stream(fields);
  options.is_stream = stream.is_stream;
  options.includes_usage = stream.includes_usage;
  GenerateRequest request = read_sampling(fields, *model, *call);
  options.n = request.n;
  options.is_trimmed = model->chat_template().is_trimming() && request.grammar == nullptr;
  request.log_probs = read_log_probs(fields);
  options.has_log_probs = request.log_probs.has_value();
  add_template_stops(*model, request);
  refuse_unsupported(fields);
  const auto older = fields.integer("max_tokens", 1, kMaxTokens);
  const auto newer = fields.integer("max_completion_tokens", 1, kMaxTokens);
  request.prompt = encode_chat(read_messages(fields), *model);
  request.max_tokens =
      fit_tokens(*model, std::ssize(request.prompt), newer ? newer : older, kMaxTokens, "messages",
                 newer ? "max_completion_tokens" : "max_tokens");
  report_unknown(fields, *call);
  std::vector<GenerateRequest> requests;
  requests.push_back(std::move(request));
  check_log_probs(requests, "top_logprobs");
  auto writer = std::make_unique<OpenAiAnswer>(std::move(options), model, *call);
  Generation::start(call, model, std::move(requests), std::move(writer));
}

}  // namespace

void create_chat_completion(const std::shared_ptr<Call>& call) {
  auto body = std::make_shared<const Json>(parse_request_body(call->request().body));
  RequestFields fields(*body);
  with_model(call, read_model_name(fields), true,
             [call, body](const std::shared_ptr<ServedModel>& model) { chat(call, *body, model); });
}

}  // namespace alpha
