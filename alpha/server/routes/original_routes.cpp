#include <charconv>
#include <utility>

#include "alpha/server/chat_fields.h"
#include "alpha/server/generation.h"
#include "alpha/server/prompt_fields.h"
#include "alpha/server/routes/openai_routes.h"
#include "alpha/server/routes/routes.h"
#include "alpha/server/sampling_fields.h"
#include "alpha/server/service.h"
#include "alpha/train/domains.h"

namespace alpha {

namespace {

constexpr std::size_t kMaxPromptBytes = std::size_t{4} << 20U;

/// The body, if there is one, with the parameters of the query over it: numbers where they look
/// like numbers.
Json read_parameters(const Call& call) {
  const http::Request& request = call.request();
  Json json = request.body.empty() ? Json::object() : parse_request_body(request.body);
  for (const auto& [name, value] : request.query) {
    double number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    const bool is_number = error == std::errc() && end == value.data() + value.size();
    const bool is_text = name == "prompt" || name == "query" || name == "model";
    json[name] = is_number && !is_text ? Json(number) : Json(value);
  }
  return json;
}

/// The original's names and ranges; `seed` is ours.
struct Names {
  const char* max_tokens;
  const char* temperature;
};

/// The answer ends where the context does: the original's limits are far above that.
GenerateRequest read_request(RequestFields& fields, const ServedModel& model, const Call& call,
                             const Names& names, std::int64_t n_prompt, std::int64_t max_tokens,
                             std::int64_t most_tokens, double temperature) {
  GenerateRequest request;
  const auto wanted = fields.integer(names.max_tokens, 1, most_tokens);
  request.max_tokens =
      fit_tokens(model, n_prompt, {}, wanted.value_or(max_tokens), "prompt", names.max_tokens);
  SamplingOptions& sampling = request.sampling;
  sampling.temperature = fields.number(names.temperature, 0, 2).value_or(temperature);
  const auto top_k = fields.integer("topk", 0, 1'000'000'000);
  sampling.top_k = top_k ? *top_k : fields.integer("top_k", 0, 1'000'000'000).value_or(40);
  const auto top_p = fields.number("top_p", 0.0001, 1);
  sampling.top_p = top_p ? *top_p : fields.number("topp", 0.0001, 1).value_or(1);
  const auto seed = fields.integer("seed", 0, std::int64_t{1} << 53U);
  sampling.seed = seed ? static_cast<std::uint64_t>(*seed) : random_seed();
  set_client(request, call);
  return request;
}

void begin(const std::shared_ptr<Call>& call, const std::shared_ptr<ServedModel>& model,
           GenerateRequest request, std::unique_ptr<AnswerWriter> writer) {
  std::vector<GenerateRequest> requests;
  requests.push_back(std::move(request));
  Generation::start(call, model, std::move(requests), std::move(writer));
}

/// {text, model, usage: {prompt_tokens, completion_tokens}}.
class GenerateAnswer final : public AnswerWriter {
 public:
  void on_event(Call& /*call*/, std::size_t /*prompt*/, TokenEvent& event) override {
    text_ += event.text;
  }

  void on_finish(Call& call, const TokenUsage& usage) override {
    call.respond(Json{
        {"text", text_},
        {"model", call.log.model},
        {"usage", {{"prompt_tokens", usage.n_prompt}, {"completion_tokens", usage.n_completion}}}});
  }

 private:
  std::string text_;
};

/// `data: {"token": …}` for the prompt and each token, `data: [DONE]`.
class InferenceAnswer final : public AnswerWriter {
 public:
  explicit InferenceAnswer(std::string prompt) : prompt_(std::move(prompt)) {}

  void on_event(Call& call, std::size_t /*prompt*/, TokenEvent& event) override {
    if (!call.exchange()->has_begun()) {
      call.begin();
      send(call, prompt_);
    }
    if (!event.text.empty()) send(call, event.text);
  }

  void on_finish(Call& call, const TokenUsage& /*usage*/) override {
    call.write("data: [DONE]\n\n");
    call.end();
  }

 private:
  static void send(Call& call, const std::string& text) {
    call.write("data: " + to_text(Json{{"token", text}}) + "\n\n");
  }

  std::string prompt_;
};

/// The text alone.
class TextAnswer final : public AnswerWriter {
 public:
  void on_event(Call& call, std::size_t /*prompt*/, TokenEvent& event) override {
    if (!call.exchange()->has_begun()) call.begin("text/plain; charset=utf-8");
    if (!event.text.empty()) call.write(event.text);
  }

  void on_finish(Call& call, const TokenUsage& /*usage*/) override { call.end(); }
};

void generate(const std::shared_ptr<Call>& call, const Json& body,
              const std::shared_ptr<ServedModel>& model) {
  RequestFields fields(body);
  read_model_name(fields);
  auto tokens =
      encode_prompt_text(*model, fields.text("prompt", kMaxPromptBytes).value_or(""), "prompt");
  auto request = read_request(fields, *model, *call, {"max_tokens", "temperature"},
                              std::ssize(tokens), 2048, 20'000, 0.7);
  request.prompt = std::move(tokens);
  begin(call, model, std::move(request), std::make_unique<GenerateAnswer>());
}

void inference(const std::shared_ptr<Call>& call, const Json& body,
               const std::shared_ptr<ServedModel>& model) {
  RequestFields fields(body);
  read_model_name(fields);
  const std::string prompt = fields.text("query", kMaxPromptBytes).value_or("");
  auto tokens = encode_prompt_text(*model, prompt, "query");
  auto request =
      read_request(fields, *model, *call, {"steps", "temp"}, std::ssize(tokens), 200, 500, 0.8);
  request.prompt = std::move(tokens);
  begin(call, model, std::move(request), std::make_unique<InferenceAnswer>(prompt));
}

void chat(const std::shared_ptr<Call>& call, const Json& body,
          const std::shared_ptr<ServedModel>& model) {
  RequestFields fields(body);
  read_model_name(fields);
  auto tokens = encode_chat(read_messages(fields), *model);
  auto request = read_request(fields, *model, *call, {"maxTokens", "temperature"},
                              std::ssize(tokens), 200, 20'000, 0.8);
  add_template_stops(*model, request);
  request.prompt = std::move(tokens);
  begin(call, model, std::move(request), std::make_unique<TextAnswer>());
}

using Body = void (*)(const std::shared_ptr<Call>&, const Json&,
                      const std::shared_ptr<ServedModel>&);

/// The first model where none is named.
template<Body body>
void handle(const std::shared_ptr<Call>& call) {
  auto json = std::make_shared<const Json>(read_parameters(*call));
  RequestFields fields(*json);
  with_model(call, read_model_name(fields), false,
             [call, json](const std::shared_ptr<ServedModel>& model) { body(call, *json, model); });
}

void list_domains(const std::shared_ptr<Call>& call) {
  Json list = Json::array();
  for (const Domain& domain : domains()) {
    list.push_back({{"id", domain.id},
                    {"display_name", domain.display_name},
                    {"tokenizer", domain.train.tokenizer},
                    {"sample_prompts", domain.prompts},
                    {"model_defaults", to_json(domain.model)},
                    {"train_defaults", to_json(domain.train)}});
  }
  call->respond(list);
}

void version(const std::shared_ptr<Call>& call) {
  const Service& service = call->service();
  call->respond(Json{{"version", service.settings().version},
                     {"sha", nullptr},
                     {"message", fmt::format("alpha {}", service.settings().version)},
                     {"startedAt", service.started_ms()}});
}

}  // namespace

void add_original_routes(Router& router, Service& /*service*/) {
  const auto add = [&router](const char* method, const char* pattern, auto* body,
                             bool is_work = true) {
    router.add({method, pattern, body, Access::key, ErrorShape::original, is_work});
  };
  add("GET", "/api/generate", handle<generate>);
  add("POST", "/api/generate", handle<generate>);
  add("GET", "/api/inference", handle<inference>);
  add("POST", "/api/chat", handle<chat>);
  add("GET", "/api/domains", list_domains, false);
  add("GET", "/api/version", version, false);
}

}  // namespace alpha
