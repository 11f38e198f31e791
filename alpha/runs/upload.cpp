#include "alpha/runs/upload.h"

#include <algorithm>
#include <array>
#include <vector>

#include "alpha/checkpoint/checkpoint_search.h"
#include "alpha/checkpoint/manifest.h"
#include "alpha/core/error.h"
#include "alpha/core/files.h"
#include "alpha/core/json.h"
#include "alpha/runs/ingested_run.h"
#include "alpha/runs/message_fields.h"
#include "alpha/runs/run_id.h"
#include "alpha/train/run_directory.h"

namespace alpha {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kSuffix = ".upload";
constexpr std::array kFiles = {kConfigFile, kTokenizerFile, kTrainerStateFile,
                               kModelFile,  kOptimizerFile, kManifestFile};

std::uint64_t size_of(const fs::path& path) {
  return file_status(path, Links::kept).size_bytes;
}

std::int64_t mtime_ms(const fs::path& path) {
  return file_status(path, Links::kept).mtime_ns / 1'000'000;
}

/// When something was last added to a folder.
std::int64_t last_change_ms(const fs::path& folder) {
  std::int64_t newest = mtime_ms(folder);
  for (const std::string& name : list_folder(folder)) {
    newest = std::max(newest, mtime_ms(folder / name));
  }
  return newest;
}

/// A run that was never told of gets the configuration of its checkpoint.
void make_run_of(const fs::path& run_dir, const fs::path& checkpoint, const Clock& clock) {
  if (file_exists(run_dir / kRunConfigFile)) return;
  Json config = read_json_file(checkpoint / kConfigFile);
  if (!config.is_object())
    fail(ErrorCode::corrupt, "the checkpoint's {} is no object", kConfigFile);
  config["runId"] = run_dir.filename().string();
  config["source"] = "ingest";
  config["createdAt"] = clock.unix_ms();
  write_ingested_config(run_dir, config);
}

/// What was sent wrongly is the sender's mistake, whatever it is to a reader of checkpoints.
[[noreturn]] void fail_sender(const Error& error) {
  if (error.code() == ErrorCode::io || error.code() == ErrorCode::out_of_memory) throw error;
  throw Error(ErrorCode::invalid_argument, error.what());
}

Manifest parse_sent_manifest(std::string_view text) {
  try {
    return parse_manifest(text, fmt::format("field 'file': {}", kManifestFile));
  } catch (const Error& error) {
    fail_sender(error);
  }
}

}  // namespace

CheckpointUpload::CheckpointUpload(fs::path root, const Clock& clock, UploadOptions options)
    : root_(std::move(root)),
      clock_(clock),
      options_(options) {
  remove_stale();
}

CheckpointUpload::Target CheckpointUpload::target(std::string_view run_id, std::int64_t step,
                                                  std::string_view file) const {
  if (step < 0 || step > kMaxStep) {
    fail_invalid("field 'step': got {}, expected 0 to {}", step, kMaxStep);
  }
  if (std::ranges::find(kFiles, file) == kFiles.end()) {
    fail_invalid("field 'file': expected one of {}", fmt::join(kFiles, ", "));
  }
  Target target;
  target.run_dir = ingested_run_dir(root_, run_id, "run");
  target.place = checkpoint_path(target.run_dir, step);
  target.folder = fs::path(target.place.string() + std::string(kSuffix));
  target.file = file;
  const FileKind kind = file_status(target.folder, Links::kept).kind;
  if (kind != FileKind::none && kind != FileKind::folder) {
    fail_invalid("field 'step': '{}' is no folder", target.folder.filename().string());
  }
  return target;
}

std::shared_ptr<std::mutex> CheckpointUpload::lock_of(const fs::path& folder) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(locks_, [](const auto& entry) { return entry.second.expired(); });
  std::shared_ptr<std::mutex> mutex = locks_[folder].lock();
  if (mutex == nullptr) {
    mutex = std::make_shared<std::mutex>();
    locks_[folder] = mutex;
  }
  return mutex;
}

UploadProgress CheckpointUpload::put(std::string_view run_id, std::int64_t step,
                                     std::string_view file, std::uint64_t offset,
                                     std::string_view bytes) {
  const Target target = this->target(run_id, step, file);
  const auto mutex = lock_of(target.folder);
  const std::scoped_lock lock(*mutex);
  if (file != kManifestFile) return append(target, offset, bytes);
  if (offset != 0) fail_invalid("field 'offset': {} comes whole, from byte 0 on", kManifestFile);
  return finish(target, bytes);
}

UploadProgress CheckpointUpload::progress(std::string_view run_id, std::int64_t step,
                                          std::string_view file) {
  const Target target = this->target(run_id, step, file);
  const auto mutex = lock_of(target.folder);
  const std::scoped_lock lock(*mutex);
  return {.received_bytes = size_of(target.folder / target.file),
          .is_complete = file_exists(target.place / kManifestFile)};
}

UploadProgress CheckpointUpload::append(const Target& target, std::uint64_t offset,
                                        std::string_view bytes) const {
  const fs::path path = target.folder / target.file;
  const std::uint64_t size = size_of(path);
  if (offset > size) {
    fail_invalid("field 'offset': got {}, but {} bytes of '{}' are here: go on from there", offset,
                 size, target.file);
  }
  if (offset > 0 && offset < size) {
    if (offset + bytes.size() <= size && read_file_range(path, offset, bytes.size()) == bytes) {
      return {.received_bytes = size};  // sent again
    }
    fail_invalid("field 'offset': got {}, but {} bytes of '{}' are here, and they are others",
                 offset, size, target.file);
  }
  std::uint64_t total = offset + bytes.size();
  for (const std::string_view name : kFiles) {
    if (name != target.file) total += size_of(target.folder / name);
  }
  if (total > options_.max_bytes) {
    fail_invalid("the checkpoint has more than {} bytes", options_.max_bytes);
  }
  make_directories(target.folder);
  write_file_piece(path, offset, bytes);
  return {.received_bytes = offset + bytes.size()};
}

UploadProgress CheckpointUpload::finish(const Target& target, std::string_view text) const {
  const Manifest manifest = parse_sent_manifest(text);
  const UploadProgress done{.received_bytes = text.size(), .is_complete = true};
  if (file_status(target.place, Links::kept).kind != FileKind::none) {
    if (!file_exists(target.place / kManifestFile) ||
        read_file_range(target.place / kManifestFile, 0, kManifestMaxBytes + 1) != text) {
      fail_invalid("field 'step': there is another '{}' already", target.place.filename().string());
    }
    remove_tree(target.folder);
    return done;
  }
  make_directories(target.folder);
  for (const std::string& name : list_folder(target.folder)) {
    if (!manifest.files.contains(name)) remove_tree(target.folder / name);
  }
  const fs::path path = target.folder / kManifestFile;
  write_file_piece(path, 0, text);
  try {
    verify_checkpoint(target.folder, CheckpointParts::everything);
    make_run_of(target.run_dir, target.folder, clock_);
    publish_directory(target.folder, target.place);
  } catch (const Error& error) {
    remove_tree(path);
    fail_sender(error);
  }
  return done;
}

void CheckpointUpload::remove_stale() noexcept {
  try {
    if (file_status(root_).kind != FileKind::folder) return;
    const std::int64_t now_ms = clock_.unix_ms();
    for (const std::string& run : list_folder(root_)) {
      const fs::path run_dir = root_ / run;
      if (!is_run_id(run) || file_status(run_dir, Links::kept).kind != FileKind::folder) continue;
      for (const std::string& name : list_folder(run_dir)) {
        const fs::path folder = run_dir / name;
        if (!name.starts_with("checkpoint-") || !name.ends_with(kSuffix)) continue;
        const auto mutex = lock_of(folder);
        const std::scoped_lock lock(*mutex);
        if (now_ms - last_change_ms(folder) >= options_.stale_ms) remove_tree(folder);
      }
    }
  } catch (const std::exception&) {
    // What cannot be removed now may be another day.
  }
}

}  // namespace alpha
