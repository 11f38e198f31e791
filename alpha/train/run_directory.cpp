#include "alpha/train/run_directory.h"

#include <random>

#include "alpha/core/files.h"
#include "alpha/core/json.h"
#include "alpha/train/config_hash.h"

namespace alpha {

namespace fs = std::filesystem;

namespace {

/// The lines of a metrics file up to and including step `step`.
std::string lines_until(const std::string& text, std::int64_t step) {
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = text.find('\n', begin);
    if (end == std::string::npos) break;  // torn by a crash
    const Json line = Json::parse(text.begin() + static_cast<std::ptrdiff_t>(begin),
                                  text.begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
    if (line.is_discarded() || line.value("step", step + 1) > step) break;
    begin = end + 1;
  }
  return text.substr(0, begin);
}

}  // namespace

Json to_json(const RunConfig& run) {
  const Json model = to_json(run.model);
  const Json train = to_json(run.train);
  Json json = {{"modelConfig", model},
               {"trainConfig", train},
               {"configHash", config_hash(model, train)},
               {"runId", run.run_id}};
  if (!run.domain.empty()) json["domain"] = run.domain;
  json["data"] = run.data_path;
  if (!run.validation_path.empty()) json["valData"] = run.validation_path;
  return json;
}

RunConfig run_config_from_json(const Json& json, std::string_view where) {
  if (!json.is_object()) fail(ErrorCode::corrupt, "{}: not an object", where);
  return {.model = gpt_config_from_json(json_get<Json>(json, "modelConfig", where), where),
          .train = train_config_from_json(json_get<Json>(json, "trainConfig", where), where),
          .run_id = json_get<std::string>(json, "runId", where, ""),
          .domain = json_get<std::string>(json, "domain", where, ""),
          .data_path = json_get<std::string>(json, "data", where, ""),
          .validation_path = json_get<std::string>(json, "valData", where, "")};
}

std::string make_run_id(const Clock& clock, std::string_view tag) {
  constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::random_device device;
  std::string id = compact_utc(clock.unix_ms()) + "_";
  for (int i = 0; i < 4; ++i) id += kDigits[device() % kDigits.size()];
  return tag.empty() ? id : fmt::format("{}_{}", tag, id);
}

void prepare_run_directory(const fs::path& run_dir, const RunConfig& run, std::int64_t step) {
  const fs::path metrics = run_dir / kMetricsFile;
  if (fs::exists(metrics)) {
    const std::string text = read_file(metrics);
    if (step == 0 && !text.empty()) {
      fail_invalid(
          "'{}' already holds a run: choose another --runDir, or continue it with --resume",
          run_dir.string());
    }
    write_file_atomic(metrics, lines_until(text, step));
  }
  write_file_atomic(run_dir / kRunConfigFile, to_json(run).dump(2) + "\n");
}

}  // namespace alpha
