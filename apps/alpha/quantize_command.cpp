#include "apps/alpha/backend_flags.h"
#include "apps/alpha/commands.h"
#include "apps/alpha/console.h"

#include "alpha/checkpoint/gpt2_checkpoint.h"
#include "alpha/core/json.h"
#include "alpha/inference/weights.h"

namespace alpha::cli {

namespace {

constexpr const char* kExamples =
    "  alpha quantize --checkpoint runs/stories_20260101120000_ab12 --weights int8 --out "
    "stories-int8\n"
    "  alpha sample --checkpoint stories-int8 --prompt 'Once upon a time'\n";

}  // namespace

int quantize_command(Arguments args) {
  std::optional<std::string> checkpoint;
  std::optional<std::string> format;
  std::optional<std::string> out;
  std::optional<bool> json;
  BackendFlags backend_flags;
  Flags parser("quantize", "Writes a checkpoint whose matrices are rounded, for inference alone.",
               kExamples);
  parser.text("checkpoint,--checkpoint", checkpoint, "Run folder or checkpoint (required)");
  parser.choice("--weights,--format", format, weight_format_names(), "Of the matrices [int8]");
  parser.text("--out", out, "Folder to write; must not exist (required)");
  backend_flags.add_to(parser);
  parser.boolean("--json", json, "One JSON object instead of a line");
  if (!parser.parse(args)) return 0;
  if (!checkpoint) fail_usage("--checkpoint is missing: which run or checkpoint?");
  if (!out) fail_usage("--out is missing: where to write the checkpoint?");
  require_absent(*out);
  const auto backend = backend_flags.open();
  const auto weights =
      load_weights(*checkpoint, *backend, parse_weight_format(format.value_or("int8")));
  if (!weights->warning.empty()) warn(weights->warning);
  require_absent(*out);
  save_weights(*out, *backend, *weights);
  const double bits = 8 * static_cast<double>(weights->size_bytes) /
                      static_cast<double>(weights->config.n_parameters());
  if (json.value_or(false)) {
    const Json summary = {{"checkpoint", *out},
                          {"weights", to_string(weights->format)},
                          {"bytes", weights->size_bytes},
                          {"bitsPerWeight", bits}};
    write_stdout(summary.dump() + "\n");
  } else {
    write_stdout(fmt::format("{}: {} weights, {} ({:.2f} bits per weight)\n", *out,
                             to_string(weights->format), human_bytes(weights->size_bytes), bits));
  }
  return 0;
}

}  // namespace alpha::cli
