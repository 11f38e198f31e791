#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>

#include "alpha/runs/metric_table.h"

namespace alpha {

/// The metrics of runs as curves. A run's metrics.jsonl is read once and kept by columns; later
/// questions read what was appended since, or all of a file that was replaced. For any thread.
class CurveStore {
 public:
  /// Bytes of all runs together; one run takes at most three quarters of them, and of one that is
  /// larger neighbouring rows are merged. What was not asked for longest is let go.
  explicit CurveStore(std::size_t max_bytes = kDefaultBytes);
  ~CurveStore();

  /// A run without metrics has empty curves. Error: io.
  Curves read(const std::filesystem::path& run_dir, const CurveQuery& query);

  /// Bytes of a run's file that were not read before, which `read` has to read first; by the file's
  /// size alone, without a wait for those who read. Error: io.
  std::uint64_t n_unread_bytes(const std::filesystem::path& run_dir) const;

  /// What is kept now.
  std::size_t size_bytes() const;

 private:
  static constexpr std::size_t kDefaultBytes = std::size_t{512} << 20U;

  struct File;

  struct Kept {
    std::shared_ptr<File> file;
    std::size_t size_bytes = 0;
    std::uint64_t end = 0;  // of what was read of the file
    std::uint64_t used_at = 0;
  };

  void tidy();

  std::size_t max_bytes_;
  mutable std::mutex mutex_;
  std::map<std::filesystem::path, Kept> kept_;  // by mutex_
  std::uint64_t n_uses_ = 0;                    // by mutex_
};

}  // namespace alpha
