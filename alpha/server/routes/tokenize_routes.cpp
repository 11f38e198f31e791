#include "alpha/server/chat_fields.h"
#include "alpha/server/openai_answer.h"
#include "alpha/server/routes/openai_routes.h"
#include "alpha/server/routes/routes.h"
#include "alpha/server/sampling_fields.h"
#include "alpha/server/service.h"
#include "alpha/tokenizers/stream_decoder.h"

namespace alpha {

namespace {

constexpr std::size_t kMaxTextBytes = std::size_t{4} << 20U;

/// A text (`prompt`, or `content` as llama.cpp has it) or a chat (`messages`) as the model would
/// read it.
std::vector<TokenId> read_text(RequestFields& fields, const ServedModel& model) {
  if (fields.find("messages") != nullptr) return encode_chat(read_messages(fields), model);
  const auto prompt = fields.text("prompt", kMaxTextBytes);
  const auto content = fields.text("content", kMaxTextBytes);
  if (!prompt && !content) fail_param("prompt", "'prompt' is missing");
  const bool is_special = fields.boolean("parse_special").value_or(true);
  try {
    return model.tokenizer().encode(prompt ? *prompt : *content,
                                    is_special ? SpecialTokens::allowed : SpecialTokens::as_text);
  } catch (const Error& error) {
    throw ApiError(400, error.what(), "prompt");
  }
}

void tokenize(const std::shared_ptr<Call>& call, const Json& body, const ServedModel& model) {
  RequestFields fields(body);
  read_model_name(fields);
  const std::vector<TokenId> tokens = read_text(fields, model);
  const bool has_pieces = fields.boolean("with_pieces").value_or(false);
  fields.boolean("add_special");  // nothing is added
  report_unknown(fields, *call);
  Json list = Json::array();
  for (const TokenId token : tokens) {
    if (has_pieces) {
      list.push_back({{"id", token}, {"piece", token_text(model.tokenizer(), token)}});
    } else {
      list.push_back(token);
    }
  }
  call->respond(Json{{"tokens", std::move(list)},
                     {"count", tokens.size()},
                     {"max_model_len", model.block_size()}});
}

void detokenize(const std::shared_ptr<Call>& call, const Json& body, const ServedModel& model) {
  RequestFields fields(body);
  read_model_name(fields);
  const Json* tokens = fields.find("tokens");
  if (tokens == nullptr || !tokens->is_array()) {
    fail_param("tokens", "'tokens' is {}, expected a list of token ids",
               tokens == nullptr ? "missing" : shown(*tokens));
  }
  report_unknown(fields, *call);
  std::string text;
  if (!tokens->empty()) {
    StreamDecoder decoder(model.tokenizer());
    for (const TokenId token : read_tokens(*tokens, model, "tokens")) text += decoder.feed(token);
    text += decoder.flush();
  }
  call->respond(Json{{"content", text}, {"prompt", text}});
}

using Body = void (*)(const std::shared_ptr<Call>&, const Json&, const ServedModel&);

/// The first model where none is named.
template<Body body>
void handle(const std::shared_ptr<Call>& call) {
  auto json = std::make_shared<const Json>(parse_request_body(call->request().body));
  RequestFields fields(*json);
  with_model(
      call, read_model_name(fields), false,
      [call, json](const std::shared_ptr<ServedModel>& model) { body(call, *json, *model); });
}

}  // namespace

void add_tokenize_routes(Router& router, Service& /*service*/) {
  router.add({"POST", "/tokenize", handle<tokenize>});
  router.add({"POST", "/detokenize", handle<detokenize>});
}

}  // namespace alpha
