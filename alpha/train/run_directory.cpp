#include "alpha/train/run_directory.h"

#include <random>

#include "alpha/checkpoint/checkpoint_search.h"
#include "alpha/core/files.h"
#include "alpha/core/json.h"
#include "alpha/train/config_hash.h"

namespace alpha {

namespace fs = std::filesystem;

namespace {

/// The lines of a file up to and including step `step`; what is no such line is dropped.
std::string lines_until(const std::string& text, std::int64_t step) {
  std::string kept;
  std::size_t begin = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    const std::string line = text.substr(begin, end + 1 - begin);
    begin = end + 1;
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object()) continue;
    const auto it = json.find("step");
    if (it != json.end() && json_is<std::int64_t>(*it) && it->get<std::int64_t>() <= step)
      kept += line;
  }
  return kept;
}

bool is_undamaged(const fs::path& checkpoint) {
  try {
    verify_checkpoint(checkpoint, CheckpointParts::everything);
    return true;
  } catch (const Error&) {
    return false;
  }
}

/// Refuses a folder that holds something else than this run up to `step`.
void check_folder(const fs::path& run_dir, const RunConfig& run, std::int64_t step) {
  const fs::path config = run_dir / kRunConfigFile;
  if (file_exists(config)) {
    const Json json = Json::parse(read_file(config), nullptr, false);
    if (!json.is_object() || json.value("runId", Json()) != Json(run.run_id)) {
      fail_invalid("'{}' holds another run or something else: choose another --runDir",
                   run_dir.string());
    }
  }
  if (step == 0 && file_exists(run_dir / kMetricsFile) &&
      !read_file(run_dir / kMetricsFile).empty()) {
    fail_invalid("'{}' already holds a run: choose another --runDir, or continue it with --resume",
                 run_dir.string());
  }
  if (!file_exists(run_dir)) return;
  for (const CheckpointLocation& checkpoint : find_checkpoints(run_dir)) {
    if (checkpoint.step > step && is_undamaged(checkpoint.path)) {
      fail_invalid(
          "'{}' has a later checkpoint, of step {}: continue from that, or give another --runDir",
          run_dir.string(), checkpoint.step);
    }
  }
}

/// What killed saves have left.
void remove_leftovers(const fs::path& run_dir) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(run_dir, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("checkpoint-") && name.ends_with(".tmp"))
      fs::remove_all(entry.path(), error);
  }
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
  if (run.chat_template) json["chatTemplate"] = run.chat_template->to_json();
  json["data"] = run.data_path;
  if (!run.validation_path.empty()) json["valData"] = run.validation_path;
  return json;
}

RunConfig run_config_from_json(const Json& json, std::string_view where) {
  if (!json.is_object()) fail(ErrorCode::corrupt, "{}: not an object", where);
  std::optional<ChatTemplate> chat_template;
  if (json.contains("chatTemplate")) {
    chat_template = ChatTemplate::from_json(json["chatTemplate"], where);
  }
  return {.model = gpt_config_from_json(json_get<Json>(json, "modelConfig", where), where),
          .train = train_config_from_json(json_get<Json>(json, "trainConfig", where), where),
          .run_id = json_get<std::string>(json, "runId", where, ""),
          .domain = json_get<std::string>(json, "domain", where, ""),
          .chat_template = std::move(chat_template),
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
  check_folder(run_dir, run, step);
  remove_leftovers(run_dir);
  drop_lines_after(run_dir, step);
  write_file_atomic(run_dir / kRunConfigFile, to_json(run).dump(2) + "\n");
}

void drop_lines_after(const fs::path& run_dir, std::int64_t step) {
  for (const std::string_view name : {kMetricsFile, kSamplesFile, kEventsFile}) {
    const fs::path path = run_dir / name;
    if (!file_exists(path)) continue;
    const std::string text = read_file(path);
    const std::string kept = lines_until(text, step);
    if (kept != text) write_file_atomic(path, kept);
  }
}

}  // namespace alpha
