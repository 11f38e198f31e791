#include <cmath>

#include "apps/alpha/backend_flags.h"
#include "apps/alpha/commands.h"
#include "apps/alpha/console.h"
#include "apps/alpha/signals.h"

#include "alpha/core/clock.h"
#include "alpha/core/json.h"
#include "alpha/data/corpus.h"
#include "alpha/inference/weights.h"
#include "alpha/train/evaluate.h"

namespace alpha::cli {

namespace {

constexpr const char* kExamples =
    "  alpha eval --checkpoint runs/stories_20260101120000_ab12 --data other.txt\n"
    "  alpha eval --checkpoint runs/stories/checkpoint-500 --data other.txt --json\n";

constexpr std::int64_t kDefaultBatch = 4;

struct EvalFlags {
  std::optional<std::string> checkpoint, data, weights;
  std::optional<std::int64_t> batch;
  std::optional<bool> json;
  BackendFlags backend;

  void add_to(Flags& flags) {
    flags.group("Flags");
    flags.text("checkpoint,--checkpoint", checkpoint, "Run folder or checkpoint (required)");
    flags.text("--data", data, "UTF-8 text; all of it is judged (required)");
    flags.integer("--batch,--batchSize,--batch-size", batch, "Sequences at a time [4]",
                  {.min = 1, .max = 1 << 16});
    flags.choice("--weights,--dtype", weights, weight_format_names(),
                 "Of the matrices [as stored: f32, unless quantized]");
    backend.add_to(flags);
    flags.boolean("--json", json, "One JSON object instead of lines");
  }
};

struct Evaluation {
  double loss = 0;  // nats per token
  std::int64_t n_tokens = 0;
  std::int64_t n_bytes = 0;  // of the text that the tokens stand for
  double seconds = 0;

  double bits() const { return bits_per_byte(loss, n_tokens, n_bytes); }
};

Evaluation evaluate_text(Backend& backend, const Weights& model, const std::string& text,
                         std::int64_t B, Console& console) {
  const std::vector<TokenId> tokens = model.tokenizer->encode(text, SpecialTokens::allowed);
  if (tokens.size() < 2) {
    fail_invalid("the text has {} tokens of this model's vocabulary, expected 2 or more",
                 tokens.size());
  }
  Evaluation evaluation{
      .n_tokens = static_cast<std::int64_t>(tokens.size()),
      .n_bytes = static_cast<std::int64_t>(model.tokenizer->decode(tokens).size())};
  const auto n_text = static_cast<std::int64_t>(text.size());
  if (evaluation.n_bytes < n_text) {
    console.warning(
        fmt::format("{} of {} bytes of the text are not in the vocabulary and are left "
                    "out",
                    n_text - evaluation.n_bytes, n_text));
  }
  const SystemClock clock;
  const double start = clock.seconds();
  evaluation.loss = evaluate_all(
      {.backend = backend, .config = model.config, .weights = model.gpt}, tokens, B,
      [&](std::int64_t done, std::int64_t total) {
        console.live(fmt::format("{} of {} tokens", with_commas(done), with_commas(total)));
        return !stop_flag().load();
      });
  evaluation.seconds = clock.seconds() - start;
  return evaluation;
}

}  // namespace

int eval_command(Arguments args) {
  EvalFlags flags;
  Flags parser("eval", "Judges a model on a text: loss, perplexity and bits per byte.", kExamples);
  flags.add_to(parser);
  if (!parser.parse(args)) return 0;
  if (!flags.checkpoint) fail_usage("--checkpoint is missing: which run or checkpoint?");
  if (!flags.data) fail_usage("--data is missing: which text to judge by?");
  Console console(flags.json.value_or(false));
  const std::string text = read_text(*flags.data);
  const auto backend = flags.backend.open();
  std::optional<WeightFormat> format;
  if (flags.weights) format = parse_weight_format(*flags.weights);
  const auto weights = load_weights(*flags.checkpoint, *backend, format);
  const Weights& model = *weights;
  if (!model.warning.empty()) console.warning(model.warning);
  const Evaluation result =
      evaluate_text(*backend, model, text, flags.batch.value_or(kDefaultBatch), console);
  if (flags.json.value_or(false)) {
    const Json json = {{"checkpoint", model.path.string()},
                       {"step", model.step},
                       {"weights", to_string(model.format)},
                       {"loss", result.loss},
                       {"perplexity", std::exp(result.loss)},
                       {"bitsPerByte", result.bits()},
                       {"tokens", result.n_tokens},
                       {"bytes", result.n_bytes},
                       {"seconds", result.seconds}};
    write_stdout(json.dump() + "\n");
    return 0;
  }
  console.line(fmt::format("Checkpoint: {} (step {}, {} weights)", model.path.string(), model.step,
                           to_string(model.format)));
  console.line(fmt::format("Loss: {:.4f}", result.loss));
  console.line(fmt::format("Perplexity: {:.2f}", std::exp(result.loss)));
  console.line(fmt::format("Bits per byte: {:.4f}", result.bits()));
  console.line(fmt::format("Tokens: {} ({} bytes, {} tok/s)", with_commas(result.n_tokens),
                           with_commas(result.n_bytes),
                           short_count(static_cast<double>(result.n_tokens) / result.seconds)));
  return 0;
}

}  // namespace alpha::cli
