#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "alpha/core/json.h"
#include "alpha/runs/run_store.h"

namespace alpha {

/// Something that happened to a run, for those who watch.
///
/// name         data
/// run_start    run_row with `metrics`: its last 200 rows; also when a run goes on, be it from an
///              earlier step: what was known of it is to be replaced, samples and events that were
///              known may be gone
/// metrics      {runId, metrics: [metric_row…]}
/// samples      {runId, samples: [sample_row…]}
/// event        {runId, event: event_row}
/// run_complete {runId, finalStep}
/// run_status   {runId, status}: "stale" or "failed", of a run that was active
///
/// A run that begins, or goes on, and ends between two polls starts and ends all the same.
struct RunEvent {
  std::string name;
  std::string run_id;  // RunInfo::id
  Json data;
};

/// Watches the files of active runs. For one thread, beside any use of the store.
class RunWatcher {
 public:
  /// `store` outlives the watcher.
  explicit RunWatcher(RunStore& store) : store_(store) {}

  /// Scans and tells what is new since the last poll. The first poll tells nothing: whoever watches
  /// has begun with a snapshot. At most 1,000 lines per run and kind at once; the rest comes with
  /// the next poll. A run that cannot be read is passed over until it can.
  std::vector<RunEvent> poll();

  /// The active runs of the last scan: [run_row with `metrics`: the last 200 rows, …]. For any
  /// thread.
  Json snapshot() const;

 private:
  /// How far a file has been told.
  struct Cursor {
    std::uint64_t inode = 0;
    std::uint64_t offset = 0;
  };

  struct Seen {
    bool is_active = false;
    std::int64_t step = 0;
    Cursor metrics, samples, events;
  };

  bool has_run_unseen(const RunInfo& run, const Seen* seen) const;
  void poll_run(const RunInfo& run, std::vector<RunEvent>& out);
  void tell_start(const RunInfo& run, Seen& seen, std::vector<RunEvent>& out) const;
  void tell_lines(const RunInfo& run, Seen& seen, std::vector<RunEvent>& out) const;
  void tell_end(const RunInfo& run, std::vector<RunEvent>& out) const;

  RunStore& store_;
  std::map<std::string, Seen> seen_;  // by id
  bool is_first_ = true;
};

}  // namespace alpha
