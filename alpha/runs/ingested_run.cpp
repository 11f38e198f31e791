#include "alpha/runs/ingested_run.h"

#include "alpha/core/files.h"
#include "alpha/runs/run_folder.h"
#include "alpha/runs/run_id.h"
#include "alpha/train/run_directory.h"

namespace alpha {

namespace fs = std::filesystem;

fs::path ingested_run_dir(const fs::path& root, std::string_view run_id, std::string_view field) {
  check_run_id(run_id, field);
  fs::path run_dir = root / run_id;
  const FileKind kind = file_status(run_dir, Links::kept).kind;
  if (kind == FileKind::none) return run_dir;
  if (kind != FileKind::folder) {
    fail_invalid("field '{}': '{}' is no folder of a run", field, run_id);
  }
  for (const std::string_view name :
       {kRunConfigFile, kMetricsFile, kSamplesFile, kEventsFile, kHeartbeatFile}) {
    const FileKind file = file_status(run_dir / name, Links::kept).kind;
    if (file != FileKind::none && file != FileKind::regular) {
      fail_invalid("field '{}': '{}' in the folder '{}' is no regular file", field, name, run_id);
    }
  }
  if (!file_exists(run_dir / kRunConfigFile)) {
    // A checkpoint may come before its run is told of; what else is there is none of ours.
    for (const std::string& name : list_folder(run_dir)) {
      if (!name.starts_with("checkpoint-")) {
        fail_invalid("field '{}': the folder '{}' holds something else", field, run_id);
      }
    }
    return run_dir;
  }
  const Json config = ingested_config(run_dir);
  if (config.value("source", Json()) != Json("ingest") ||
      config.value("runId", Json()) != Json(run_id)) {
    fail_invalid("field '{}': '{}' is a run of another trainer; choose another name", field,
                 run_id);
  }
  return run_dir;
}

Json ingested_config(const fs::path& run_dir) {
  const fs::path path = run_dir / kRunConfigFile;
  if (!file_exists(path)) return nullptr;
  Json config = read_json_file(path);
  if (!config.is_object()) fail(ErrorCode::corrupt, "'{}' is no object", path.string());
  return config;
}

void write_ingested_config(const fs::path& run_dir, const Json& config) {
  write_file_atomic(run_dir / kRunConfigFile,
                    config.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

void append_lines(const fs::path& path, const std::vector<Json>& lines) {
  if (lines.empty()) return;
  std::string text;
  for (const Json& line : lines) {
    text += line.dump(-1, ' ', false, Json::error_handler_t::replace);
    text += '\n';
  }
  text.pop_back();
  LineAppender(path).append(text);
}

}  // namespace alpha
