#include <algorithm>
#include <cmath>
#include <cstring>
#include <tuple>

#include "tests/train/trainer_fixture.h"

#include "alpha/checkpoint/checkpoint_search.h"
#include "alpha/cpu/cpu_backend.h"
#include "alpha/cpu_ref/cpu_ref_backend.h"
#include "alpha/train/evaluate.h"

namespace alpha {
namespace {

using test::kText;
using test::TrainerTest;

namespace fs = std::filesystem;

TEST_F(TrainerTest, LearnsAndWritesWhatHappened) {
  std::vector<double> losses;
  train(setup("a"), 2, &losses);
  EXPECT_NEAR(losses.front(), std::log(tokenizer->vocab_size()), 0.1);
  EXPECT_LT(losses.back(), losses.front() - 0.5);
  const std::string metrics = read_file(root / "a" / kMetricsFile);
  EXPECT_EQ(std::ranges::count(metrics, '\n'), 20);
  const Json last =
      parse_json(metrics.substr(metrics.rfind('\n', metrics.size() - 2) + 1), "last line");
  for (const char* field :
       {"step", "loss", "valLoss", "lr", "gradNorm", "elapsed_ms", "ms_per_iter", "tokens_per_sec",
        "timing_fwd_ms", "timing_bwd_ms", "timing_grad_norm_ms", "timing_optim_ms",
        "timing_data_ms", "timing_flush_ms", "clip_coef", "clip_pct", "mfu", "bits_per_byte",
        "memory_mb"}) {
    EXPECT_TRUE(last.contains(field)) << field;
  }
  EXPECT_EQ(find_checkpoints(root / "a").size(), 2U);
}

TEST_F(TrainerTest, AResumedRunContinuesBitForBit) {
  const std::vector<float> whole = train(setup("whole"));
  const auto backend = make_backend("cpu", 2);
  fs::create_directories(root / "part");
  fs::copy(root / "whole" / "checkpoint-10", root / "part" / "checkpoint-10",
           fs::copy_options::recursive);
  Trainer trainer(*backend, setup("part"), clock, {});
  trainer.resume(CheckpointReader(root / "part" / "checkpoint-10"));
  EXPECT_EQ(trainer.step(), 10);
  trainer.run(never);
  EXPECT_EQ(to_floats(*backend, trainer.parameters().values()), whole);
}

TEST_F(TrainerTest, EveryOptimizerLearnsAndIsResumedBitForBit) {
  const auto backend = make_backend("cpu", 2);
  for (const auto& [optimizer, lr, momentum] :
       {std::tuple("sgd", 0.1, 0.9), std::tuple("sgd", 0.5, 0.0), std::tuple("lion", 3e-3, 0.0)}) {
    const std::string name = fmt::format("{}-{}", optimizer, momentum);
    const auto setup_of = [&](const std::string& run) {
      TrainerSetup s = setup(run);
      s.run.train.use_optimizer(optimizer);
      s.run.train.lr = lr;
      s.run.train.momentum = momentum;
      return s;
    };
    std::vector<double> losses;
    const std::vector<float> whole = train(setup_of(name), 2, &losses);
    EXPECT_LT(losses.back(), losses.front() - 0.3) << name;
    const CheckpointReader half(root / name / "checkpoint-10");
    EXPECT_EQ(half.has_optimizer(), name != "sgd-0") << name;
    Trainer trainer(*backend, setup_of(name + "-resumed"), clock, {});
    trainer.resume(half);
    trainer.run(never);
    EXPECT_EQ(to_floats(*backend, trainer.parameters().values()), whole) << name;
    Trainer other(*backend, setup(name + "-other"), clock, {});
    try {
      other.resume(half);
      ADD_FAILURE() << "AdamW goes on with what " << name << " left";
    } catch (const Error& error) {
      const std::string told =
          fmt::format("was trained with {}, it cannot go on with adamw", optimizer);
      EXPECT_NE(std::string(error.what()).find(told), std::string::npos) << error.what();
    }
  }
}

TEST_F(TrainerTest, StoppingSavesAndResumingGoesOnBitForBit) {
  const std::vector<float> whole = train(setup("whole"));
  const auto backend = make_backend("cpu", 2);
  std::atomic<bool> is_stopping{false};
  {
    Trainer trainer(*backend, setup("stopped"), clock, {.on_step = [&](const StepMetrics& m) {
      if (m.step == 7) is_stopping = true;
    }});
    const TrainSummary summary = trainer.run(is_stopping);
    EXPECT_EQ(summary.step, 7);
    EXPECT_FALSE(summary.is_complete);
  }
  Trainer trainer(*backend, setup("stopped"), clock, {});
  trainer.resume(CheckpointReader(resolve_checkpoint(root / "stopped").path));
  trainer.run(never);
  EXPECT_EQ(to_floats(*backend, trainer.parameters().values()), whole);
  EXPECT_EQ(std::ranges::count(read_file(root / "stopped" / kMetricsFile), '\n'), 20);
}

TEST_F(TrainerTest, WritesEventsAndTheSamplesThatAreDrawn) {
  const auto backend = make_backend("cpu", 2);
  TrainerSetup s = setup("told");
  s.run.train.sample_interval = 10;
  s.sample_prompts = {"1 and", "2 and"};
  std::vector<std::string> kinds;
  int n_samples = 0;
  Trainer trainer(*backend, std::move(s), clock,
                  {.on_sample = [&](const std::string&, const std::string&) { ++n_samples; },
                   .on_event = [&](const TrainEvent& event) { kinds.push_back(event.kind); }});
  trainer.run(never);
  EXPECT_EQ(kinds, (std::vector<std::string>{"run_started", "checkpoint_saved", "checkpoint_saved",
                                             "run_finished"}));
  const std::vector<Json> events = lines_of("told", kEventsFile);
  ASSERT_EQ(events.size(), kinds.size());
  EXPECT_EQ(events[1].at("step"), 10);
  EXPECT_EQ(events[1].at("level"), "info");
  EXPECT_EQ(events[1].at("message"), "checkpoint-10");
  EXPECT_GT(events[1].at("created_at"), 1'600'000'000'000);
  const std::vector<Json> samples = lines_of("told", kSamplesFile);
  ASSERT_EQ(samples.size(), 4U);
  EXPECT_EQ(n_samples, 4);
  EXPECT_EQ(samples[3].at("step"), 20);
  EXPECT_EQ(samples[3].at("idx"), 1);
  EXPECT_EQ(samples[3].at("prompt"), "2 and");
  EXPECT_TRUE(samples[3].at("output").is_string());
}

TEST_F(TrainerTest, WithoutAHookForThemNoSamplesAreDrawn) {
  TrainerSetup s = setup("quiet");
  s.run.train.sample_interval = 10;
  s.sample_prompts = {"1 and"};
  train(std::move(s));
  EXPECT_TRUE(lines_of("quiet", kSamplesFile).empty());
}

TEST_F(TrainerTest, ResumingDropsSamplesAndEventsOfLaterSteps) {
  train(setup("a"));
  fs::remove_all(root / "a" / "checkpoint-20");
  write_file_atomic(root / "a" / kSamplesFile,
                    "{\"step\":10,\"idx\":0}\n{\"step\":20,\"idx\":0}\n{\"st");
  const auto backend = make_backend("cpu", 2);
  Trainer trainer(*backend, setup("a"), clock, {});
  trainer.resume(CheckpointReader(root / "a" / "checkpoint-10"));
  trainer.run(never);
  EXPECT_EQ(lines_of("a", kSamplesFile).size(), 1U);
  std::vector<std::string> kinds;
  for (const Json& event : lines_of("a", kEventsFile)) {
    kinds.push_back(event.at("kind").get<std::string>());
  }
  EXPECT_EQ(kinds, (std::vector<std::string>{"run_started", "checkpoint_saved", "run_resumed",
                                             "checkpoint_saved", "run_finished"}));
}

TEST_F(TrainerTest, ARunThatFailsOrStopsSaysSo) {
  TrainerSetup s = setup("failed");
  s.run.train.lr = 1e30;
  s.run.train.grad_clip = 0;
  s.run.train.eval_interval = 15;
  EXPECT_THROW(train(std::move(s)), Error);
  EXPECT_EQ(lines_of("failed", kEventsFile).back().at("kind"), "run_failed");
  EXPECT_EQ(lines_of("failed", kEventsFile)[1].at("kind"), "warning");

  const auto backend = make_backend("cpu", 1);
  std::atomic<bool> is_stopping{false};
  Trainer trainer(*backend, setup("stopped"), clock,
                  {.on_step = [&](const StepMetrics&) { is_stopping = true; }});
  trainer.run(is_stopping);
  EXPECT_EQ(lines_of("stopped", kEventsFile).back().at("kind"), "run_stopped");
}

TEST_F(TrainerTest, DoesNotDependOnTheNumberOfThreads) {
  const std::vector<float> one = train(setup("one"), 1);
  EXPECT_EQ(train(setup("two"), 2), one);
  EXPECT_EQ(train(setup("five"), 5), one);
}

TEST_F(TrainerTest, DoesNotDependOnEvaluationOrSamplesOrRecomputation) {
  const std::vector<float> plain = train(setup("plain"));
  TrainerSetup s = setup("busy");
  s.run.train.eval_interval = 1;
  s.run.train.sample_interval = 3;
  s.run.train.is_checkpointing = true;
  s.sample_prompts = {"1 and"};
  EXPECT_EQ(train(std::move(s)), plain);
}

TEST_F(TrainerTest, AccumulatedGradientsEqualTheBigBatch) {
  TrainerSetup small = setup("small");
  TrainerSetup big = setup("big");
  small.run.model.dropout = 0;
  big.run.model.dropout = 0;
  big.run.train.batch_size = 8;
  big.run.train.grad_accum_steps = 1;
  std::vector<double> small_losses;
  std::vector<double> big_losses;
  train(std::move(small), 2, &small_losses);
  train(std::move(big), 2, &big_losses);
  for (std::size_t i = 0; i < big_losses.size(); ++i)
    EXPECT_NEAR(small_losses[i], big_losses[i], 2e-5) << i;
}

TEST_F(TrainerTest, AStepThatIsNotFiniteLeavesTheWeights) {
  const auto backend = make_backend("cpu", 1);
  int n_warnings = 0;
  TrainerSetup s = setup("nan");
  s.run.train.spike_threshold = 1e-9;
  Trainer trainer(*backend, std::move(s), clock,
                  {.on_warning = [&](const std::string&) { ++n_warnings; }});
  const std::vector<float> before = to_floats(*backend, trainer.parameters().values());
  trainer.run(never);
  EXPECT_EQ(to_floats(*backend, trainer.parameters().values()), before);
  EXPECT_EQ(n_warnings, 20);
}

TEST_F(TrainerTest, ASkippedStepDoesNotCountForTheOptimizer) {
  const auto backend = make_backend("cpu", 1);
  const auto state_of = [&](const std::string& name, double spike_threshold,
                            std::vector<StepMetrics>& steps) {
    TrainerSetup s = setup(name);
    s.run.train.grad_clip = 0;
    s.run.train.spike_threshold = spike_threshold;
    Trainer trainer(*backend, std::move(s), clock,
                    {.on_step = [&](const StepMetrics& m) { steps.push_back(m); }});
    trainer.run(never);
    return *CheckpointReader(root / name / "checkpoint-20").trainer_state();
  };
  std::vector<StepMetrics> free;
  EXPECT_EQ(state_of("free", 0, free).at("optimizerStep"), 20);
  std::vector<double> norms;
  for (const StepMetrics& m : free) norms.push_back(m.grad_norm);
  std::ranges::sort(norms);
  std::vector<StepMetrics> steps;
  const Json state = state_of("spikes", norms[10], steps);
  const auto n_skipped = std::ranges::count(steps, true, &StepMetrics::is_skipped);
  EXPECT_GT(n_skipped, 0);
  EXPECT_LT(n_skipped, 20);
  EXPECT_EQ(state.at("step"), 20);
  EXPECT_EQ(state.at("optimizerStep"), 20 - n_skipped);
  for (const StepMetrics& m : steps) EXPECT_EQ(m.is_skipped, m.grad_norm > norms[10]) << m.step;
}

/// The reference's kernels, and how often the host reads what they made.
class CountingBackend final : public Backend {
 public:
  std::string_view name() const noexcept override { return "counting"; }

  const KernelTable& kernels() const noexcept override { return cpu_ref::kernel_table(); }

  StorageRef allocate(std::size_t size_bytes) override { return memory_.allocate(size_bytes); }

  void upload(const void* src, const Tensor& dst) override {
    std::memcpy(dst.raw(), src, dst.size_bytes());
  }

  void download(const Tensor& src, void* dst) override {
    ++n_downloads;
    std::memcpy(dst, src.raw(), src.size_bytes());
  }

  int n_downloads = 0;

 private:
  HostMemory memory_;
};

TEST_F(TrainerTest, AStepReadsOnceFromTheDeviceAndAnEvaluationOnce) {
  CountingBackend backend;
  TrainerSetup s = setup("counted");
  s.run.train.iters = 6;
  s.run.train.eval_interval = 3;
  s.run.train.checkpoint_interval = 100;
  std::vector<int> reads;
  int before = 0;
  Trainer trainer(backend, std::move(s), clock, {.on_step = [&](const StepMetrics& m) {
                    EXPECT_EQ(m.validation_loss.has_value(), m.step % 3 == 0);
                    reads.push_back(backend.n_downloads - before);
                    before = backend.n_downloads;
                  }});
  before = backend.n_downloads;
  trainer.run(never);
  EXPECT_EQ(reads, (std::vector<int>{1, 1, 2, 1, 1, 2}));
}

TEST_F(TrainerTest, AStepTakesNoNewTensorMemoryOnceItHasRunBefore) {
  cpu::CpuBackend backend(2);
  std::vector<std::int64_t> n_allocations;
  TrainerSetup s = setup("memory");
  s.run.train.eval_interval = 1000;
  Trainer trainer(backend, std::move(s), clock, {.on_step = [&](const StepMetrics&) {
                    n_allocations.push_back(backend.memory().stats().n_system_allocations);
                  }});
  std::atomic<bool> is_stopping{false};
  trainer.run(is_stopping);
  ASSERT_EQ(n_allocations.size(), 20U);
  EXPECT_EQ(n_allocations[1], n_allocations[18]);
}

TEST_F(TrainerTest, RefusesDataOfAnotherRunAndTextShorterThanTheBlock) {
  train(setup("a"));
  const auto backend = make_backend("cpu", 1);
  TrainerSetup other = setup("b");
  other.data.fingerprint ^= 1;
  Trainer trainer(*backend, std::move(other), clock, {});
  EXPECT_THROW(trainer.resume(CheckpointReader(root / "a" / "checkpoint-10")), Error);
  TrainerSetup tiny = setup("c");
  tiny.data.validation.resize(16);
  EXPECT_THROW(Trainer(*backend, std::move(tiny), clock, {}), Error);
}

TEST_F(TrainerTest, DoesNotOverwriteAnotherRunOrForeignFilesOrLaterSteps) {
  train(setup("a"));
  EXPECT_THROW(train(setup("a")), Error);

  write_file_atomic(root / "foreign" / "config.json", "{}");
  EXPECT_THROW(train(setup("foreign")), Error);
  EXPECT_EQ(read_file(root / "foreign" / "config.json"), "{}");

  const auto backend = make_backend("cpu", 1);
  Trainer trainer(*backend, setup("a"), clock, {});
  trainer.resume(CheckpointReader(root / "a" / "checkpoint-10"));
  EXPECT_THROW(trainer.run(never), Error);  // checkpoint-20 stands there already
  EXPECT_EQ(std::ranges::count(read_file(root / "a" / kMetricsFile), '\n'), 20);
}

TEST_F(TrainerTest, GivesUpWhenTheLossStaysNotFinite) {
  TrainerSetup s = setup("diverged");
  s.run.train.lr = 1e30;
  s.run.train.grad_clip = 0;
  s.run.train.eval_interval = 15;
  EXPECT_THROW(train(std::move(s)), Error);
  EXPECT_TRUE(find_checkpoints(root / "diverged").empty());
}

TEST_F(TrainerTest, EvaluationOfEverythingWeighsEveryTokenOnce) {
  const auto backend = make_backend("cpu", 2);
  const TrainerSetup s = setup("e");
  Parameters parameters(*backend, gpt_parameters(s.run.model));
  initialize(*backend, s.run.model, parameters, 3);
  const GptWeights weights = gpt_weights(s.run.model, parameters);
  const EvaluatedModel model{.backend = *backend, .config = s.run.model, .weights = weights};
  const double once = evaluate_all(model, s.data.validation, 3);
  EXPECT_NEAR(evaluate_all(model, s.data.validation, 1), once, 1e-6);
  EXPECT_NEAR(evaluate_windows(model, s.data.validation, 4, 1000000), once, 0.05);
}

}  // namespace
}  // namespace alpha
