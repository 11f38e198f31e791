#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/core/clock.h"
#include "alpha/core/json.h"

namespace alpha {

struct RunCheckpoint {
  std::int64_t step = 0;
  std::filesystem::path path;
  std::uint64_t size_bytes = 0;  // of all files together
  std::int64_t mtime_ms = 0;     // of its manifest
};

enum class RunStatus : std::uint8_t {
  active,     // heard of less than a minute ago (three where the trainer is elsewhere)
  completed,  // all steps are done, or the trainer elsewhere said so
  stale,      // neither
  failed      // the trainer said so, and has not been heard of since
};

std::string_view to_string(RunStatus status) noexcept;

/// What is known of a run, or of a checkpoint that stands alone.
struct RunInfo {
  std::string id;      // the folder's name; `name~2` where another root has the same
  std::string run_id;  // what config.json says, or the id
  std::string domain;  // empty: none
  std::filesystem::path path;
  Json config;  // the whole config.json; null when it cannot be read
  RunStatus status = RunStatus::stale;
  std::int64_t step = 0;  // the last one known of
  std::int64_t total_steps = 0;
  std::optional<double> last_loss;  // the last that was finite
  std::optional<double> best_val_loss;
  std::optional<double> last_val_loss;
  std::optional<double> tokens_per_sec;    // of the last row
  std::optional<double> ms_per_iter;       // of the last row
  std::int64_t n_params = 0;               // 0: not known
  std::int64_t created_ms = 0;             // since 1970
  std::int64_t updated_ms = 0;             // when it was last heard of
  std::vector<RunCheckpoint> checkpoints;  // by step, the first the earliest
  std::optional<std::int64_t> best_step;   // the earliest checkpoint with the least bestValLoss
  bool is_bare_checkpoint = false;         // `path` is the checkpoint itself
  bool is_ingested = false;                // reported by a trainer elsewhere
  std::string problem;                     // one sentence; empty: none
};

using RunList = std::vector<std::shared_ptr<const RunInfo>>;

/// The runs under some folders. There is no database: the run folders are the record.
///
/// A root's subfolders with config.json are runs, those with manifest.json checkpoints that stand
/// alone; a root may itself be either. For any thread.
class RunStore {
 public:
  /// `clock` outlives the store. Roots need not exist yet.
  RunStore(std::vector<std::filesystem::path> roots, const Clock& clock);
  ~RunStore();

  /// Looks at the folders, reading only what has changed since. Newest checkpoint first; runs
  /// without one follow, those last heard of first. One bad run does not hinder the others. The
  /// same list is returned when nothing has changed.
  std::shared_ptr<const RunList> scan();

  /// The list of the last scan; the disk is not touched.
  std::shared_ptr<const RunList> snapshot() const;

  /// In the last scan: by id, or else the first with this run_id. Null: none.
  std::shared_ptr<const RunInfo> find(std::string_view id) const;

  /// Deletes the folder of a run, by id. Error: not_found; invalid_argument for an active one, and
  /// for a root itself; io.
  void remove(std::string_view id);

  const Clock& clock() const noexcept { return clock_; }

  const std::vector<std::filesystem::path>& roots() const noexcept { return roots_; }

 private:
  class Cache;

  std::vector<std::filesystem::path> roots_;
  const Clock& clock_;
  std::mutex scan_mutex_;
  std::unique_ptr<Cache> cache_;  // by scan_mutex_
  mutable std::mutex list_mutex_;
  std::shared_ptr<const RunList> list_;  // by list_mutex_
};

}  // namespace alpha
