#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "alpha/checkpoint/manifest.h"
#include "alpha/core/clock.h"
#include "alpha/core/files.h"
#include "alpha/core/hash.h"
#include "alpha/core/json.h"

namespace alpha {

class FakeClock final : public Clock {
 public:
  double seconds() const override { return static_cast<double>(now_ms) / 1000; }

  double cpu_seconds() const override { return 0; }

  std::int64_t unix_ms() const override { return now_ms; }

  std::int64_t now_ms = 1'800'000'000'000;
};

/// A temporary folder, and runs and checkpoints in it.
class RunTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "alpha_runs_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root = pattern;
  }

  void TearDown() override { std::filesystem::remove_all(root); }

  static Json run_config(const std::string& run_id, std::int64_t iters = 100) {
    return {{"modelConfig",
             {{"vocabSize", 10}, {"blockSize", 8}, {"nLayer", 1}, {"nEmbd", 4}, {"nHead", 2}}},
            {"trainConfig", {{"iters", iters}, {"batchSize", 4}, {"lr", 0.001}}},
            {"configHash", "abc"},
            {"runId", run_id},
            {"domain", "novels"}};
  }

  std::filesystem::path make_run(const std::string& name, std::int64_t iters = 100) const {
    write_file_atomic(root / name / "config.json", run_config(name, iters).dump(2));
    return root / name;
  }

  /// Appends a line and sets the file's time to now.
  void append(const std::filesystem::path& path, std::string_view text) const {
    std::ofstream(path, std::ios::app) << text;
    touch_file(path, clock.now_ms);
  }

  void append_step(const std::filesystem::path& run, std::int64_t step, double loss) const {
    append(run / "metrics.jsonl",
           Json{{"step", step}, {"loss", loss}, {"lr", 0.1}, {"gradNorm", 1.5}}.dump() + "\n");
  }

  /// A checkpoint whose manifest is right, though its tensors are none.
  static void make_checkpoint(const std::filesystem::path& path, std::int64_t step,
                              const Json& best_val_loss = nullptr) {
    Manifest manifest;
    const auto add = [&](std::string_view name, const std::string& text) {
      write_file_atomic(path / name, text);
      manifest.files[std::string(name)] = {text.size(), xxh3(text)};
    };
    add(kConfigFile, run_config("any").dump());
    add(kTokenizerFile, "{}");
    add(kModelFile, "weights");
    add(kTrainerStateFile, Json{{"step", step}, {"bestValLoss", best_val_loss}}.dump());
    write_file_atomic(path / kManifestFile, render_manifest(manifest));
  }

  FakeClock clock;
  std::filesystem::path root;
};

}  // namespace alpha
