#include "apps/alpha/commands.h"
#include "apps/alpha/console.h"
#include "apps/alpha/usage.h"

#include "alpha/checkpoint/gguf_export.h"
#include "alpha/checkpoint/hf_gpt2_export.h"
#include "alpha/core/json.h"

namespace alpha::cli {

namespace fs = std::filesystem;

namespace {

constexpr const char* kExamples =
    "  alpha export --checkpoint runs/novels --format safetensors-hf --out novels-hf\n"
    "  alpha export --checkpoint runs/novels --format gguf --out novels.gguf\n"
    "  alpha export --checkpoint runs/novels --format gguf --outtype q8_0 --out novels-q8.gguf\n";

constexpr std::array<std::string_view, 2> kFormats = {"safetensors-hf", "gguf"};
constexpr std::array<std::string_view, 3> kTypes = {"f32", "f16", "q8_0"};

struct ExportFlags {
  std::optional<std::string> checkpoint, format, out, type;
  std::optional<bool> json;

  void add_to(Flags& flags) {
    flags.group("Flags");
    flags.text("checkpoint,--checkpoint", checkpoint, "Run folder or checkpoint (required)");
    flags.choice("--format", format, kFormats, "What to write (required)");
    flags.text("--out", out, "File (gguf) or folder (safetensors-hf) to write (required)");
    flags.choice("--outtype,--type", type, kTypes, "Of a gguf's matrices [f32]");
    flags.boolean("--json", json, "One JSON object");
  }

  void check() const {
    if (!checkpoint) fail_usage("--checkpoint is missing: which run or checkpoint?");
    if (!format) fail_usage("--format is missing: safetensors-hf or gguf?");
    if (!out) fail_usage("--out is missing: where to write it?");
    if (type && *format != "gguf") fail_usage("--outtype: {} is always f32", *format);
  }
};

std::uint64_t size_on_disk(const fs::path& path) {
  if (!fs::is_directory(path)) return fs::file_size(path);
  std::uint64_t total = 0;
  for (const auto& entry : fs::directory_iterator(path)) total += entry.file_size();
  return total;
}

}  // namespace

int export_command(Arguments args) {
  ExportFlags flags;
  Flags parser("export", "Writes a trained GPT-2 in the format of another program.", kExamples);
  flags.add_to(parser);
  if (!parser.parse(args)) return 0;
  flags.check();
  const std::string type = flags.type.value_or("f32");
  const Gpt2Checkpoint checkpoint(*flags.checkpoint);
  if (!checkpoint.warning().empty()) warn(checkpoint.warning());
  if (*flags.format == "gguf") {
    export_gguf(checkpoint, *flags.out, parse_gguf_type(type));
  } else {
    export_hf_gpt2(checkpoint, *flags.out);
  }
  const std::uint64_t n_bytes = size_on_disk(*flags.out);
  if (flags.json.value_or(false)) {
    const Json json = {{"checkpoint", checkpoint.path().string()},
                       {"step", checkpoint.step()},
                       {"format", *flags.format},
                       {"type", type},
                       {"out", *flags.out},
                       {"tensors", checkpoint.tensors().size()},
                       {"sizeBytes", n_bytes}};
    write_stdout(json.dump() + "\n");
    return 0;
  }
  write_stdout(fmt::format("wrote {}: {}, {}, {} tensors, {}\n", *flags.out, *flags.format, type,
                           checkpoint.tensors().size(), human_bytes(n_bytes)));
  return 0;
}

}  // namespace alpha::cli
