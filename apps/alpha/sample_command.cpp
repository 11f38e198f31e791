#include "apps/alpha/backend_flags.h"
#include "apps/alpha/commands.h"
#include "apps/alpha/console.h"
#include "apps/alpha/signals.h"
#include "apps/alpha/text_stream.h"

#include "alpha/checkpoint/trained_model.h"
#include "alpha/core/json.h"

namespace alpha::cli {

namespace {

constexpr const char* kExamples =
    "  alpha sample --checkpoint runs/stories_20260101120000_ab12 --prompt 'Once upon a time'\n"
    "  alpha sample --checkpoint runs/shakespeare/checkpoint-500 --steps 1000 --temp 0.9 --seed 7\n"
    "  alpha sample --checkpoint runs/shakespeare --temp 0     (greedy)\n";

struct SampleFlags {
  std::optional<std::string> checkpoint, prompt, dtype;
  std::optional<std::int64_t> steps, top_k, seed;
  std::optional<double> temperature, top_p;
  std::optional<bool> json;
  BackendFlags backend;

  void add_to(Flags& flags) {
    flags.group("Flags");
    flags.text("checkpoint,--checkpoint", checkpoint, "Run folder or checkpoint (required)");
    flags.text("--prompt", prompt, "Text to write on from [\"The \"]");
    flags.integer("--steps,--max-tokens,--maxTokens,--max-new-tokens", steps, "Tokens [200]",
                  {.min = 1});
    flags.number("--temp,--temperature", temperature, "Temperature; 0: greedy [0.8]");
    flags.integer("--topk,--topK,--top-k", top_k, "Of the k likeliest tokens; 0: of all [40]",
                  {.min = 0});
    flags.number("--topp,--topP,--top-p", top_p, "Of the likeliest with this mass [1]");
    flags.integer("--seed", seed, "Same seed, same text [42]", {.min = 0});
    flags.choice("--dtype", dtype, compute_dtype_names(), "Of the computation [f32]");
    backend.add_to(flags);
    flags.boolean("--json", json, "One JSON object instead of text");
  }

  SamplingOptions options() const {
    SamplingOptions options;
    options.temperature = temperature.value_or(options.temperature);
    options.top_k = top_k.value_or(options.top_k);
    options.top_p = top_p.value_or(options.top_p);
    options.seed = static_cast<std::uint64_t>(seed.value_or(42));
    try {
      options.validate();
    } catch (const Error& error) {
      throw UsageError(error.what());
    }
    return options;
  }
};

void print_stats(const GenerateResult& result) {
  write_stderr("--- stats ---");
  write_stderr(fmt::format("Prefill: {} tokens in {:.1f} ms ({:.0f} tok/s)", result.n_prompt_tokens,
                           result.prefill_seconds * 1e3, prefill_rate(result)));
  write_stderr(fmt::format("Decode: {} tokens in {:.1f} ms ({:.0f} tok/s)", result.tokens.size(),
                           result.decode_seconds * 1e3, decode_rate(result)));
  write_stderr(fmt::format("Stopped by: {}", to_string(result.stop_reason)));
}

Json to_json(const TrainedModel& model, const Prompt& prompt, const StreamedText& streamed,
             const SamplingOptions& options) {
  const GenerateResult& result = streamed.result;
  return {{"checkpoint", model.path.string()},
          {"step", model.step},
          {"prompt", prompt.text},
          {"text", streamed.text},
          {"tokens", result.tokens},
          {"stopReason", to_string(result.stop_reason)},
          {"temperature", options.temperature},
          {"topK", options.top_k},
          {"topP", options.top_p},
          {"seed", options.seed},
          {"promptTokens", result.n_prompt_tokens},
          {"prefillTokensPerSecond", prefill_rate(result)},
          {"decodeTokensPerSecond", decode_rate(result)}};
}

}  // namespace

int sample_command(Arguments args) {
  SampleFlags flags;
  Flags parser("sample", "Writes text with a trained model.", kExamples);
  flags.add_to(parser);
  if (!parser.parse(args)) return 0;
  if (!flags.checkpoint) fail_usage("--checkpoint is missing: which run or checkpoint?");
  const SamplingOptions options = flags.options();
  const bool is_json = flags.json.value_or(false);
  const auto backend = flags.backend.open();
  const TrainedModel model =
      load_model(*flags.checkpoint, *backend, parse_dtype(flags.dtype.value_or("f32")));
  if (!model.warning.empty()) warn(model.warning);
  const Prompt prompt = read_prompt(*model.tokenizer, flags.prompt.value_or("The "));
  const Generator generator{.backend = *backend,
                            .config = model.config,
                            .weights = model.weights,
                            .tokenizer = *model.tokenizer};
  if (!is_json) write_stdout(prompt.text);
  const StreamedText streamed =
      stream_text(generator, prompt, flags.steps.value_or(200), options, !is_json);
  if (is_json) {
    // A prompt of bytes that are no text must not spoil the JSON.
    write_stdout(to_json(model, prompt, streamed, options)
                     .dump(-1, ' ', false, Json::error_handler_t::replace) +
                 "\n");
  } else {
    write_stdout("\n");
    if (is_stdout_open()) print_stats(streamed.result);
  }
  return exit_code_after_stop(0);
}

}  // namespace alpha::cli
