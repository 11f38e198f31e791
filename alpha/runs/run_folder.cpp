#include "alpha/runs/run_folder.h"

#include <algorithm>
#include <chrono>

#include "alpha/checkpoint/checkpoint_search.h"
#include "alpha/checkpoint/manifest.h"
#include "alpha/model/gpt_config.h"
#include "alpha/runs/metrics_tail.h"
#include "alpha/train/run_directory.h"

namespace alpha {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kSettledMs = 50;  // more than the clock tick of a file system
constexpr std::int64_t kActiveMs = 60'000;
constexpr std::int64_t kActiveElsewhereMs = 180'000;  // a heartbeat comes each minute

std::int64_t to_ms(const FileStatus& status) noexcept {
  return status.mtime_ns / 1'000'000;
}

std::optional<double> number(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_number() ? std::optional(it->get<double>()) : std::nullopt;
}

std::int64_t integer(const Json& object, const char* key) {
  if (!object.is_object()) return 0;
  const auto it = object.find(key);
  return it != object.end() && json_is<std::int64_t>(*it) ? it->get<std::int64_t>() : 0;
}

std::string text(const Json& object, const char* key) {
  if (!object.is_object()) return {};
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

void lower(std::optional<double>& least, std::optional<double> value) {
  if (value && (!least || *value < *least)) least = value;
}

/// The moment in `…YYYYMMDDHHMMSS_xxxx`, UTC; 0 when there is none.
std::int64_t time_of_run_id(std::string_view id) {
  constexpr std::size_t kDigits = 14;
  const std::size_t end = id.rfind('_');
  if (end == std::string_view::npos || end < kDigits) return 0;
  const std::string_view digits = id.substr(end - kDigits, kDigits);
  if (!std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; })) return 0;
  const auto part = [&](std::size_t at, std::size_t n) {
    int value = 0;
    for (const char c : digits.substr(at, n)) value = value * 10 + (c - '0');
    return value;
  };
  const std::chrono::year_month_day day{std::chrono::year(part(0, 4)),
                                        std::chrono::month(static_cast<unsigned>(part(4, 2))),
                                        std::chrono::day(static_cast<unsigned>(part(6, 2)))};
  if (!day.ok()) return 0;
  const auto time = std::chrono::sys_days(day) + std::chrono::hours(part(8, 2)) +
                    std::chrono::minutes(part(10, 2)) + std::chrono::seconds(part(12, 2));
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

void add_problem(std::string& all, const std::string& problem) {
  if (problem.empty()) return;
  if (!all.empty()) all += "; ";
  all += problem;
}

}  // namespace

void Stamp::set(const FileStatus& status, std::int64_t now_ms) noexcept {
  status_ = status;
  is_settled_ = status.kind == FileKind::none || now_ms - to_ms(status) >= kSettledMs;
}

RunFolder::RunFolder(fs::path path)
    : path_(std::move(path)),
      config_path_(path_ / kRunConfigFile),
      metrics_path_(path_ / kMetricsFile),
      events_path_(path_ / kEventsFile),
      heartbeat_path_(path_ / kHeartbeatFile) {}

std::shared_ptr<const RunInfo> RunFolder::refresh(const Clock& clock, const std::string& id) {
  const std::int64_t now_ms = clock.unix_ms();
  bool is_changed = refresh_folder(now_ms);
  if (!has_config_ && !has_manifest_) return info_ = nullptr;
  is_changed |= refresh_config(now_ms);
  if (!has_manifest_) {
    is_changed |= refresh_progress(now_ms);
    is_changed |= refresh_events(now_ms);
  }
  const bool is_same = info_ != nullptr && !is_changed && info_->id == id;
  if (is_same && info_->status == status_at(now_ms)) return info_;
  auto info = make_info(id);
  info->status = status_at(now_ms);
  return info_ = std::move(info);
}

/// What is in the folder, and its checkpoints.
bool RunFolder::refresh_folder(std::int64_t now_ms) {
  const FileStatus now = file_status(path_);
  if (folder_.is_current(now)) return false;
  folder_.set(now, now_ms);
  has_manifest_ = file_exists(path_ / kManifestFile);
  has_config_ = file_exists(config_path_);
  has_events_ = file_exists(events_path_);
  has_heartbeat_ = file_exists(heartbeat_path_);
  folder_problem_.clear();
  if (!has_config_ && !has_manifest_) return true;
  try {
    find_run_checkpoints(now_ms);
  } catch (const std::exception& error) {
    folder_problem_ = error.what();
  }
  return true;
}

void RunFolder::find_run_checkpoints(std::int64_t now_ms) {
  std::vector<CheckpointLocation> found;
  if (has_manifest_) {
    found = {{.step = 0, .path = path_}};
  } else {
    found = find_checkpoints(path_);
  }
  std::map<std::int64_t, Checkpoint> kept;
  for (const auto& [step, path] : found) {
    const FileStatus manifest = file_status(path / kManifestFile);
    if (manifest.kind == FileKind::none) continue;  // not a checkpoint
    Checkpoint checkpoint;
    if (const auto it = checkpoints_.find(step);
        it != checkpoints_.end() && it->second.info.path == path) {
      checkpoint = std::move(it->second);
    }
    if (!checkpoint.manifest.is_current(manifest)) {
      checkpoint = {};
      checkpoint.info.step = step;
      checkpoint.info.path = path;
      read_checkpoint(checkpoint, manifest, now_ms);
    }
    kept.emplace(step, std::move(checkpoint));
  }
  checkpoints_ = std::move(kept);
}

void RunFolder::read_checkpoint(Checkpoint& checkpoint, const FileStatus& manifest,
                                std::int64_t now_ms) const {
  checkpoint.manifest.set(manifest, now_ms);
  checkpoint.info.mtime_ms = to_ms(manifest);
  checkpoint.info.size_bytes = manifest.size_bytes;
  const fs::path& path = checkpoint.info.path;
  try {
    const std::string where = (path / kManifestFile).string();
    const Manifest files =
        parse_manifest(read_file_range(path / kManifestFile, 0, kManifestMaxBytes + 1), where);
    for (const auto& [name, digest] : files.files) checkpoint.info.size_bytes += digest.size_bytes;
    if (!files.files.contains(kTrainerStateFile)) return;
    const Json state = read_json_file(path / kTrainerStateFile);
    if (!state.is_object()) return;
    checkpoint.best_val_loss = number(state, "bestValLoss");
    if (has_manifest_) checkpoint.info.step = integer(state, "step");
  } catch (const std::exception& error) {
    checkpoint.problem = error.what();
  }
}

bool RunFolder::refresh_config(std::int64_t now_ms) {
  const FileStatus now = file_status(config_path_);
  if (config_stamp_.is_current(now)) return false;
  config_stamp_.set(now, now_ms);
  config_problem_.clear();
  config_ = nullptr;
  try {
    config_ = read_json_file(config_path_);
    if (!config_.is_object()) config_problem_ = fmt::format("{} is no object", kRunConfigFile);
  } catch (const std::exception& error) {
    config_problem_ = error.what();
  }
  return true;
}

/// The end of metrics.jsonl. What has grown keeps what was known of lines further in front.
bool RunFolder::refresh_progress(std::int64_t now_ms) {
  const FileStatus now = file_status(metrics_path_);
  if (metrics_.is_current(now)) return false;
  const bool has_grown =
      now.inode == metrics_.status().inode && now.size_bytes >= metrics_.status().size_bytes;
  metrics_.set(now, now_ms);
  Progress progress;
  if (has_grown) progress = progress_;
  lines_problem_.clear();
  try {
    const LineTail tail = read_tail(metrics_path_, kTailMaxBytes);
    for (const Json& line : tail.lines) {
      progress.step = std::max(progress.step, integer(line, "step"));
      if (const auto loss = number(line, "loss")) progress.last_loss = loss;
      if (const auto loss = number(line, "valLoss")) {
        progress.last_val_loss = loss;
        lower(progress.best_val_loss, loss);
      }
    }
    if (!tail.lines.empty()) {
      progress.tokens_per_sec = number(tail.lines.back(), "tokens_per_sec");
      progress.ms_per_iter = number(tail.lines.back(), "ms_per_iter");
    }
  } catch (const std::exception& error) {
    lines_problem_ = error.what();
  }
  progress_ = progress;
  return true;
}

bool RunFolder::refresh_events(std::int64_t now_ms) {
  bool is_changed = false;
  if (const FileStatus now = has_events_ ? file_status(events_path_) : FileStatus();
      !events_.is_current(now)) {
    events_.set(now, now_ms);
    last_event_.clear();
    try {
      const LineTail tail = read_tail(events_path_, 1);
      if (!tail.lines.empty()) last_event_ = text(tail.lines.back(), "kind");
    } catch (const std::exception&) {
      // Events say more than is needed here.
    }
    is_changed = true;
  }
  if (const FileStatus now = has_heartbeat_ ? file_status(heartbeat_path_) : FileStatus();
      !heartbeat_.is_current(now)) {
    heartbeat_.set(now, now_ms);
    is_changed = true;
  }
  return is_changed;
}

bool RunFolder::is_ingested() const {
  return text(config_, "source") == "ingest";
}

RunStatus RunFolder::status_at(std::int64_t now_ms) const {
  if (has_manifest_) return RunStatus::completed;
  std::int64_t step = progress_.step;
  if (!checkpoints_.empty()) step = std::max(step, checkpoints_.rbegin()->first);
  const std::int64_t total =
      config_.is_object() ? integer(config_.value("trainConfig", Json()), "iters") : 0;
  if (total > 0 && step >= total) return RunStatus::completed;
  if (config_.is_object() && config_.contains("finalStep")) return RunStatus::completed;
  if (last_event_ == "run_failed") return RunStatus::failed;
  if (last_event_ == "run_stopped") return RunStatus::stale;
  std::int64_t heard_ms = std::max(to_ms(metrics_.status()), to_ms(heartbeat_.status()));
  if (is_ingested() || progress_.step == 0) {
    heard_ms = std::max(heard_ms, to_ms(config_stamp_.status()));
  }
  return now_ms - heard_ms < (is_ingested() ? kActiveElsewhereMs : kActiveMs) ? RunStatus::active
                                                                              : RunStatus::stale;
}

std::shared_ptr<RunInfo> RunFolder::make_info(const std::string& id) const {
  auto info = std::make_shared<RunInfo>();
  info->id = id;
  info->path = path_;
  info->is_bare_checkpoint = has_manifest_;
  info->is_ingested = is_ingested();
  info->step = progress_.step;
  info->last_loss = progress_.last_loss;
  info->last_val_loss = progress_.last_val_loss;
  info->best_val_loss = progress_.best_val_loss;
  info->tokens_per_sec = progress_.tokens_per_sec;
  info->ms_per_iter = progress_.ms_per_iter;
  add_problem(info->problem, folder_problem_);
  add_problem(info->problem, config_problem_);
  add_problem(info->problem, lines_problem_);
  add_config(*info);
  add_checkpoints(*info);
  add_times(*info);
  return info;
}

void RunFolder::add_config(RunInfo& info) const {
  info.config = config_;
  info.run_id = text(config_, "runId");
  if (info.run_id.empty()) info.run_id = info.id;
  info.domain = text(config_, "domain");
  if (!config_.is_object()) return;
  info.total_steps = integer(config_.value("trainConfig", Json()), "iters");
  info.n_params = integer(config_, "totalParams");
  if (info.n_params > 0) return;
  try {
    info.n_params = gpt_config_from_json(config_.value("modelConfig", Json()),
                                         fmt::format("{}: modelConfig", kRunConfigFile))
                        .n_parameters();
  } catch (const std::exception& error) {
    // A trainer elsewhere may train what is no model of ours.
    if (!info.is_ingested) add_problem(info.problem, error.what());
  }
}

void RunFolder::add_checkpoints(RunInfo& info) const {
  std::optional<double> best;
  for (const auto& [step, checkpoint] : checkpoints_) {
    add_problem(info.problem, checkpoint.problem);
    if (!checkpoint.problem.empty()) continue;
    info.checkpoints.push_back(checkpoint.info);
    info.step = std::max(info.step, checkpoint.info.step);
    if (checkpoint.best_val_loss && (!best || *checkpoint.best_val_loss < *best)) {
      best = checkpoint.best_val_loss;
      info.best_step = checkpoint.info.step;
    }
  }
  lower(info.best_val_loss, best);
}

void RunFolder::add_times(RunInfo& info) const {
  std::int64_t newest = std::max(to_ms(metrics_.status()), to_ms(heartbeat_.status()));
  std::int64_t oldest = to_ms(config_stamp_.status());
  for (const RunCheckpoint& checkpoint : info.checkpoints) {
    newest = std::max(newest, checkpoint.mtime_ms);
    oldest = std::min(oldest, checkpoint.mtime_ms);
  }
  info.updated_ms = newest > 0 ? newest : to_ms(config_stamp_.status());
  info.created_ms = integer(config_, "createdAt");
  if (info.created_ms == 0 && !has_manifest_) info.created_ms = time_of_run_id(info.run_id);
  if (info.created_ms == 0) info.created_ms = oldest;
}

}  // namespace alpha
