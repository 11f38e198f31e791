#include "alpha/server/sampling_fields.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <random>

#include "alpha/core/hash.h"
#include "alpha/grammar/grammar.h"
#include "alpha/server/service.h"

namespace alpha {

namespace {

constexpr std::size_t kMaxStops = 16;
constexpr std::size_t kMaxStopBytes = 1024;
constexpr std::size_t kMaxNameBytes = 512;

/// {"50256": -100, …}: by ascending id.
std::vector<std::pair<TokenId, double>> read_logit_bias(RequestFields& fields,
                                                        std::int64_t vocab_size) {
  constexpr std::string_view kName = "logit_bias";
  const Json* value = fields.find(kName);
  if (value == nullptr) return {};
  if (!value->is_object())
    fail_param(kName, "'logit_bias' is {}, expected an object", shown(*value));
  std::vector<std::pair<TokenId, double>> biases;
  for (const auto& [key, bias] : value->items()) {
    TokenId token = -1;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), token);
    const bool is_id = error == std::errc() && end == key.data() + key.size();
    if (!is_id || token < 0 || token >= vocab_size) {
      fail_param(kName, "'logit_bias' names token '{}', expected an id from 0 to {}",
                 key.substr(0, 40), vocab_size - 1);
    }
    if (!bias.is_number() || !(std::abs(bias.get<double>()) <= 100)) {
      fail_param(kName, "'logit_bias' of token {} is {}, expected a number from -100 to 100", token,
                 shown(bias));
    }
    biases.emplace_back(token, bias.get<double>());
  }
  std::ranges::sort(biases);
  for (std::size_t i = 1; i < biases.size(); ++i) {
    if (biases[i].first == biases[i - 1].first) {
      fail_param(kName, "'logit_bias' names token {} twice", biases[i].first);
    }
  }
  return biases;
}

/// {"type": "text" | "json_object" | "json_schema", "json_schema": {"name", "schema", "strict"}}.
std::shared_ptr<GrammarMasks> read_response_format(RequestFields& fields, ServedModel& model) {
  constexpr std::string_view kName = "response_format";
  const Json* value = fields.find(kName);
  if (value == nullptr) return nullptr;
  if (!value->is_object()) {
    fail_param(kName, "'response_format' is {}, expected an object", shown(*value));
  }
  RequestFields format(*value, std::string(kName));
  const std::string type = format.text("type", kMaxNameBytes).value_or("");
  const Json* schema = nullptr;
  if (type == "json_schema") {
    const Json* inner = format.find("json_schema");
    const std::string where = format.path("json_schema");
    if (inner == nullptr || !inner->is_object()) fail_param(where, "'{}' is missing", where);
    RequestFields named(*inner, where);
    named.text("name", kMaxNameBytes);         // for the client's own use,
    named.text("description", kMaxJsonBytes);  // and so is this
    named.boolean("strict");                   // it always is
    schema = named.find("schema");
    if (schema == nullptr)
      fail_param(named.path("schema"), "'{}' is missing", named.path("schema"));
    format.add_unknown(named);
  } else if (type != "text" && type != "json_object") {
    fail_param("response_format.type",
               "'response_format.type' is '{}', expected \"text\", \"json_object\" or "
               "\"json_schema\"",
               type);
  }
  fields.add_unknown(format);
  try {
    if (schema != nullptr) return model.masks(schema->dump());
    return type == "json_object" ? model.masks("") : nullptr;
  } catch (const Error& error) {
    throw ApiError(400, error.what(),
                   schema != nullptr ? "response_format.json_schema.schema" : std::string(kName));
  }
}

}  // namespace

std::uint64_t random_seed() {
  static thread_local std::random_device device;
  return (std::uint64_t{device()} << 32U) | device();
}

void set_client(GenerateRequest& request, const Call& call, std::string_view user) {
  request.client = xxh3(call.log.key);
  request.user = xxh3(user);
  request.cache_salt = call.log.key.empty() ? 0 : request.client;
}

GenerateRequest read_sampling(RequestFields& fields, ServedModel& model, const Call& call) {
  constexpr double kMaxTemperature = 2;
  const std::int64_t vocab_size = model.weights().config.vocab_size;
  GenerateRequest request;
  request.n = fields.integer("n", 1, call.service().settings().max_sessions).value_or(1);
  SamplingOptions& sampling = request.sampling;
  sampling.temperature = fields.number("temperature", 0, kMaxTemperature).value_or(1);
  sampling.top_p = fields.number("top_p", 0, 1).value_or(1);
  if (sampling.top_p == 0) fail_param("top_p", "'top_p' is 0, expected more than 0, at most 1");
  sampling.top_k =
      std::max<std::int64_t>(fields.integer("top_k", -1, 1'000'000'000).value_or(0), 0);
  sampling.min_p = fields.number("min_p", 0, 1).value_or(0);
  sampling.repetition_penalty = fields.number("repetition_penalty", 0.01, 100).value_or(1);
  sampling.presence_penalty = fields.number("presence_penalty", -2, 2).value_or(0);
  sampling.frequency_penalty = fields.number("frequency_penalty", -2, 2).value_or(0);
  const auto seed = fields.integer("seed", std::numeric_limits<std::int64_t>::min(),
                                   std::numeric_limits<std::int64_t>::max());
  sampling.seed = seed ? static_cast<std::uint64_t>(*seed) : random_seed();
  sampling.logit_bias = read_logit_bias(fields, vocab_size);
  request.is_endless = fields.boolean("ignore_eos").value_or(false);
  request.text.stop = fields.texts("stop", kMaxStops, kMaxStopBytes);
  std::erase_if(request.text.stop, [](const std::string& stop) { return stop.empty(); });
  request.grammar = read_response_format(fields, model);
  set_client(request, call, fields.text("user", kMaxNameBytes).value_or(""));
  return request;
}

std::int64_t fit_tokens(const ServedModel& model, std::int64_t n_prompt,
                        std::optional<std::int64_t> wanted, std::int64_t otherwise,
                        std::string_view prompt_param, std::string_view max_tokens_param) {
  const std::int64_t room = model.block_size() - n_prompt;
  // A full context still says what comes next, but only where one asks for that alone.
  if (room < 0 || (room == 0 && !wanted)) {
    throw ApiError(
        400,
        fmt::format("the prompt has {} tokens, and the model's context holds {}{}", n_prompt,
                    model.block_size(), room == 0 ? ": there is no room for an answer" : ""),
        std::string(prompt_param), "context_length_exceeded");
  }
  if (!wanted) return std::min(otherwise, room);
  if (*wanted > room) {
    throw ApiError(400,
                   fmt::format("{} tokens of prompt and {} of answer make {}, and the model's "
                               "context holds {}",
                               n_prompt, *wanted, n_prompt + *wanted, model.block_size()),
                   std::string(max_tokens_param), "context_length_exceeded");
  }
  return *wanted;
}

StreamFields read_stream(RequestFields& fields) {
  StreamFields stream{.is_stream = fields.boolean("stream").value_or(false)};
  const Json* options = fields.find("stream_options");
  if (options == nullptr) return stream;
  if (!options->is_object()) {
    fail_param("stream_options", "'stream_options' is {}, expected an object", shown(*options));
  }
  if (!stream.is_stream) fail_param("stream_options", "'stream_options' is for streams alone");
  RequestFields inner(*options, "stream_options");
  stream.includes_usage = inner.boolean("include_usage").value_or(false);
  inner.boolean("include_obfuscation");  // there is none
  fields.add_unknown(inner);
  return stream;
}

std::string read_model_name(RequestFields& fields) {
  return fields.text("model", kMaxNameBytes).value_or("");
}

void refuse_unsupported(RequestFields& fields) {
  constexpr std::string_view kTools = "tools cannot be called";
  for (const char* name : {"tools", "functions"}) fields.refuse(name, kTools);
  for (const char* name : {"tool_choice", "function_call"}) {
    fields.refuse(name, kTools, {"none", "auto"});
  }
  fields.boolean("parallel_tool_calls");  // of no consequence without tools
  fields.refuse("modalities", "there is text alone", {Json::array({"text"})});
  fields.refuse("audio", "there is text alone");
  fields.refuse("prediction", "there are no predicted outputs");
  fields.refuse("reasoning_effort", "the models do not reason", {"none"});
  fields.refuse("verbosity", "the models have no such setting", {"medium"});
  fields.refuse("web_search_options", "the models do not search");
  fields.refuse("moderation", "there is no moderation");
  fields.refuse("store", "nothing is stored");
  fields.refuse("metadata", "nothing is stored");
  fields.refuse("service_tier", "there is one tier", {"auto", "default"});
  // Hints and names without an effect on the answer.
  for (const char* name : {"safety_identifier", "prompt_cache_key", "prompt_cache_retention"}) {
    fields.text(name, kMaxNameBytes);
  }
  const Json* cache = fields.find("prompt_cache_options");
  if (cache != nullptr && !cache->is_object()) {
    fail_param("prompt_cache_options", "'prompt_cache_options' is {}, expected an object",
               shown(*cache));
  }
}

void report_unknown(const RequestFields& fields, Call& call) {
  const std::vector<std::string> unknown = fields.unknown();
  if (unknown.empty()) return;
  if (call.service().settings().is_strict) {
    throw ApiError(400, fmt::format("'{}' is not a field of this request", unknown.front()),
                   unknown.front(), "unknown_field");
  }
  std::string names;
  for (const std::string& name : unknown) {
    if (names.size() > 200) break;
    if (!names.empty()) names += ", ";
    for (const char c : name.substr(0, 60)) {
      names += c > ' ' && c < '\x7f' && c != '"' && c != '\\' ? c : '?';
    }
  }
  call.add_header("Warning", fmt::format("299 alpha \"unknown fields: {}\"", names));
}

}  // namespace alpha
