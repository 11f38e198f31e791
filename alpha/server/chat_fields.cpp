#include "alpha/server/chat_fields.h"

#include <algorithm>

namespace alpha {

namespace {

constexpr std::size_t kMaxMessages = 2048;

/// A text, or the texts of [{"type": "text", "text": …}, …].
std::string read_content(const Json& message, const std::string& where) {
  const auto content = message.find("content");
  if (content == message.end() || content->is_null()) fail_param(where, "'{}' is missing", where);
  if (content->is_string()) return content->get<std::string>();
  if (!content->is_array()) {
    fail_param(where, "'{}' is {}, expected a text or a list of parts", where, shown(*content));
  }
  std::string text;
  for (const Json& part : *content) {
    const bool is_text = part.is_object() && part.value("type", Json()) == "text" &&
                         part.contains("text") && part["text"].is_string();
    if (!is_text) {
      fail_param(where, "'{}' has a part of type {}, expected \"text\" with a text", where,
                 part.is_object() ? shown(part.value("type", Json())) : shown(part));
    }
    text += part["text"].get_ref<const std::string&>();
  }
  return text;
}

ChatMessage read_message(const Json& message, std::size_t index) {
  const std::string where = fmt::format("messages[{}]", index);
  if (!message.is_object()) {
    fail_param(where, "'{}' is {}, expected an object", where, shown(message));
  }
  const Json role = message.value("role", Json());
  for (const char* name : {"tool_calls", "function_call", "audio"}) {
    if (message.contains(name) && !message[name].is_null() && !message[name].empty()) {
      fail_param(where, "'{}' is not supported in '{}'", name, where);
    }
  }
  if (role == "developer") return {"system", read_content(message, where + ".content")};
  if (role != "system" && role != "user" && role != "assistant") {
    fail_param(where + ".role",
               "the role of '{}' is {}, expected \"system\", \"developer\", \"user\" or "
               "\"assistant\"",
               where, shown(role));
  }
  return {role.get<std::string>(), read_content(message, where + ".content")};
}

}  // namespace

std::vector<ChatMessage> read_messages(RequestFields& fields) {
  const Json* list = fields.find("messages");
  if (list == nullptr) fail_param("messages", "'messages' is missing");
  if (!list->is_array() || list->empty() || list->size() > kMaxMessages) {
    fail_param("messages", "'messages' is {}, expected a list of 1 to {}",
               list->is_array() ? fmt::format("a list of {}", list->size()) : shown(*list),
               kMaxMessages);
  }
  std::vector<ChatMessage> messages;
  for (const Json& message : *list) messages.push_back(read_message(message, messages.size()));
  return messages;
}

std::vector<TokenId> encode_chat(std::span<const ChatMessage> messages, const ServedModel& model) {
  if (std::ranges::all_of(messages, [](const auto& message) { return message.content.empty(); })) {
    fail_param("messages", "the messages are empty, expected at least one token");
  }
  try {
    std::vector<TokenId> tokens = model.chat_template().encode(messages, model.tokenizer());
    // Whether the messages themselves are words that the vocabulary lacks.
    const bool says_anything = std::ranges::any_of(messages, [&](const ChatMessage& message) {
      return !model.tokenizer().encode(message.content).empty();
    });
    if (says_anything && !tokens.empty()) return tokens;
  } catch (const Error& error) {
    throw ApiError(400, error.what(), "messages");
  }
  fail_param("messages", "nothing of the messages is in the model's vocabulary");
}

void add_template_stops(const ServedModel& model, GenerateRequest& request) {
  for (const std::string& stop : model.chat_template().stop()) {
    if (const auto token = model.tokenizer().special_token(stop)) {
      if (token != model.tokenizer().start_token()) request.stop_tokens.push_back(*token);
    } else if (request.text.stop.size() < 16) {
      request.text.stop.push_back(stop);
    }
  }
}

}  // namespace alpha
