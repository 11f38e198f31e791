#include "alpha/server/openai_answer.h"

#include <algorithm>
#include <utility>

#include "alpha/server/service.h"
#include "alpha/tokenizers/utf8.h"

namespace alpha {

namespace {

constexpr double kLeastLogProb = -9999;  // JSON has no infinity

double finite(double log_prob) {
  return std::max(log_prob, kLeastLogProb);
}

Json bytes_of(std::string_view piece) {
  Json bytes = Json::array();
  for (const char c : piece) bytes.push_back(static_cast<unsigned char>(c));
  return bytes;
}

constexpr std::string_view kWhiteSpace = " \n\t";

}  // namespace

std::string token_text(const Tokenizer& tokenizer, TokenId token) {
  const std::string_view piece = tokenizer.piece(token);
  if (is_valid_utf8(piece)) return std::string(piece);
  std::string text = "bytes:";
  for (const char c : piece) text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  return text;
}

void check_log_probs(const std::vector<GenerateRequest>& requests, std::string_view param) {
  constexpr std::int64_t kMost = 500'000;
  std::int64_t n = 0;
  for (const GenerateRequest& request : requests) {
    if (!request.log_probs) continue;
    const std::int64_t n_prompt = request.prompt_log_probs ? std::ssize(request.prompt) : 0;
    n += request.n * (n_prompt + request.max_tokens) * (*request.log_probs + 1);
  }
  if (n <= kMost) return;
  fail_param(param, "up to {} log-probabilities are asked for, expected at most {} in one answer",
             n, kMost);
}

Json usage_json(const TokenUsage& usage) {
  return {{"prompt_tokens", usage.n_prompt},
          {"completion_tokens", usage.n_completion},
          {"total_tokens", usage.n_prompt + usage.n_completion},
          {"prompt_tokens_details", {{"cached_tokens", usage.n_cached}}}};
}

OpenAiAnswer::OpenAiAnswer(OpenAiOptions options, std::shared_ptr<ServedModel> model,
                           const Call& call)
    : options_(std::move(options)),
      model_(std::move(model)),
      choices_(options_.prompts.size() * static_cast<std::size_t>(options_.n)) {
  const std::string id = (options_.is_chat ? "chatcmpl-" : "cmpl-") + call.id().substr(4);
  const std::string_view whole = options_.is_chat ? "chat.completion" : "text_completion";
  const std::string_view piece = options_.is_chat ? "chat.completion.chunk" : "text_completion";
  head_ = {{"id", id},
           {"object", options_.is_stream ? piece : whole},
           {"created", call.service().clock().unix_ms() / 1000},
           {"model", options_.model},
           {"system_fingerprint", model_->fingerprint()}};
  prefix_ = "data: " + to_text(head_);
  prefix_.back() = ',';  // instead of the closing brace
  for (std::size_t i = 0; i < choices_.size(); ++i) {
    const auto& prompt = options_.prompts[i / static_cast<std::size_t>(options_.n)];
    choices_[i].n_characters = options_.is_echoing ? 0 : prompt.n_characters;
  }
}

void OpenAiAnswer::on_event(Call& call, std::size_t prompt, TokenEvent& event) {
  const std::size_t first = prompt * static_cast<std::size_t>(options_.n);
  if (event.kind == EventKind::prompt_token) {
    // Told once, and true of every sample.
    const auto n = static_cast<std::size_t>(options_.n);
    for (std::size_t i = first; i < first + n; ++i) {
      begin(call, choices_[i], i);
      put(call, choices_[i], i, "", log_probs_of(choices_[i], event));
    }
    return;
  }
  const std::size_t index = first + static_cast<std::size_t>(event.sample);
  Choice& choice = choices_[index];
  begin(call, choice, index);
  const bool is_end = event.kind == EventKind::end;
  const std::string text = shown_text(choice, std::move(event.text), is_end);
  put(call, choice, index, text, is_end ? Json() : log_probs_of(choice, event));
  if (!is_end) return;
  choice.finish_reason = finish_reason_of(event.stop_reason);
  if (!options_.is_stream) return;
  send(call,
       fmt::format(R"({{"index":{},{},"logprobs":null,"finish_reason":"{}"}})", index,
                   options_.is_chat ? R"("delta":{})" : R"("text":"")", choice.finish_reason),
       "null");
}

/// What comes before the first token of a text.
void OpenAiAnswer::begin(Call& call, Choice& choice, std::size_t index) {
  if (std::exchange(choice.has_begun, true)) return;
  if (options_.is_stream && !call.exchange()->has_begun()) call.begin();
  if (options_.is_stream && options_.is_chat) {
    send(
        call,
        fmt::format(
            R"({{"index":{},"delta":{{"role":"assistant","content":"","refusal":null}},"logprobs":null,"finish_reason":null}})",
            index),
        "null");
  }
  if (!options_.is_echoing) return;
  const std::string& echo = options_.prompts[index / static_cast<std::size_t>(options_.n)].echo;
  put(call, choice, index, echo, Json());
}

void OpenAiAnswer::put(Call& call, Choice& choice, std::size_t index, std::string_view text,
                       Json log_probs) {
  if (!options_.is_stream) {
    choice.text += text;
    return keep(choice, log_probs);
  }
  if (text.empty() && log_probs.is_null()) return;
  const std::string content = to_text(Json(text));
  const std::string told = options_.is_chat ? fmt::format(R"("delta":{{"content":{}}})", content)
                                            : fmt::format(R"("text":{})", content);
  send(call,
       fmt::format(R"({{"index":{},{},"logprobs":{},"finish_reason":null}})", index, told,
                   log_probs.is_null() ? "null" : to_text(log_probs)),
       "null");
}

/// Of a text that is trimmed, white space is held back until something follows.
std::string OpenAiAnswer::shown_text(Choice& choice, std::string text, bool is_end) const {
  if (!options_.is_trimmed) return text;
  text = std::exchange(choice.held, {}) + text;
  if (!choice.has_text) text.erase(0, std::min(text.find_first_not_of(kWhiteSpace), text.size()));
  const std::size_t n_kept = text.find_last_not_of(kWhiteSpace) + 1;
  choice.has_text = choice.has_text || n_kept > 0;
  if (!is_end) choice.held = text.substr(n_kept);
  text.resize(n_kept);
  return text;
}

Json OpenAiAnswer::log_probs_of(Choice& choice, const TokenEvent& event) const {
  if (!options_.has_log_probs) return {};
  return options_.is_chat ? chat_log_probs(event) : completion_log_probs(choice, event);
}

/// {tokens, token_logprobs, top_logprobs, text_offset}, each a list. The first token of a prompt
/// has no probability.
Json OpenAiAnswer::completion_log_probs(Choice& choice, const TokenEvent& event) const {
  const Tokenizer& tokenizer = model_->tokenizer();
  Json top = nullptr;
  if (event.has_log_probs) {
    top = Json::object();
    for (const TokenLogProb& likely : event.log_probs.top) {
      top[token_text(tokenizer, likely.token)] = finite(likely.log_prob);
    }
    // The token that stands there is always among them.
    const TokenLogProb& chosen = event.log_probs.chosen;
    top[token_text(tokenizer, chosen.token)] = finite(chosen.log_prob);
  }
  const Json log_prob =
      event.has_log_probs ? Json(finite(event.log_probs.chosen.log_prob)) : Json();
  const std::int64_t offset = choice.n_characters;
  choice.n_characters += count_characters(tokenizer.piece(event.token));
  return {{"tokens", {token_text(tokenizer, event.token)}},
          {"token_logprobs", Json::array({log_prob})},
          {"top_logprobs", Json::array({std::move(top)})},
          {"text_offset", {offset}}};
}

/// {content: [{token, logprob, bytes, top_logprobs}], refusal}.
Json OpenAiAnswer::chat_log_probs(const TokenEvent& event) const {
  const Tokenizer& tokenizer = model_->tokenizer();
  const auto entry = [&](const TokenLogProb& token) -> Json {
    return {{"token", token_text(tokenizer, token.token)},
            {"logprob", finite(token.log_prob)},
            {"bytes", bytes_of(tokenizer.piece(token.token))}};
  };
  Json top = Json::array();
  for (const TokenLogProb& likely : event.log_probs.top) top.push_back(entry(likely));
  Json chosen = entry(event.log_probs.chosen);
  chosen["top_logprobs"] = std::move(top);
  return {{"content", Json::array({std::move(chosen)})}, {"refusal", nullptr}};
}

void OpenAiAnswer::send(Call& call, std::string_view choices, std::string_view usage) {
  line_.clear();
  fmt::format_to(std::back_inserter(line_), R"({}"choices":[{}])", prefix_, choices);
  if (options_.includes_usage) fmt::format_to(std::back_inserter(line_), R"(,"usage":{})", usage);
  line_ += "}\n\n";
  call.write(line_);
}

/// As text, since there may be many: a tree of them would take ten times the memory, and be written
/// out all at once.
void OpenAiAnswer::keep(Choice& choice, const Json& log_probs) const {
  for (const auto& [name, list] : log_probs.items()) {
    std::string& items = choice.log_probs[name];
    for (const Json& item : list) {
      if (!items.empty()) items += ',';
      items += to_text(item);
    }
  }
}

std::string OpenAiAnswer::whole_choice(const Choice& choice, std::size_t index) const {
  const std::string text = to_text(Json(choice.text));
  std::string json = fmt::format(R"({{"index":{},)", index);
  json += options_.is_chat
              ? fmt::format(R"("message":{{"role":"assistant","content":{},"refusal":null}})", text)
              : fmt::format(R"("text":{})", text);
  json += R"(,"logprobs":)";
  if (choice.log_probs.empty()) {
    json += "null";
  } else {
    json += '{';
    for (const auto& [name, items] : choice.log_probs) {
      fmt::format_to(std::back_inserter(json), R"("{}":{},)", name,
                     name == "refusal" ? "null" : "[" + items + "]");
    }
    json.back() = '}';
  }
  return json + fmt::format(R"(,"finish_reason":"{}"}})", choice.finish_reason);
}

void OpenAiAnswer::on_finish(Call& call, const TokenUsage& usage) {
  if (options_.is_stream) {
    if (options_.includes_usage) send(call, "", to_text(usage_json(usage)));
    call.write("data: [DONE]\n\n");
    return call.end();
  }
  std::string body = to_text(head_);
  body.back() = ',';  // instead of the closing brace
  body += R"("choices":[)";
  for (std::size_t i = 0; i < choices_.size(); ++i) {
    if (i > 0) body += ',';
    body += whole_choice(choices_[i], i);
  }
  body += R"(],"usage":)" + to_text(usage_json(usage)) + "}\n";
  call.respond(http::Response{.body = std::move(body)});
}

}  // namespace alpha
