#include "alpha/checkpoint/checkpoint_search.h"

#include <charconv>
#include <map>
#include <optional>
#include <ranges>
#include <string_view>
#include <system_error>

#include "alpha/checkpoint/checkpoint_directory.h"

namespace alpha {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kPrefix = "checkpoint-";

/// The step in `checkpoint-<step>`, written as checkpoint_path writes it.
std::optional<std::int64_t> parse_step(std::string_view name) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  const std::string_view digits = name.substr(kPrefix.size());
  std::int64_t step = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, step);
  const bool is_canonical =
      error == std::errc() && stop == end && step >= 0 && digits == std::to_string(step);
  return is_canonical ? std::optional(step) : std::nullopt;
}

bool is_checkpoint(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path / kManifestFile, ignored);
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

ResolvedCheckpoint resolve_run(const fs::path& run_dir, CheckpointParts parts) {
  const auto checkpoints = find_checkpoints(run_dir);
  if (checkpoints.empty()) {
    fail(ErrorCode::not_found,
         "[checkpoint] '{}' is neither a checkpoint (it has no {}) nor a run (it has no folder "
         "{}<step>)",
         run_dir.string(), kManifestFile, kPrefix);
  }
  std::string warning;
  for (const auto& [step, path] : std::views::reverse(checkpoints)) {
    try {
      verify_checkpoint(path, parts);
      return {path, warning};
    } catch (const Error& error) {
      if (!warning.empty()) warning += "; ";
      warning += fmt::format("passed over the checkpoint of step {}: {}", step, error.what());
    }
  }
  fail(ErrorCode::corrupt, "[checkpoint] '{}' has no undamaged checkpoint: {}", run_dir.string(),
       warning);
}

}  // namespace

void verify_checkpoint(const fs::path& path, CheckpointParts parts) {
  const CheckpointReader reader(path);
  reader.model();
  if (parts == CheckpointParts::everything && reader.has_optimizer()) reader.optimizer();
}

fs::path checkpoint_path(const fs::path& run_dir, std::int64_t step) {
  return run_dir / fmt::format("{}{}", kPrefix, step);
}

std::vector<CheckpointLocation> find_checkpoints(const fs::path& run_dir) {
  if (!is_folder(run_dir)) {
    fail(ErrorCode::not_found, "[checkpoint] there is no folder '{}'", run_dir.string());
  }
  std::error_code error;
  std::map<std::int64_t, fs::path> found;
  for (fs::directory_iterator it(run_dir, error), end; !error && it != end; it.increment(error)) {
    if (!is_folder(it->path())) continue;
    const std::string name = it->path().filename().string();
    if (const auto step = parse_step(name)) {
      found[*step] = it->path();
    } else if (const auto old = parse_step(it->path().stem().string());
               old && aside_path(it->path().stem()) == name) {
      found.try_emplace(*old, it->path());
    }
  }
  if (error) {
    fail(ErrorCode::io, "cannot list the folder '{}': {}", run_dir.string(), error.message());
  }
  std::vector<CheckpointLocation> result;
  for (const auto& [step, path] : found) result.push_back({step, path});
  return result;
}

ResolvedCheckpoint resolve_checkpoint(const fs::path& path, CheckpointParts parts) {
  if (is_checkpoint(path)) return {path, {}};
  if (is_folder(path)) return resolve_run(path, parts);
  if (const fs::path aside = aside_path(path); is_checkpoint(aside)) {
    return {aside, fmt::format("'{}' is missing, its replacement was interrupted: '{}' is used",
                               path.string(), aside.string())};
  }
  fail(ErrorCode::not_found, "[checkpoint] there is no checkpoint or run folder '{}'",
       path.string());
}

}  // namespace alpha
