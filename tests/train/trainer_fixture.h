#pragma once

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "alpha/backends/backends.h"
#include "alpha/core/files.h"
#include "alpha/core/json.h"
#include "alpha/tensor/create.h"
#include "alpha/tokenizers/tokenizer_factory.h"
#include "alpha/train/trainer.h"

namespace alpha::test {

inline const std::string kText = [] {
  std::string text;
  for (int i = 0; i < 400; ++i)
    text += fmt::format("{} and {} make {}.\n", i % 7, i % 5, i % 7 + i % 5);
  return text;
}();

/// A temporary folder and tiny runs in it.
class TrainerTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "alpha_trainer_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root = pattern;
  }

  void TearDown() override { std::filesystem::remove_all(root); }

  /// A tiny run with dropout, two micro-batches a step, and evaluations and checkpoints on the way.
  TrainerSetup setup(const std::string& name) const {
    TrainerSetup s = {};
    s.tokenizer = tokenizer;
    s.data = tokenize_data(*tokenizer, std::string_view(kText).substr(0, 6000),
                           std::string_view(kText).substr(6000));
    s.run.model = {.vocab_size = tokenizer->vocab_size(),
                   .block_size = 16,
                   .n_layer = 2,
                   .n_embd = 16,
                   .n_head = 2,
                   .dropout = 0.1};
    s.run.train.iters = 20;
    s.run.train.batch_size = 4;
    s.run.train.grad_accum_steps = 2;
    s.run.train.lr = 1e-2;
    s.run.train.eval_interval = 10;
    s.run.train.eval_iters = 2;
    s.run.train.sample_interval = 0;
    s.run_dir = root / name;
    return s;
  }

  std::vector<float> train(TrainerSetup s, int n_threads = 2, std::vector<double>* losses = nullptr,
                           std::string_view backend_name = "cpu") const {
    const auto backend = make_backend(backend_name, n_threads);
    return train_on(*backend, std::move(s), losses);
  }

  /// The parameters at the end.
  std::vector<float> train_on(Backend& backend, TrainerSetup s,
                              std::vector<double>* losses = nullptr) const {
    TrainerHooks hooks;
    if (losses != nullptr) hooks.on_step = [=](const StepMetrics& m) { losses->push_back(m.loss); };
    Trainer trainer(backend, std::move(s), clock, hooks);
    trainer.run(never);
    return to_floats(backend, trainer.parameters().values());
  }

  std::vector<Json> lines_of(const std::string& name, std::string_view file) const {
    std::vector<Json> lines;
    std::istringstream text(read_file(root / name / file));
    for (std::string line; std::getline(text, line);) lines.push_back(parse_json(line, file));
    return lines;
  }

  std::shared_ptr<const Tokenizer> tokenizer = train_tokenizer("char", kText);
  SystemClock clock;
  std::atomic<bool> never{false};
  std::filesystem::path root;
};

}  // namespace alpha::test
