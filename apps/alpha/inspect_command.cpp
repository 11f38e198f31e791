#include <cmath>

#include "apps/alpha/commands.h"
#include "apps/alpha/console.h"
#include "apps/alpha/usage.h"

#include "alpha/backends/backends.h"
#include "alpha/checkpoint/checkpoint_search.h"
#include "alpha/checkpoint/trained_model.h"
#include "alpha/core/json.h"
#include "alpha/tensor/create.h"
#include "alpha/train/run_directory.h"

namespace alpha::cli {

namespace fs = std::filesystem;

namespace {

constexpr const char* kExamples =
    "  alpha inspect runs/stories_20260101120000_ab12\n"
    "  alpha inspect --checkpoint runs/stories/checkpoint-500 --json\n";

/// One tensor of the model file.
struct TensorRow {
  std::string name;
  Shape shape;
  DType dtype = DType::f32;
  double sum = 0;
  double rms = 0;
};

/// One checkpoint of a run; `problem` says what is wrong with it.
struct CheckpointRow {
  std::int64_t step = 0;
  std::string path;
  std::string problem;
};

std::vector<TensorRow> read_tensors(const CheckpointReader& reader) {
  const auto backend = make_backend("cpu_ref", 1);
  const SafetensorsFile file = reader.model();
  std::vector<TensorRow> rows;
  for (const SafetensorsEntry& entry : file.entries()) {
    const Tensor tensor = empty(*backend, entry.shape, entry.dtype);
    file.load_into(*backend, entry.name, tensor);
    TensorRow row{.name = entry.name, .shape = entry.shape, .dtype = entry.dtype};
    double squares = 0;
    visit_dtype(entry.dtype, [&]<class T>(TypeTag<T>) {
      std::vector<T> values(static_cast<std::size_t>(entry.shape.numel()));
      backend->download(tensor, values.data());
      for (const T value : values) {
        const auto x = static_cast<double>(value);
        row.sum += x;
        squares += x * x;
      }
    });
    const auto n = static_cast<double>(std::max<std::int64_t>(entry.shape.numel(), 1));
    row.rms = std::sqrt(squares / n);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<CheckpointRow> read_checkpoints(const fs::path& run_dir) {
  std::vector<CheckpointRow> rows;
  for (const CheckpointLocation& location : find_checkpoints(run_dir)) {
    CheckpointRow row{.step = location.step, .path = location.path.string(), .problem = {}};
    try {
      verify_checkpoint(location.path, CheckpointParts::everything);
    } catch (const Error& error) {
      row.problem = error.what();
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::uint64_t folder_bytes(const fs::path& path) {
  std::uint64_t total = 0;
  for (const auto& entry : fs::directory_iterator(path)) {
    if (entry.is_regular_file()) total += entry.file_size();
  }
  return total;
}

/// What `alpha inspect` knows of a checkpoint and, when a run was named, of the run.
struct Inspection {
  fs::path path;
  std::vector<CheckpointRow> checkpoints;  // of the run
  Json config;
  Json trainer_state;
  std::string tokenizer_type;
  std::int64_t vocab_size = 0;
  std::uint64_t size_bytes = 0;
  bool has_optimizer = false;
  std::vector<TensorRow> tensors;
};

Inspection inspect(const fs::path& path) {
  const ResolvedCheckpoint found = resolve_checkpoint(path, CheckpointParts::everything);
  if (!found.warning.empty()) warn(found.warning);
  Inspection out;
  out.path = found.path;
  if (fs::is_directory(path) && !fs::equivalent(found.path, path))
    out.checkpoints = read_checkpoints(path);
  verify_checkpoint(found.path, CheckpointParts::everything);
  const CheckpointReader reader(found.path);
  const auto tokenizer =
      tokenizer_from_json(reader.tokenizer(), (found.path / kTokenizerFile).string());
  out.config = reader.config();
  if (reader.trainer_state() != nullptr) out.trainer_state = *reader.trainer_state();
  out.tokenizer_type = tokenizer->type();
  out.vocab_size = tokenizer->vocab_size();
  out.size_bytes = folder_bytes(found.path);
  out.has_optimizer = reader.has_optimizer();
  out.tensors = read_tensors(reader);
  return out;
}

std::int64_t n_numbers(const Inspection& inspection) {
  std::int64_t n = 0;
  for (const TensorRow& row : inspection.tensors) n += row.shape.numel();
  return n;
}

double total_sum(const Inspection& inspection) {
  double sum = 0;
  for (const TensorRow& row : inspection.tensors) sum += row.sum;
  return sum;
}

std::string dimensions(const Shape& shape) {
  return fmt::format("[{}]", fmt::join(shape.dims(), ", "));
}

Json to_json(const Inspection& inspection) {
  Json tensors = Json::array();
  for (const TensorRow& row : inspection.tensors) {
    tensors.push_back({{"name", row.name},
                       {"shape", parse_json(dimensions(row.shape), "shape")},
                       {"dtype", to_string(row.dtype)},
                       {"numbers", row.shape.numel()},
                       {"sum", row.sum},
                       {"rms", row.rms}});
  }
  Json checkpoints = Json::array();
  for (const CheckpointRow& row : inspection.checkpoints) {
    checkpoints.push_back({{"step", row.step},
                           {"path", row.path},
                           {"ok", row.problem.empty()},
                           {"problem", row.problem}});
  }
  return {
      {"checkpoint", inspection.path.string()},
      {"manifestOk", true},
      {"sizeBytes", inspection.size_bytes},
      {"hasOptimizer", inspection.has_optimizer},
      {"tokenizer", {{"type", inspection.tokenizer_type}, {"vocabSize", inspection.vocab_size}}},
      {"config", inspection.config},
      {"trainerState", inspection.trainer_state},
      {"numbers", n_numbers(inspection)},
      {"sum", total_sum(inspection)},
      {"tensors", std::move(tensors)},
      {"checkpoints", std::move(checkpoints)}};
}

/// `key: value` for each field, one section under a heading.
std::string section(const Json& object, std::string_view heading) {
  std::string text = fmt::format("{}\n", heading);
  for (const auto& [key, value] : object.items()) {
    text += fmt::format("  {:<24}{}\n", key,
                        value.is_string() ? value.get<std::string>() : value.dump());
  }
  return text;
}

std::string render(const Inspection& inspection) {
  std::string text;
  if (!inspection.checkpoints.empty()) {
    text += "checkpoints\n";
    for (const CheckpointRow& row : inspection.checkpoints) {
      text += fmt::format("  step {:<10} {}\n", row.step,
                          row.problem.empty() ? "ok" : "DAMAGED: " + row.problem);
    }
  }
  text += fmt::format("checkpoint {}\n", inspection.path.string());
  text += fmt::format("  {:<24}ok: every file has its size and checksum\n", "manifest");
  text += fmt::format("  {:<24}{}\n", "size", human_bytes(inspection.size_bytes));
  text += fmt::format("  {:<24}{}, {} tokens\n", "tokenizer", inspection.tokenizer_type,
                      inspection.vocab_size);
  text += fmt::format("  {:<24}{}\n", "optimizer", inspection.has_optimizer ? "yes" : "no");
  Json rest = Json::object();
  for (const auto& [key, value] : inspection.config.items()) {
    if (value.is_object()) {
      text += section(value, key);
    } else {
      rest[key] = value;
    }
  }
  text += section(rest, "run");
  if (inspection.trainer_state.is_object()) {
    text += section(inspection.trainer_state, "trainer state");
  }
  text += fmt::format("{:<28}{:<16}{:<6}{:>12}{:>14}{:>12}\n", "tensor", "shape", "dtype",
                      "numbers", "sum", "rms");
  for (const TensorRow& row : inspection.tensors) {
    text +=
        fmt::format("{:<28}{:<16}{:<6}{:>12}{:>14.6g}{:>12.6g}\n", row.name, dimensions(row.shape),
                    to_string(row.dtype), with_commas(row.shape.numel()), row.sum, row.rms);
  }
  text += fmt::format("{:<28}{:<16}{:<6}{:>12}{:>14.6g}\n", "total", "", "",
                      with_commas(n_numbers(inspection)), total_sum(inspection));
  return text;
}

}  // namespace

int inspect_command(Arguments args) {
  std::optional<std::string> path;
  std::optional<bool> json;
  Flags parser("inspect", "Shows what a run or checkpoint holds and checks every byte of it.",
               kExamples);
  parser.text("checkpoint,--checkpoint", path, "Run folder or checkpoint (required)");
  parser.boolean("--json", json, "One JSON object");
  if (!parser.parse(args)) return 0;
  if (!path) fail_usage("which run or checkpoint? alpha inspect PATH");
  const Inspection inspection = inspect(*path);
  write_stdout(json.value_or(false) ? to_json(inspection).dump() + "\n" : render(inspection));
  return 0;
}

}  // namespace alpha::cli
