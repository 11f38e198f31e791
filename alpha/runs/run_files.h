#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "alpha/core/json.h"

namespace alpha {

// The lines of a run's files, and at most so many of them at once.
inline constexpr std::int64_t kMaxRows = 10'000;

/// Which lines. Steps in a file do not go down.
struct RowFilter {
  std::optional<std::int64_t> last = {};       // the last so many that match
  std::optional<std::int64_t> step = {};       // of this step alone
  std::optional<std::int64_t> from_step = {};  // of this step and later ones
  std::optional<std::int64_t> from_id = {};    // events: behind the one with this id
  std::int64_t limit = kMaxRows;               // the first so many, where `last` is not given
  std::string level = {};                      // events: of this level alone
  std::string kind = {};                       // events: of this kind alone
};

/// Lines of metrics.jsonl as they are, ascending: the last `last`, at most kMaxRows. Reads the end
/// of the file alone. Error: io; invalid_argument for a negative number.
std::vector<Json> read_metrics(const std::filesystem::path& run_dir,
                               std::optional<std::int64_t> last = {});

/// Lines of samples.jsonl: {step, idx, prompt, output, created_at}. Errors as above.
std::vector<Json> read_samples(const std::filesystem::path& run_dir, const RowFilter& filter = {});

/// Lines of events.jsonl with an `id` that grows from line to line: {id, step, level, kind,
/// message, created_at, payload?}. Errors as above.
std::vector<Json> read_events(const std::filesystem::path& run_dir, const RowFilter& filter = {});

}  // namespace alpha
