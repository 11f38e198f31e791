#include "alpha/runs/run_files.h"

#include <algorithm>

#include "alpha/core/error.h"
#include "alpha/runs/metrics_tail.h"
#include "alpha/train/run_directory.h"

namespace alpha {

namespace fs = std::filesystem;

namespace {

std::int64_t step_of(const Json& line) {
  const auto it = line.find("step");
  return it != line.end() && json_is<std::int64_t>(*it) ? it->get<std::int64_t>() : 0;
}

std::string text_of(const Json& line, const char* key) {
  const auto it = line.find(key);
  return it != line.end() && it->is_string() ? it->get<std::string>() : std::string();
}

void check(std::optional<std::int64_t> value, const char* name) {
  if (value && *value < 0) fail_invalid("{}: got {}, expected 0 or more", name, *value);
}

std::int64_t first_step(const RowFilter& filter) {
  return std::max(filter.step.value_or(0), filter.from_step.value_or(0));
}

bool is_match(const Json& line, const RowFilter& filter) {
  const std::int64_t step = step_of(line);
  return step >= first_step(filter) && (!filter.step || step == *filter.step) &&
         (filter.level.empty() || text_of(line, "level") == filter.level) &&
         (filter.kind.empty() || text_of(line, "kind") == filter.kind);
}

Json with_id(Json&& line, std::uint64_t end) {
  Json out = {{"id", end}};
  out.update(line);
  out["id"] = end;
  return out;
}

std::vector<Json> last_rows(const fs::path& path, const RowFilter& filter, bool has_id) {
  const std::int64_t n = std::min(*filter.last, kMaxRows);
  std::vector<Json> rows;
  if (n == 0) return rows;
  walk_back(path, [&](Json&& line, std::uint64_t end) {
    if (filter.from_id && end <= static_cast<std::uint64_t>(*filter.from_id)) return Walk::stop;
    if (step_of(line) < first_step(filter)) return Walk::stop;
    if (is_match(line, filter)) rows.push_back(has_id ? with_id(std::move(line), end) : line);
    return std::ssize(rows) == n ? Walk::stop : Walk::go_on;
  });
  std::ranges::reverse(rows);
  return rows;
}

std::vector<Json> first_rows(const fs::path& path, const RowFilter& filter, bool has_id) {
  const std::int64_t n = std::min(filter.limit, kMaxRows);
  std::vector<Json> rows;
  if (n == 0) return rows;
  const auto begin = static_cast<std::uint64_t>(filter.from_id.value_or(0));
  walk_on(path, begin, [&](Json&& line, std::uint64_t end) {
    if (is_match(line, filter)) rows.push_back(has_id ? with_id(std::move(line), end) : line);
    return std::ssize(rows) == n ? Walk::stop : Walk::go_on;
  });
  return rows;
}

std::vector<Json> read_rows(const fs::path& path, const RowFilter& filter, bool has_id) {
  check(filter.last, "last");
  check(filter.step, "step");
  check(filter.from_step, "fromStep");
  check(filter.from_id, "fromId");
  check(filter.limit, "limit");
  return filter.last ? last_rows(path, filter, has_id) : first_rows(path, filter, has_id);
}

}  // namespace

std::vector<Json> read_metrics(const fs::path& run_dir, std::optional<std::int64_t> last) {
  return read_rows(run_dir / kMetricsFile, {.last = last.value_or(kMaxRows)}, false);
}

std::vector<Json> read_samples(const fs::path& run_dir, const RowFilter& filter) {
  return read_rows(run_dir / kSamplesFile, filter, false);
}

std::vector<Json> read_events(const fs::path& run_dir, const RowFilter& filter) {
  return read_rows(run_dir / kEventsFile, filter, true);
}

}  // namespace alpha
