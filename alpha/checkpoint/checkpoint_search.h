#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace alpha {

/// A folder `checkpoint-<step>` of a run.
struct CheckpointLocation {
  std::int64_t step = 0;
  std::filesystem::path path;
};

/// `run_dir`/checkpoint-<step>: where a run keeps the checkpoint of a step.
std::filesystem::path checkpoint_path(const std::filesystem::path& run_dir, std::int64_t step);

/// The checkpoints of a run, by step. Leftovers of a killed save (`*.tmp`) do not count; a
/// checkpoint that a killed replacement left aside (`checkpoint-<step>.old`) counts when there is
/// no `checkpoint-<step>`. Error: not_found, io.
std::vector<CheckpointLocation> find_checkpoints(const std::filesystem::path& run_dir);

/// Which files must be undamaged.
enum class CheckpointParts : std::uint8_t {
  weights,    // to evaluate or sample from
  everything  // to resume training from
};

/// Reads a checkpoint against its manifest. Error: not_found, corrupt, unsupported.
void verify_checkpoint(const std::filesystem::path& path, CheckpointParts parts);

struct ResolvedCheckpoint {
  std::filesystem::path path;
  std::string warning;  // one sentence per damaged checkpoint that was passed over; empty: none
};

/// The checkpoint that a user's path means: a checkpoint directory means itself; a run directory
/// means its latest checkpoint whose `parts` are undamaged. Error: not_found, saying what was
/// looked for; corrupt when a run has only damaged checkpoints.
ResolvedCheckpoint resolve_checkpoint(const std::filesystem::path& path,
                                      CheckpointParts parts = CheckpointParts::everything);

}  // namespace alpha
