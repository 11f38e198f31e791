#include "alpha/checkpoint/checkpoint_directory.h"

#include <array>
#include <system_error>
#include <utility>

#include "alpha/core/files.h"
#include "alpha/core/hash.h"
#include "alpha/core/json.h"

namespace alpha {

namespace fs = std::filesystem;

namespace {

constexpr std::array kAllFiles = {kConfigFile, kTokenizerFile, kTrainerStateFile,
                                  kModelFile,  kOptimizerFile, kManifestFile};

FileDigest write_text(const fs::path& path, std::string_view text) {
  FileWriter writer(path);
  writer.write(text);
  writer.close();
  return {text.size(), xxh3(text)};
}

FileDigest write_json(const fs::path& path, const Json& json) {
  std::string text;
  try {
    text = json.dump(2) + "\n";
  } catch (const nlohmann::json::exception&) {
    fail_invalid("[checkpoint] '{}' cannot be written: a text in it is not valid UTF-8",
                 path.filename().string());
  }
  return write_text(path, text);
}

void write_files(const fs::path& folder, Backend& backend, const CheckpointContent& content) {
  Manifest manifest;
  const auto add = [&](std::string_view name, const FileDigest& digest) {
    manifest.files[std::string(name)] = digest;
  };
  add(kConfigFile, write_json(folder / kConfigFile, content.config));
  add(kTokenizerFile, write_json(folder / kTokenizerFile, content.tokenizer));
  if (content.trainer_state) {
    add(kTrainerStateFile, write_json(folder / kTrainerStateFile, *content.trainer_state));
  }
  add(kModelFile,
      write_safetensors(folder / kModelFile, backend, content.model, content.model_metadata));
  if (!content.optimizer.empty()) {
    add(kOptimizerFile, write_safetensors(folder / kOptimizerFile, backend, content.optimizer));
  }
  write_text(folder / kManifestFile, render_manifest(manifest));
}

void move_path(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) {
    fail(ErrorCode::io, "cannot move '{}' to '{}': {}", from.string(), to.string(),
         error.message());
  }
}

bool is_present(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

void remove_leftover(const fs::path& path) noexcept {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

/// Puts the files of `staged` in the place of the checkpoint at `path`. The slow part, writing
/// them, is done; what is left are renames, and write_directory_atomic syncs them.
void replace_directory(const fs::path& path, const fs::path& staged) {
  const fs::path aside = aside_path(path);
  remove_leftover(aside);
  move_path(path, aside);
  try {
    write_directory_atomic(path, [&](const fs::path& folder) {
      for (const std::string_view name : kAllFiles) {
        if (is_present(staged / name)) move_path(staged / name, folder / name);
      }
    });
  } catch (...) {
    std::error_code ignored;
    fs::rename(aside, path, ignored);
    throw;
  }
}

fs::path without_trailing_slash(const fs::path& path) {
  return path.has_filename() ? path : path.parent_path();
}

}  // namespace

fs::path aside_path(const fs::path& path) {
  return {without_trailing_slash(path).string() + ".old"};
}

void save_checkpoint_directory(const fs::path& given_path, Backend& backend,
                               const CheckpointContent& content) {
  const fs::path path = without_trailing_slash(given_path);
  const auto fill = [&](const fs::path& folder) { write_files(folder, backend, content); };
  if (!is_present(path)) {
    write_directory_atomic(path, fill);
  } else {
    const fs::path staged(path.string() + ".new.tmp");
    remove_leftover(staged);
    write_directory_atomic(staged, fill);
    try {
      replace_directory(path, staged);
    } catch (...) {
      remove_leftover(staged);
      throw;
    }
    remove_leftover(staged);
  }
  remove_leftover(aside_path(path));
}

CheckpointReader::CheckpointReader(fs::path path) : path_(std::move(path)) {
  const fs::path manifest_path = path_ / kManifestFile;
  if (!is_present(manifest_path)) {
    fail(ErrorCode::not_found, "[checkpoint] '{}' is no checkpoint: it has no {}", path_.string(),
         kManifestFile);
  }
  const std::string where = fmt::format("[checkpoint] '{}'", manifest_path.string());
  const MappedFile text(manifest_path);
  manifest_ = parse_manifest(
      {reinterpret_cast<const char*>(text.bytes().data()), text.bytes().size()}, where);
  for (const auto& [name, digest] : manifest_.files) {
    const fs::path file = path_ / name;
    std::error_code error;
    const auto size = fs::file_size(file, error);
    if (error) {
      fail(ErrorCode::corrupt,
           "[checkpoint] '{}' is missing, the manifest lists it with {} bytes: {}", file.string(),
           digest.size_bytes, error.message());
    }
    if (size != digest.size_bytes) {
      fail(ErrorCode::corrupt, "[checkpoint] '{}' has {} bytes, the manifest says {}",
           file.string(), size, digest.size_bytes);
    }
  }
  config_ = read_json(kConfigFile);
  tokenizer_ = read_json(kTokenizerFile);
  if (manifest_.files.contains(kTrainerStateFile)) trainer_state_ = read_json(kTrainerStateFile);
}

SafetensorsFile CheckpointReader::model() const {
  return {open_verified(kModelFile), path_ / kModelFile};
}

SafetensorsFile CheckpointReader::optimizer() const {
  if (!has_optimizer()) {
    fail(ErrorCode::not_found,
         "[checkpoint] '{}' holds no optimizer state: it can be sampled from, not resumed",
         path_.string());
  }
  return {open_verified(kOptimizerFile), path_ / kOptimizerFile};
}

MappedFile CheckpointReader::open_verified(std::string_view name) const {
  const fs::path file = path_ / name;
  const FileDigest& expected = manifest_.files.find(name)->second;
  MappedFile mapped(file);
  const FileDigest found{mapped.bytes().size(), xxh3(mapped.bytes())};
  if (found != expected) {
    fail(ErrorCode::corrupt,
         "[checkpoint] '{}' is damaged: its {} bytes have the checksum {}, the manifest says {} "
         "bytes and {}",
         file.string(), found.size_bytes, hex64(found.xxh3), expected.size_bytes,
         hex64(expected.xxh3));
  }
  return mapped;
}

Json CheckpointReader::read_json(std::string_view name) const {
  const MappedFile file = open_verified(name);
  return parse_json({reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()},
                    fmt::format("[checkpoint] '{}'", (path_ / name).string()));
}

}  // namespace alpha
