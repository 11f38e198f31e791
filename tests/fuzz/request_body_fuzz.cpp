// Any bytes as the body of a request, and as a chat template: refused in words, or read.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "alpha/core/json.h"
#include "alpha/http/message.h"
#include "alpha/server/chat_fields.h"
#include "alpha/server/request_body.h"
#include "alpha/tokenizers/chat_template.h"
#include "alpha/tokenizers/tokenizer_factory.h"

namespace {

using namespace alpha;

const Tokenizer& tokenizer() {
  static const auto kTokenizer = train_tokenizer("bpe-chat", "a cat <|user|> sat", 262);
  return *kTokenizer;
}

/// Asks for the fields of `body`, each in some way.
void read_fields(const Json& body) {
  RequestFields fields(body);
  const auto attempt = [](auto&& read) {
    try {
      read();
    } catch (const ApiError& error) {
      if (error.status != 400) std::abort();
    }
  };
  for (const auto& [name, value] : body.items()) {
    attempt([&] { fields.number(name, -1, 1); });
    attempt([&] { fields.integer(name, -5, 5); });
    attempt([&] { fields.boolean(name); });
    attempt([&] { fields.text(name, 10); });
    attempt([&] { fields.texts(name, 3, 10); });
    attempt([&] { fields.refuse(name, "why"); });
  }
  if (!fields.unknown().empty()) std::abort();
  attempt([&] {
    const auto messages = read_messages(fields);
    for (const std::string_view name : ChatTemplate::names()) {
      ChatTemplate::named(name).encode(messages, tokenizer());
    }
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static_cast<void>(http::decode_percent(bytes, true));
  Json body;
  try {
    body = parse_request_body(bytes);
  } catch (const ApiError& error) {
    if (error.status != 400 && error.status != 413) std::abort();
    static_cast<void>(error_body(error, ErrorShape::openai));
    return 0;
  }
  read_fields(body);
  try {
    const ChatTemplate chat = ChatTemplate::from_json(body, "fuzz");
    if (!(ChatTemplate::from_json(chat.to_json(), "fuzz") == chat)) std::abort();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::corrupt) std::abort();
  }
  return 0;
}
