#include "alpha/server/chat_fields.h"

#include <algorithm>

#include "alpha/server/prompt_fields.h"
#include "alpha/server/sampling_fields.h"

namespace alpha {

namespace {

constexpr std::size_t kMaxMessages = 2048;

/// A text, or the texts of [{"type": "text", "text": …}, …].
std::string read_content(RequestFields& message) {
  const Json* content = message.find("content");
  const std::string where = message.path("content");
  if (content == nullptr) fail_param(where, "'{}' is missing", where);
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

ChatMessage read_message(RequestFields& fields, const Json& json, std::size_t index) {
  const std::string where = fmt::format("messages[{}]", index);
  if (!json.is_object()) fail_param(where, "'{}' is {}, expected an object", where, shown(json));
  RequestFields message(json, where);
  message.refuse("name", "templates have no place for names");
  for (const char* name : {"tool_calls", "tool_call_id", "function_call", "audio"}) {
    message.refuse(name, "tools cannot be called, and there is text alone");
  }
  message.refuse("refusal", "the models refuse nothing");
  const Json* role = message.find("role");
  const bool is_known = role != nullptr && (*role == "system" || *role == "developer" ||
                                            *role == "user" || *role == "assistant");
  if (!is_known) {
    fail_param(where + ".role",
               "the role of '{}' is {}, expected \"system\", \"developer\", \"user\" or "
               "\"assistant\"",
               where, role == nullptr ? "missing" : shown(*role));
  }
  std::string content = read_content(message);
  fields.add_unknown(message);
  return {*role == "developer" ? "system" : role->get<std::string>(), std::move(content)};
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
  for (const Json& message : *list) {
    messages.push_back(read_message(fields, message, messages.size()));
  }
  return messages;
}

std::vector<TokenId> encode_chat(std::span<const ChatMessage> messages, const ServedModel& model) {
  if (std::ranges::all_of(messages, [](const auto& message) { return message.content.empty(); })) {
    fail_param("messages", "the messages are empty, expected at least one token");
  }
  std::size_t n_bytes = 0;
  for (const ChatMessage& message : messages) n_bytes += message.content.size();
  check_prompt_bytes(model, n_bytes, "messages");
  try {
    std::vector<TokenId> tokens = model.chat_template().encode(messages, model.tokenizer());
    // Beside what the template says there must be something that the vocabulary knows.
    std::vector<ChatMessage> silent(messages.begin(), messages.end());
    for (ChatMessage& message : silent) message.content.clear();
    const auto frame = model.chat_template().encode(silent, model.tokenizer());
    if (tokens != frame) return tokens;
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
