#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "alpha/core/clock.h"
#include "alpha/core/files.h"
#include "alpha/core/json.h"
#include "alpha/runs/run_store.h"

namespace alpha {

/// The file whose time says when a trainer elsewhere was last heard of; empty.
inline constexpr std::string_view kHeartbeatFile = "heartbeat";

/// A file or folder as it was when it was read. It is read again when that has changed, and also
/// when it had been changed so shortly before that a further change may bear the same time.
class Stamp {
 public:
  bool is_current(const FileStatus& now) const noexcept { return is_settled_ && status_ == now; }

  void set(const FileStatus& status, std::int64_t now_ms) noexcept;

  const FileStatus& status() const noexcept { return status_; }

 private:
  FileStatus status_;
  bool is_settled_ = false;
};

/// What has been read of one folder, which may be a run, a checkpoint that stands alone, or
/// neither. `refresh` reads again what has changed.
class RunFolder {
 public:
  explicit RunFolder(std::filesystem::path path);

  /// Null when the folder is neither. The same pointer when nothing has changed. After an error it
  /// is to be thrown away. Error: io.
  std::shared_ptr<const RunInfo> refresh(const Clock& clock, const std::string& id);

  /// Of the last refresh; tells whether two paths are one folder.
  const FileStatus& status() const noexcept { return folder_.status(); }

 private:
  struct Checkpoint {
    RunCheckpoint info;
    Stamp manifest;
    std::optional<double> best_val_loss;
    std::string problem;  // it does not count
  };

  struct Progress {
    std::int64_t step = 0;
    std::optional<double> last_loss, last_val_loss, best_val_loss;
    std::optional<double> tokens_per_sec, ms_per_iter;  // of the last line
  };

  bool refresh_folder(std::int64_t now_ms);
  bool refresh_config(std::int64_t now_ms);
  bool refresh_progress(std::int64_t now_ms);
  bool refresh_events(std::int64_t now_ms);
  void find_run_checkpoints(std::int64_t now_ms);
  void read_checkpoint(Checkpoint& checkpoint, const FileStatus& manifest,
                       std::int64_t now_ms) const;
  std::shared_ptr<RunInfo> make_info(const std::string& id) const;
  void add_config(RunInfo& info) const;
  void add_checkpoints(RunInfo& info) const;
  void add_times(RunInfo& info) const;
  RunStatus status_at(std::int64_t now_ms) const;
  bool is_ingested() const;

  std::filesystem::path path_;
  std::filesystem::path config_path_, metrics_path_, events_path_, heartbeat_path_;
  Stamp folder_, config_stamp_, metrics_, events_, heartbeat_;
  bool has_config_ = false;
  bool has_manifest_ = false;
  bool has_events_ = false;
  bool has_heartbeat_ = false;
  Json config_;
  std::string config_problem_, folder_problem_, lines_problem_;
  Progress progress_;
  std::string last_event_;  // its kind
  std::map<std::int64_t, Checkpoint> checkpoints_;
  std::shared_ptr<const RunInfo> info_;
};

}  // namespace alpha
