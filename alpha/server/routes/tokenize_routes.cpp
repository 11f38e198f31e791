#include <unordered_map>
#include <utility>

#include "alpha/server/chat_fields.h"
#include "alpha/server/openai_answer.h"
#include "alpha/server/prompt_fields.h"
#include "alpha/server/routes/openai_routes.h"
#include "alpha/server/routes/routes.h"
#include "alpha/server/sampling_fields.h"
#include "alpha/server/service.h"
#include "alpha/tokenizers/stream_decoder.h"

namespace alpha {

namespace {

constexpr std::size_t kMaxTextBytes = std::size_t{4} << 20U;

using Model = std::shared_ptr<ServedModel>;

/// A text (`prompt`, or `content` as llama.cpp has it) or a chat (`messages`).
struct TextToCut {
  std::string text = {};
  std::vector<ChatMessage> messages = {};
  bool is_special = true;  // what looks like a special token is one
};

TextToCut read_text(RequestFields& fields) {
  if (fields.find("messages") != nullptr) return {.messages = read_messages(fields)};
  auto prompt = fields.text("prompt", kMaxTextBytes);
  auto content = fields.text("content", kMaxTextBytes);
  if (!prompt && !content) fail_param("prompt", "'prompt' is missing");
  return {.text = std::move(prompt ? *prompt : *content),
          .is_special = fields.boolean("parse_special").value_or(true)};
}

/// As the model would read it.
std::vector<TokenId> encode(const TextToCut& text, const ServedModel& model) {
  if (!text.messages.empty()) return encode_chat(text.messages, model);
  try {
    return model.tokenizer().encode(
        text.text, text.is_special ? SpecialTokens::allowed : SpecialTokens::as_text);
  } catch (const Error& error) {
    throw ApiError(400, error.what(), "prompt");
  }
}

/// [1, 2] or [{"id": 1, "piece": "a"}, …]: there may be millions, so no object is made of each.
std::string list_text(const std::vector<TokenId>& tokens, const Tokenizer& tokenizer,
                      bool has_pieces) {
  std::unordered_map<TokenId, std::string> shown;
  std::string text = "[";
  for (const TokenId token : tokens) {
    if (text.size() > 1) text += ',';
    if (!has_pieces) {
      fmt::format_to(std::back_inserter(text), "{}", token);
      continue;
    }
    std::string& one = shown[token];
    if (one.empty()) one = Json{{"id", token}, {"piece", token_text(tokenizer, token)}}.dump();
    text += one;
  }
  return text + "]";
}

// A text of megabytes takes a while, so both are done on the worker.

void tokenize(const std::shared_ptr<Call>& call, const Json& body, const Model& model) {
  RequestFields fields(body);
  read_model_name(fields);
  TextToCut text = read_text(fields);
  const bool has_pieces = fields.boolean("with_pieces").value_or(false);
  fields.boolean("add_special");  // nothing is added
  report_unknown(fields, *call);
  call->service().respond_later(call, [model, text = std::move(text), has_pieces] {
    const std::vector<TokenId> tokens = encode(text, *model);
    return http::Response{.body = fmt::format(R"({{"tokens":{},"count":{},"max_model_len":{}}})",
                                              list_text(tokens, model->tokenizer(), has_pieces),
                                              tokens.size(), model->block_size()) +
                                  "\n"};
  });
}

void detokenize(const std::shared_ptr<Call>& call, const Json& body, const Model& model) {
  RequestFields fields(body);
  read_model_name(fields);
  const Json* list = fields.find("tokens");
  if (list == nullptr || !list->is_array()) {
    fail_param("tokens", "'tokens' is {}, expected a list of token ids",
               list == nullptr ? "missing" : shown(*list));
  }
  report_unknown(fields, *call);
  std::vector<TokenId> tokens;
  if (!list->empty()) tokens = read_tokens(*list, *model, "tokens");
  call->service().respond_later(call, [model, tokens = std::move(tokens)] {
    StreamDecoder decoder(model->tokenizer());
    std::string text;
    for (const TokenId token : tokens) text += decoder.feed(token);
    text += decoder.flush();
    const Json answer = {{"content", text}, {"prompt", text}};
    return http::Response{.body =
                              answer.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"};
  });
}

using Body = void (*)(const std::shared_ptr<Call>&, const Json&, const Model&);

/// The first model where none is named.
template<Body body>
void handle(const std::shared_ptr<Call>& call) {
  auto json = std::make_shared<const Json>(parse_request_body(call->request().body));
  RequestFields fields(*json);
  with_model(call, read_model_name(fields), false,
             [call, json](const Model& model) { body(call, *json, model); });
}

}  // namespace

void add_tokenize_routes(Router& router, Service& /*service*/) {
  router.add({"POST", "/tokenize", handle<tokenize>});
  router.add({"POST", "/detokenize", handle<detokenize>});
}

}  // namespace alpha
