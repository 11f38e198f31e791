#include <cstring>
#include <utility>

#include "alpha/server/generation.h"
#include "alpha/server/prompt_fields.h"
#include "alpha/server/routes/openai_routes.h"
#include "alpha/server/sampling_fields.h"
#include "alpha/server/service.h"

namespace alpha {

namespace {

/// RFC 4648, with padding.
std::string base64(std::span<const unsigned char> bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t n = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) group = group << 8U | (j < n ? bytes[i + j] : 0U);
    for (std::size_t j = 0; j < 4; ++j) {
      text += j <= n ? kDigits[group >> (18U - 6U * j) & 63U] : '=';
    }
  }
  return text;
}

Json encoded(const std::vector<float>& values, bool is_base64) {
  if (!is_base64) return values;
  static_assert(std::endian::native == std::endian::little);
  return base64({reinterpret_cast<const unsigned char*>(values.data()), values.size() * 4});
}

class EmbeddingsAnswer final : public AnswerWriter {
 public:
  EmbeddingsAnswer(std::string model, bool is_base64, std::size_t n_inputs)
      : model_(std::move(model)),
        is_base64_(is_base64),
        embeddings_(n_inputs) {}

  void on_event(Call& /*call*/, std::size_t prompt, TokenEvent& event) override {
    if (event.kind == EventKind::end) embeddings_[prompt] = std::move(event.embedding);
  }

  void on_finish(Call& call, const TokenUsage& usage) override {
    Json data = Json::array();
    for (std::size_t i = 0; i < embeddings_.size(); ++i) {
      data.push_back({{"object", "embedding"},
                      {"index", i},
                      {"embedding", encoded(embeddings_[i], is_base64_)}});
    }
    call.respond(
        Json{{"object", "list"},
             {"data", std::move(data)},
             {"model", model_},
             {"usage", {{"prompt_tokens", usage.n_prompt}, {"total_tokens", usage.n_prompt}}}});
  }

 private:
  std::string model_;
  bool is_base64_;
  std::vector<std::vector<float>> embeddings_;
};

void embed(const std::shared_ptr<Call>& call, const Json& body,
           const std::shared_ptr<ServedModel>& model) {
  RequestFields fields(body);
  const std::string name = read_model_name(fields);
  const std::string format = fields.text("encoding_format", 20).value_or("float");
  if (format != "float" && format != "base64") {
    fail_param("encoding_format", "'encoding_format' is '{}', expected \"float\" or \"base64\"",
               format);
  }
  const std::int64_t width = model->weights().config.n_embd;
  if (const auto wanted = fields.integer("dimensions", 1, 1'000'000); wanted && *wanted != width) {
    fail_param("dimensions", "'dimensions' is {}, and the model's embeddings have {}", *wanted,
               width);
  }
  const std::string user = fields.text("user", 512).value_or("");
  std::vector<GenerateRequest> requests;
  for (Prompt& input : read_prompts(fields, "input", *model, *call)) {
    fit_tokens(*model, std::ssize(input.tokens), 0, 0, "input", "input");
    requests.push_back({.prompt = std::move(input.tokens), .max_tokens = 0, .is_embedding = true});
    set_client(requests.back(), *call, user);
  }
  report_unknown(fields, *call);
  auto writer = std::make_unique<EmbeddingsAnswer>(name, format == "base64", requests.size());
  Generation::start(call, model, std::move(requests), std::move(writer));
}

}  // namespace

void create_embeddings(const std::shared_ptr<Call>& call) {
  auto body = std::make_shared<const Json>(parse_request_body(call->request().body));
  RequestFields fields(*body);
  with_model(
      call, read_model_name(fields), true,
      [call, body](const std::shared_ptr<ServedModel>& model) { embed(call, *body, model); });
}

}  // namespace alpha
