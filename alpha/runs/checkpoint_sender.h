#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "alpha/runs/report_link.h"

namespace alpha {

/// Sends a checkpoint without its optimizer state, piece by piece: all files, then the manifest.
class CheckpointSender {
 public:
  CheckpointSender(std::string run_id, std::int64_t step, std::filesystem::path path,
                   std::size_t piece_bytes);

  /// The next piece, or the last one again where it was not delivered. A checkpoint that the server
  /// refuses is sent anew, twice at most; then, and when it cannot be read, the answer is
  /// `refused`.
  Answer send_piece(ReportLink& link);

  bool is_done() const noexcept { return is_done_; }

  std::int64_t step() const noexcept { return step_; }

  /// Of all bytes, from 0 to 100.
  int percent() const noexcept;

 private:
  void open();
  Answer send(ReportLink& link);

  std::string run_id_;
  std::int64_t step_;
  std::filesystem::path path_;
  std::size_t piece_bytes_;
  std::string manifest_;                                      // empty: not opened yet
  std::vector<std::pair<std::string, std::uint64_t>> files_;  // name and size
  std::size_t file_ = 0;                                      // the one that is sent
  std::uint64_t offset_ = 0;                                  // in it
  std::uint64_t total_bytes_ = 0;
  std::uint64_t sent_bytes_ = 0;
  int n_attempts_ = 0;
  bool is_done_ = false;
};

}  // namespace alpha
