#include "alpha/checkpoint/checkpoint_search.h"

#include "tests/checkpoint/support.h"

#include "alpha/checkpoint/checkpoint_directory.h"

namespace alpha {
namespace {

namespace fs = std::filesystem;

using test::CopyBackend;
using test::counting;
using test::error_of;
using test::slurp;
using test::spill;
using test::TempDir;

/// A run folder with valid checkpoints of the given steps.
class RunFolder {
 public:
  explicit RunFolder(std::initializer_list<std::int64_t> steps) {
    for (const std::int64_t step : steps) save(checkpoint_path(path(), step));
  }

  void save(const fs::path& at) {
    const CheckpointContent content{.config = {{"n_layer", 1}},
                                    .tokenizer = {{"type", "char"}},
                                    .trainer_state = std::nullopt,
                                    .model = {{"w", counting(backend_, {4}, DType::f32, 1)}},
                                    .optimizer = {{"w.m", counting(backend_, {4}, DType::f32, 1)}}};
    save_checkpoint_directory(at, backend_, content);
  }

  const fs::path& path() const { return dir_.path(); }

  fs::path operator/(std::string_view name) const { return dir_ / name; }

 private:
  TempDir dir_;
  CopyBackend backend_;
};

void damage(const fs::path& path) {
  std::string content = slurp(path);
  content.back() = static_cast<char>(content.back() ^ 1);
  spill(path, content);
}

std::vector<std::int64_t> steps_of(const fs::path& run_dir) {
  std::vector<std::int64_t> steps;
  for (const auto& [step, path] : find_checkpoints(run_dir)) steps.push_back(step);
  return steps;
}

TEST(CheckpointSearch, CheckpointsAreListedByStepAsANumber) {
  const RunFolder run({1000, 200, 0, 30});
  EXPECT_EQ(steps_of(run.path()), (std::vector<std::int64_t>{0, 30, 200, 1000}));
  EXPECT_EQ(find_checkpoints(run.path())[3].path, run / "checkpoint-1000");
}

TEST(CheckpointSearch, LeftoversFilesAndOtherNamesDoNotCount) {
  const RunFolder run({5});
  for (const char* name :
       {"checkpoint-6.4711.tmp", "checkpoint-7.new.tmp", "checkpoint-", "samples", "checkpoint-08",
        "checkpoint--9", "checkpoint-1x", "checkpoint-x.old", "checkpoint-99999999999999999999"}) {
    fs::create_directories(run / name);
  }
  spill(run / "checkpoint-11", "a file of this name");
  EXPECT_EQ(steps_of(run.path()), std::vector<std::int64_t>{5});
}

TEST(CheckpointSearch, ASaveKilledHalfwayIsPassedOverInSilence) {
  RunFolder run({5});
  run.save(run / "checkpoint-9");
  fs::remove(run / "checkpoint-9/manifest.json");
  fs::rename(run / "checkpoint-9", run / "checkpoint-9.123.tmp");
  const auto resolved = resolve_checkpoint(run.path());
  EXPECT_EQ(resolved.path, run / "checkpoint-5");
  EXPECT_EQ(resolved.warning, "");
}

TEST(CheckpointSearch, AReplacementKilledBetweenItsRenamesLosesNothing) {
  RunFolder run({5, 9});
  fs::rename(run / "checkpoint-9", aside_path(run / "checkpoint-9"));
  EXPECT_EQ(steps_of(run.path()), (std::vector<std::int64_t>{5, 9}));
  EXPECT_EQ(resolve_checkpoint(run.path()).path, run / "checkpoint-9.old");
  const auto resolved = resolve_checkpoint(run / "checkpoint-9");
  EXPECT_EQ(resolved.path, run / "checkpoint-9.old");
  EXPECT_NE(resolved.warning.find("its replacement was interrupted"), std::string::npos);

  run.save(run / "checkpoint-9");
  run.save(aside_path(run / "checkpoint-9"));
  EXPECT_EQ(find_checkpoints(run.path()).back().path, run / "checkpoint-9");
}

TEST(CheckpointSearch, ACheckpointFolderMeansItself) {
  const RunFolder run({5, 9});
  EXPECT_EQ(resolve_checkpoint(run / "checkpoint-5").path, run / "checkpoint-5");
}

TEST(CheckpointSearch, ARunMeansItsLatestCheckpoint) {
  const RunFolder run({5, 10, 9});
  const auto resolved = resolve_checkpoint(run.path());
  EXPECT_EQ(resolved.path, run / "checkpoint-10");
  EXPECT_EQ(resolved.warning, "");
}

TEST(CheckpointSearch, DamagedCheckpointsArePassedOverWithAWarningEach) {
  const RunFolder run({5, 9, 12});
  damage(run / "checkpoint-12/model.safetensors");
  fs::remove(run / "checkpoint-9/manifest.json");
  const auto resolved = resolve_checkpoint(run.path());
  EXPECT_EQ(resolved.path, run / "checkpoint-5");
  EXPECT_NE(resolved.warning.find("step 12: "), std::string::npos) << resolved.warning;
  EXPECT_NE(resolved.warning.find("model.safetensors' is damaged"), std::string::npos);
  EXPECT_NE(resolved.warning.find("step 9: "), std::string::npos);
}

TEST(CheckpointSearch, ADamagedOptimizerMattersForResumingOnly) {
  const RunFolder run({5, 9});
  damage(run / "checkpoint-9/optimizer.safetensors");
  EXPECT_EQ(resolve_checkpoint(run.path()).path, run / "checkpoint-5");
  EXPECT_EQ(resolve_checkpoint(run.path(), CheckpointParts::weights).path, run / "checkpoint-9");
}

TEST(CheckpointSearch, ARunWithDamagedCheckpointsOnlyIsAnErrorThatListsThem) {
  const RunFolder run({5, 9});
  damage(run / "checkpoint-5/config.json");
  damage(run / "checkpoint-9/config.json");
  const std::string message = error_of([&] { resolve_checkpoint(run.path()); }, ErrorCode::corrupt);
  EXPECT_NE(message.find("no undamaged checkpoint"), std::string::npos) << message;
  EXPECT_NE(message.find("step 9: "), std::string::npos) << message;
  EXPECT_NE(message.find("step 5: "), std::string::npos) << message;
}

TEST(CheckpointSearch, WhatIsNeitherCheckpointNorRunSaysWhatWasLookedFor) {
  const TempDir dir;
  const std::string empty_folder =
      error_of([&] { resolve_checkpoint(dir.path()); }, ErrorCode::not_found);
  EXPECT_NE(empty_folder.find("it has no manifest.json"), std::string::npos) << empty_folder;
  EXPECT_NE(empty_folder.find("no folder checkpoint-<step>"), std::string::npos) << empty_folder;
  const std::string absent = (dir / "absent").string();
  EXPECT_NE(error_of([&] { resolve_checkpoint(absent); }, ErrorCode::not_found).find(absent),
            std::string::npos);
  EXPECT_NE(error_of([&] { find_checkpoints(absent); }, ErrorCode::not_found).find(absent),
            std::string::npos);
}

}  // namespace
}  // namespace alpha
