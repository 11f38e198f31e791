#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "alpha/core/clock.h"

namespace alpha {

struct UploadOptions {
  std::uint64_t max_bytes = 64ULL << 30;                 // of a checkpoint, all files together
  std::int64_t stale_ms = std::int64_t{24} * 3'600'000;  // without a new piece
};

struct UploadProgress {
  std::uint64_t received_bytes = 0;  // of this file: the offset of the next piece
  bool is_complete = false;          // the checkpoint stands in its place
};

/// Receives checkpoints file by file, in pieces, into `checkpoint-<step>.upload/` of a run's
/// folder; the manifest comes last and makes it a checkpoint, or is refused. For any thread.
class CheckpointUpload {
 public:
  /// Runs are folders in `root`. Removes stale uploads. `clock` outlives this.
  CheckpointUpload(std::filesystem::path root, const Clock& clock, UploadOptions options = {});

  /// The bytes of a file from `offset` on. An offset of 0 starts the file anew; otherwise it is
  /// what was received so far, or the piece has come before. manifest.json comes whole and last:
  /// the files are verified against it and the folder gets its name. A checkpoint that is there
  /// already stays; that is fine when its manifest is the same. Error: invalid_argument, naming the
  /// field, for a run that is not an ingested one, and when the files are not what the manifest
  /// says; io.
  UploadProgress put(std::string_view run_id, std::int64_t step, std::string_view file,
                     std::uint64_t offset, std::string_view bytes);

  /// What was received of a file so far: where to go on after an interruption. Errors as above.
  UploadProgress progress(std::string_view run_id, std::int64_t step, std::string_view file);

  /// Removes uploads that nothing was added to for a day. To be called now and then. Never throws.
  void remove_stale() noexcept;

 private:
  struct Target {
    std::filesystem::path run_dir;
    std::filesystem::path folder;  // checkpoint-<step>.upload
    std::filesystem::path place;   // checkpoint-<step>
    std::string file;
  };

  Target target(std::string_view run_id, std::int64_t step, std::string_view file) const;
  std::shared_ptr<std::mutex> lock_of(const std::filesystem::path& folder);
  UploadProgress append(const Target& target, std::uint64_t offset, std::string_view bytes) const;
  UploadProgress finish(const Target& target, std::string_view manifest) const;

  std::filesystem::path root_;
  const Clock& clock_;
  UploadOptions options_;
  std::mutex mutex_;
  std::map<std::filesystem::path, std::weak_ptr<std::mutex>> locks_;  // by mutex_
};

}  // namespace alpha
