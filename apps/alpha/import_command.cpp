#include "apps/alpha/commands.h"
#include "apps/alpha/console.h"
#include "apps/alpha/usage.h"

#include "alpha/backends/backends.h"
#include "alpha/checkpoint/gpt2_checkpoint.h"
#include "alpha/checkpoint/hf_gpt2_import.h"
#include "alpha/core/json.h"

namespace alpha::cli {

namespace {

constexpr const char* kExamples =
    "  alpha import --from gpt2 --out models/gpt2\n"
    "  alpha sample --checkpoint models/gpt2 --prompt 'Once upon a time'\n";

}  // namespace

int import_command(Arguments args) {
  std::optional<std::string> from;
  std::optional<std::string> out;
  std::optional<bool> json;
  Flags parser("import", "Makes a checkpoint out of a GPT-2 in Hugging Face's layout.", kExamples);
  parser.text("from,--from", from, "Folder with config.json and model.safetensors (required)");
  parser.text("--out", out, "Checkpoint folder to write (required)");
  parser.boolean("--json", json, "One JSON object");
  if (!parser.parse(args)) return 0;
  if (!from) fail_usage("--from is missing: which folder to read?");
  if (!out) fail_usage("--out is missing: which folder to write the checkpoint to?");
  require_absent(*out);
  const auto backend = make_backend("cpu_ref", 1);
  const ImportedModel imported = import_hf_gpt2(*from, *backend);
  if (!imported.warning.empty()) warn(imported.warning);
  save_checkpoint_directory(*out, *backend, imported.content);
  const GptConfig config =
      gpt_config_from_json(imported.content.config.at("modelConfig"), kConfigFile);
  if (json.value_or(false)) {
    const Json summary = {{"from", *from},
                          {"out", *out},
                          {"parameters", config.n_parameters()},
                          {"tensors", imported.content.model.size()},
                          {"modelConfig", imported.content.config.at("modelConfig")},
                          {"warning", imported.warning}};
    write_stdout(summary.dump() + "\n");
    return 0;
  }
  write_stdout(fmt::format("wrote {}: {} layers, {} wide, {} tokens, {} parameters\n", *out,
                           config.n_layer, config.n_embd, config.vocab_size,
                           with_commas(config.n_parameters())));
  return 0;
}

}  // namespace alpha::cli
