#include "alpha/runs/live.h"

#include <algorithm>

#include "alpha/core/error.h"
#include "alpha/core/files.h"
#include "alpha/runs/metrics_tail.h"
#include "alpha/runs/run_rows.h"
#include "alpha/train/run_directory.h"

namespace alpha {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kSnapshotRows = 200;
constexpr std::size_t kMaxLinesAtOnce = 1000;
constexpr std::int64_t kLateMs = 60'000;  // more than the time between two polls, by far

struct RowsAndEnd {
  Json rows = Json::array();
  std::uint64_t end = 0;  // of the last line
};

/// The last rows of metrics.jsonl, and where a reader of what follows them begins.
RowsAndEnd last_metrics(const RunInfo& run) {
  std::vector<Json> rows;
  RowsAndEnd out;
  walk_back(run.path / kMetricsFile, [&](Json&& line, std::uint64_t end) {
    out.end = std::max(out.end, end);
    rows.push_back(metric_row(run.id, line));
    return rows.size() == kSnapshotRows ? Walk::stop : Walk::go_on;
  });
  std::ranges::reverse(rows);
  out.rows = std::move(rows);
  return out;
}

/// Where the last line ends, and the next will begin.
std::uint64_t end_of_lines(const fs::path& path) {
  std::uint64_t last = 0;
  walk_back(path, [&](Json&&, std::uint64_t end) {
    last = end;
    return Walk::stop;
  });
  return last;
}

Json row_with(const RunInfo& run, Json&& metrics) {
  Json row = run_row(run);
  row["metrics"] = std::move(metrics);
  return row;
}

}  // namespace

std::vector<RunEvent> RunWatcher::poll() {
  std::vector<RunEvent> events;
  const auto list = store_.scan();
  std::map<std::string, Seen> known;
  for (const auto& run : *list) {
    if (auto node = seen_.extract(run->id); !node.empty()) known.insert(std::move(node));
  }
  seen_ = std::move(known);
  for (const auto& run : *list) {
    try {
      poll_run(*run, events);
    } catch (const Error&) {
      // Its files are in change, or broken: perhaps the next poll can read them.
    }
  }
  is_first_ = false;
  // Whoever hears of a checkpoint asks for the list: what is told must not be ahead of that.
  const auto is_news = [](const RunEvent& event) {
    return event.name != "metrics" && event.name != "samples";
  };
  if (std::ranges::any_of(events, is_news)) store_.scan();
  return events;
}

/// Whether a run that is not active was so since the last poll, when it was as `seen` says: its
/// files are of late, and it is new or has come further. A folder that is brought from elsewhere
/// has its old times.
bool RunWatcher::has_run_unseen(const RunInfo& run, const Seen* seen) const {
  if (is_first_ || run.is_bare_checkpoint || run.status == RunStatus::active) return false;
  if (store_.clock().unix_ms() - run.updated_ms > kLateMs) return false;
  return seen == nullptr || (!seen->is_active && run.step != seen->step);
}

void RunWatcher::poll_run(const RunInfo& run, std::vector<RunEvent>& out) {
  const bool is_active = run.status == RunStatus::active;
  const auto it = seen_.find(run.id);
  const bool is_new = it == seen_.end();
  const bool is_unseen = has_run_unseen(run, is_new ? nullptr : &it->second);
  Seen seen = is_new ? Seen() : it->second;
  seen.step = run.step;
  std::vector<RunEvent> told;
  if ((is_active && !seen.is_active) || is_unseen) {
    tell_start(run, seen, told);
    if (is_new && is_first_) {
      for (const auto& [cursor, name] :
           {std::pair(&seen.samples, kSamplesFile), std::pair(&seen.events, kEventsFile)}) {
        const fs::path path = run.path / name;
        *cursor = {.inode = file_status(path).inode, .offset = end_of_lines(path)};
      }
    }
  }
  const bool has_ended = !is_active && (seen.is_active || is_unseen);
  if (is_active || has_ended) tell_lines(run, seen, told);
  if (has_ended) tell_end(run, told);
  seen.is_active = is_active;
  seen_[run.id] = seen;
  if (is_first_) return;
  std::ranges::move(told, std::back_inserter(out));
}

void RunWatcher::tell_start(const RunInfo& run, Seen& seen, std::vector<RunEvent>& out) const {
  seen.metrics.inode = file_status(run.path / kMetricsFile).inode;
  RowsAndEnd metrics = last_metrics(run);
  seen.metrics.offset = metrics.end;
  out.push_back(
      {.name = "run_start", .run_id = run.id, .data = row_with(run, std::move(metrics.rows))});
}

void RunWatcher::tell_lines(const RunInfo& run, Seen& seen, std::vector<RunEvent>& out) const {
  /// The new lines of a file as rows; none when it was replaced, which `is_replaced` says.
  const auto new_rows = [&](std::string_view name, Cursor& cursor, auto to_row, bool& is_replaced) {
    Json rows = Json::array();
    const FileStatus file = file_status(run.path / name);
    is_replaced =
        cursor.inode != 0 && (file.inode != cursor.inode || file.size_bytes < cursor.offset);
    cursor.inode = file.inode;
    if (is_replaced) cursor.offset = end_of_lines(run.path / name);
    if (file.size_bytes <= cursor.offset) return rows;
    cursor.offset = walk_on(run.path / name, cursor.offset, [&](Json&& line, std::uint64_t end) {
      line["id"] = end;
      rows.push_back(to_row(run.id, line));
      return rows.size() == kMaxLinesAtOnce ? Walk::stop : Walk::go_on;
    });
    return rows;
  };
  bool is_replaced = false;
  const auto to_metric = [](const std::string& id, Json& line) {
    line.erase("id");
    return metric_row(id, line);
  };
  Json rows = new_rows(kMetricsFile, seen.metrics, to_metric, is_replaced);
  if (is_replaced) tell_start(run, seen, out);
  if (!rows.empty()) {
    out.push_back({"metrics", run.id, {{"runId", run.id}, {"metrics", std::move(rows)}}});
  }
  rows = new_rows(kSamplesFile, seen.samples, sample_row, is_replaced);
  if (!rows.empty()) {
    out.push_back({"samples", run.id, {{"runId", run.id}, {"samples", std::move(rows)}}});
  }
  rows = new_rows(kEventsFile, seen.events, event_row, is_replaced);
  for (Json& row : rows) {
    out.push_back({"event", run.id, {{"runId", run.id}, {"event", std::move(row)}}});
  }
}

void RunWatcher::tell_end(const RunInfo& run, std::vector<RunEvent>& out) const {
  if (run.status == RunStatus::completed) {
    out.push_back({"run_complete", run.id, {{"runId", run.id}, {"finalStep", run.step}}});
  } else {
    out.push_back({"run_status", run.id, {{"runId", run.id}, {"status", to_string(run.status)}}});
  }
}

Json RunWatcher::snapshot() const {
  Json runs = Json::array();
  for (const auto& run : *store_.snapshot()) {
    if (run->status != RunStatus::active) continue;
    try {
      runs.push_back(row_with(*run, last_metrics(*run).rows));
    } catch (const Error&) {
      runs.push_back(row_with(*run, Json::array()));
    }
  }
  return runs;
}

}  // namespace alpha
