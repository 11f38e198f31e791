#include <limits>

#include "apps/alpha/backend_flags.h"
#include "apps/alpha/commands.h"
#include "apps/alpha/console.h"
#include "apps/alpha/signals.h"
#include "apps/alpha/text_stream.h"

#include "alpha/core/json.h"

namespace alpha::cli {

namespace {

constexpr const char* kExamples =
    "  alpha sample --checkpoint runs/stories_20260101120000_ab12 --prompt 'Once upon a time'\n"
    "  alpha sample --checkpoint runs/shakespeare/checkpoint-500 --steps 1000 --temp 0.9 --seed 7\n"
    "  alpha sample --checkpoint runs/shakespeare --temp 0     (greedy)\n"
    "  alpha sample --checkpoint runs/shakespeare --weights int8 --n 3\n";

struct SampleFlags {
  std::optional<std::string> checkpoint, prompt, weights, stop;
  std::optional<std::int64_t> steps, n, top_k, seed;
  std::optional<double> temperature, top_p, min_p, repetition, presence, frequency;
  std::optional<bool> json;
  BackendFlags backend;

  void add_to(Flags& flags) {
    flags.group("Flags");
    flags.text("checkpoint,--checkpoint", checkpoint, "Run folder or checkpoint (required)");
    flags.text("--prompt", prompt, "Text to write on from [\"The \"]");
    flags.integer("--steps,--max-tokens,--maxTokens,--max-new-tokens", steps, "Tokens [200]",
                  {.min = 1, .max = std::int64_t{1} << 40});
    flags.integer("--n,--samples", n, "Texts from the same prompt [1]", {.min = 1, .max = 256});
    flags.text("--stop", stop, "Text that ends the writing, and is not shown");
    flags.choice("--weights,--dtype", weights, weight_format_names(),
                 "Of the matrices [as stored: f32, unless quantized]");
    backend.add_to(flags);
    flags.boolean("--json", json, "One JSON object instead of text");
    flags.group("Sampling");
    flags.number("--temp,--temperature", temperature, "Temperature; 0: greedy [0.8]");
    flags.integer("--topk,--topK,--top-k", top_k, "Of the k likeliest tokens; 0: of all [40]",
                  {.min = 0});
    flags.number("--topp,--topP,--top-p", top_p, "Of the likeliest with this mass [1]");
    flags.number("--min-p,--minp,--minP", min_p, "Of those with this share of the likeliest [0]");
    flags.number("--repetition-penalty", repetition, "Makes what was there less likely [1: off]");
    flags.number("--presence-penalty", presence, "Taken from tokens in the output [0]");
    flags.number("--frequency-penalty", frequency, "The same, for each time [0]");
    flags.integer("--seed", seed, "Same seed, same text [42]", {.min = 0});
  }

  GenerateRequest request(std::vector<TokenId> tokens, std::int64_t vocab_size) const {
    GenerateRequest request{.prompt = std::move(tokens),
                            .max_tokens = steps.value_or(200),
                            .n = n.value_or(1),
                            .sampling = sampling(),
                            .is_sliding = true};
    if (stop) request.text.stop = {*stop};
    try {
      request.sampling.validate(vocab_size);
      request.text.validate();
    } catch (const Error& error) {
      throw UsageError(error.what());
    }
    return request;
  }

 private:
  SamplingOptions sampling() const {
    SamplingOptions options;
    options.temperature = temperature.value_or(options.temperature);
    options.top_k = top_k.value_or(options.top_k);
    options.top_p = top_p.value_or(options.top_p);
    options.min_p = min_p.value_or(options.min_p);
    options.repetition_penalty = repetition.value_or(options.repetition_penalty);
    options.presence_penalty = presence.value_or(options.presence_penalty);
    options.frequency_penalty = frequency.value_or(options.frequency_penalty);
    options.seed = static_cast<std::uint64_t>(seed.value_or(42));
    return options;
  }
};

void print_stats(const GenerateResult& result) {
  write_stderr("--- stats ---");
  write_stderr(fmt::format("Prefill: {} tokens in {:.1f} ms ({:.0f} tok/s)",
                           result.usage.n_prompt_tokens, result.usage.prefill_seconds * 1e3,
                           prefill_rate(result)));
  write_stderr(fmt::format("Decode: {} tokens in {:.1f} ms ({:.0f} tok/s)", result.tokens.size(),
                           result.usage.decode_seconds * 1e3, decode_rate(result)));
  write_stderr(fmt::format("Stopped by: {}", to_string(result.stop_reason)));
}

Json to_json(const Weights& weights, const Prompt& prompt, const GenerateRequest& request,
             const std::vector<GenerateResult>& results) {
  const GenerateResult& first = results.front();
  Json json = {{"checkpoint", weights.path.string()},
               {"step", weights.step},
               {"weights", to_string(weights.format)},
               {"prompt", prompt.text},
               {"text", first.text},
               {"tokens", first.tokens},
               {"stopReason", to_string(first.stop_reason)},
               {"temperature", request.sampling.temperature},
               {"topK", request.sampling.top_k},
               {"topP", request.sampling.top_p},
               {"minP", request.sampling.min_p},
               {"repetitionPenalty", request.sampling.repetition_penalty},
               {"presencePenalty", request.sampling.presence_penalty},
               {"frequencyPenalty", request.sampling.frequency_penalty},
               {"seed", request.sampling.seed},
               {"promptTokens", first.usage.n_prompt_tokens},
               {"prefillTokensPerSecond", prefill_rate(first)},
               {"decodeTokensPerSecond", decode_rate(first)}};
  if (results.size() == 1) return json;
  for (const GenerateResult& result : results) {
    json["samples"].push_back({{"text", result.text},
                               {"tokens", result.tokens},
                               {"stopReason", to_string(result.stop_reason)}});
  }
  return json;
}

/// Several samples are written side by side, and shown one after the other when all are there.
std::vector<GenerateResult> write_samples(Generator& generator, const Prompt& prompt,
                                          const GenerateRequest& request, bool is_shown) {
  if (request.n == 1) {
    if (is_shown) write_stdout(prompt.text);
    return {stream_text(generator, request, is_shown)};
  }
  auto results = generator.run(request, [](const TokenEvent&) { return !stop_flag().load(); });
  for (std::size_t i = 0; is_shown && i < results.size(); ++i) {
    write_stdout(fmt::format("{}--- {} of {} ---\n{}{}", i == 0 ? "" : "\n", i + 1, results.size(),
                             prompt.text, results[i].text));
  }
  return results;
}

}  // namespace

int sample_command(Arguments args) {
  SampleFlags flags;
  Flags parser("sample", "Writes text with a trained model.", kExamples);
  flags.add_to(parser);
  if (!parser.parse(args)) return 0;
  if (!flags.checkpoint) fail_usage("--checkpoint is missing: which run or checkpoint?");
  std::optional<WeightFormat> format;
  if (flags.weights) format = parse_weight_format(*flags.weights);
  flags.request({}, std::numeric_limits<std::int32_t>::max());  // mistakes first, loading later
  const auto backend = flags.backend.open();
  const auto weights = load_weights(*flags.checkpoint, *backend, format);
  if (!weights->warning.empty()) warn(weights->warning);
  const Prompt prompt = read_prompt(*weights->tokenizer, flags.prompt.value_or("The "));
  const GenerateRequest request = flags.request(prompt.tokens, weights->config.vocab_size);
  const auto n_prompt = static_cast<std::int64_t>(request.prompt.size());
  Generator generator(*backend, weights, request.n, n_prompt + request.max_tokens);
  const bool is_json = flags.json.value_or(false);
  const auto results = write_samples(generator, prompt, request, !is_json);
  if (is_json) {
    // A prompt of bytes that are no text must not spoil the JSON.
    write_stdout(to_json(*weights, prompt, request, results)
                     .dump(-1, ' ', false, Json::error_handler_t::replace) +
                 "\n");
  } else {
    write_stdout("\n");
    if (is_stdout_open()) print_stats(results.front());
  }
  return exit_code_after_stop(0);
}

}  // namespace alpha::cli
