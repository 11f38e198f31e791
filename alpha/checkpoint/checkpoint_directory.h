#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/checkpoint/manifest.h"
#include "alpha/checkpoint/safetensors.h"
#include "alpha/core/json.h"
#include "alpha/tensor/backend.h"

namespace alpha {

// A checkpoint is a directory; docs/formats/checkpoint.md describes it.

struct CheckpointContent {
  Json config;
  Json tokenizer;
  std::optional<Json> trainer_state;
  std::vector<NamedTensor> model;
  SafetensorsMetadata model_metadata = {};
  std::vector<NamedTensor> optimizer = {};  // empty: the checkpoint has no optimizer file
};

/// Writes a checkpoint that appears under `path` whole or not at all. One that is there already
/// stays whole until the new one is: it is moved aside to `aside_path(path)` while the new one
/// takes its place, then removed. On an exception nothing has changed. Error: invalid_argument
/// (content that cannot be written), io.
void save_checkpoint_directory(const std::filesystem::path& path, Backend& backend,
                               const CheckpointContent& content);

/// Where a checkpoint lies while its replacement is moved into place, and after a crash in that
/// moment: `<path>.old`.
std::filesystem::path aside_path(const std::filesystem::path& path);

/// Reads a checkpoint directory and believes nothing that its manifest does not confirm.
class CheckpointReader {
 public:
  /// Checks the manifest, the presence and size of every file, and the contents of the JSON files.
  /// Error: not_found (no manifest), corrupt, unsupported (another version of the format).
  explicit CheckpointReader(std::filesystem::path path);

  const std::filesystem::path& path() const noexcept { return path_; }

  const Json& config() const noexcept { return config_; }

  const Json& tokenizer() const noexcept { return tokenizer_; }

  /// Null when the checkpoint has none.
  const Json* trainer_state() const noexcept {
    return trainer_state_.has_value() ? &*trainer_state_ : nullptr;
  }

  bool has_optimizer() const noexcept { return manifest_.files.contains(kOptimizerFile); }

  /// The weights, after their checksum was found right. Error: corrupt.
  SafetensorsFile model() const;

  /// The optimizer's tensors, likewise. Error: corrupt; not_found when has_optimizer() is false.
  SafetensorsFile optimizer() const;

 private:
  MappedFile open_verified(std::string_view name) const;
  Json read_json(std::string_view name) const;

  std::filesystem::path path_;
  Manifest manifest_;
  Json config_;
  Json tokenizer_;
  std::optional<Json> trainer_state_;
};

}  // namespace alpha
