// Training on every backend: the same numbers, the same checkpoints, and each its own bits again.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "tests/ops/backend_param.h"
#include "tests/train/trainer_fixture.h"

#include "alpha/tensor/ops/fill.h"

namespace alpha::test {
namespace {

namespace fs = std::filesystem;

/// Parameters or moments by name, as a checkpoint holds them.
using Values = std::map<std::string, std::vector<float>>;

Values values_of(const SafetensorsFile& file) {
  Values values;
  for (const SafetensorsEntry& entry : file.entries()) {
    const auto bytes = file.bytes(entry);
    std::vector<float>& floats = values[entry.name];
    floats.resize(bytes.size() / sizeof(float));
    std::memcpy(floats.data(), bytes.data(), bytes.size());
  }
  return values;
}

/// The largest difference.
double distance(const Values& a, const Values& b) {
  EXPECT_EQ(a.size(), b.size());
  double worst = 0;
  for (const auto& [name, x] : a) {
    const std::vector<float>& y = b.at(name);
    EXPECT_EQ(x.size(), y.size()) << name;
    for (std::size_t i = 0; i < x.size(); ++i) {
      worst = std::max(worst, std::abs(static_cast<double>(x[i]) - static_cast<double>(y[i])));
    }
  }
  return worst;
}

/// Moments, each scaled by the largest of its tensor. Those of gradients that are 0 but for
/// rounding (keys have a bias, and softmax does not see it) are scaled by what is small for others.
Values scaled(Values moments, const Values& by) {
  for (auto& [name, x] : moments) {
    double size = name.ends_with(".v") ? 1e-12 : 1e-6;
    for (const float value : by.at(name))
      size = std::max(size, std::abs(static_cast<double>(value)));
    for (float& value : x) value = static_cast<float>(value / size);
  }
  return moments;
}

double moment_distance(const CheckpointReader& a, const CheckpointReader& b) {
  const Values x = values_of(a.optimizer());
  const Values y = values_of(b.optimizer());
  return distance(scaled(x, y), scaled(y, y));
}

class TrainingOn : public TrainerTest, public testing::WithParamInterface<std::string_view> {
 protected:
  /// Ten steps with all that changes a step: dropout, decay, a clip that bites, accumulation.
  TrainerSetup ten_steps(const std::string& name, const GptConfig& model) const {
    TrainerSetup s = setup(name);
    s.run.model = model;
    s.run.train.iters = 10;
    s.run.train.batch_size = 2;
    s.run.train.lr = 1e-3;
    s.run.train.weight_decay = 0.1;
    s.run.train.grad_clip = 0.8;
    return s;
  }

  GptConfig small(std::string_view preset) const {
    GptConfig config = gpt_preset(preset);
    config.vocab_size = tokenizer->vocab_size();
    config.block_size = 17;
    config.n_layer = 2;
    config.n_embd = 48;
    config.n_head = 3;
    config.dropout = 0.1;
    return config;
  }

  /// Each option of the model at each of its values, most of them twice.
  std::vector<GptConfig> variants() const {
    std::vector<GptConfig> all = {small("alpha"), small("gpt2"), small("nanogpt"),
                                  small("alpha"), small("gpt2"), small("nanogpt")};
    all[1].dropout = 0.2;
    all[3].norm = Norm::rms_norm;
    all[3].activation = FfnActivation::swiglu;
    all[3].is_tied = true;
    all[4].activation = FfnActivation::silu;
    all[4].n_head = 1;
    all[5].activation = FfnActivation::relu;
    all[5].is_tied = false;
    all[5].soft_cap = 5;
    all[5].n_head = 4;
    return all;
  }

  CheckpointReader checkpoint(const std::string& name, std::int64_t step) const {
    return CheckpointReader(root / name / fmt::format("checkpoint-{}", step));
  }

  std::string bytes_of(const std::string& name, std::int64_t step, std::string_view file) const {
    return read_file(checkpoint(name, step).path() / file);
  }

  /// Goes on with run `from` after `step` as another run, to its end; gives the losses.
  std::vector<double> resume(Backend& on, const std::string& from, std::int64_t step,
                             const std::string& as) const {
    std::vector<double> losses;
    Trainer trainer(on, setup(as), clock,
                    {.on_step = [&](const StepMetrics& m) { losses.push_back(m.loss); }});
    trainer.resume(checkpoint(from, step));
    trainer.run(never);
    return losses;
  }

  void expect_same_bits(const std::string& run, const std::string& other) const {
    for (const std::string_view file : {kModelFile, kOptimizerFile}) {
      EXPECT_TRUE(bytes_of(run, 20, file) == bytes_of(other, 20, file)) << run << "/" << file;
    }
  }

  std::unique_ptr<Backend> backend = make_backend(GetParam(), 2);
  std::unique_ptr<Backend> reference = make_backend("cpu_ref");
};

TEST_P(TrainingOn, TenStepsAreThoseOfTheReference) {
  int n = 0;
  for (const GptConfig& model : variants()) {
    SCOPED_TRACE(to_json(model).dump());
    std::vector<double> losses;
    std::vector<double> expected;
    const std::string got = fmt::format("got{}", n);
    const std::string wanted = fmt::format("wanted{}", n++);
    train_on(*backend, ten_steps(got, model), &losses);
    train_on(*reference, ten_steps(wanted, model), &expected);
    ASSERT_EQ(losses.size(), 10U);
    for (std::size_t i = 0; i < losses.size(); ++i) {
      EXPECT_NEAR(losses[i], expected[i], 1e-4) << "step " << i + 1;
    }
    EXPECT_LT(
        distance(values_of(checkpoint(got, 10).model()), values_of(checkpoint(wanted, 10).model())),
        1e-4);
    EXPECT_LT(moment_distance(checkpoint(got, 10), checkpoint(wanted, 10)), 1e-4);
  }
}

TEST_P(TrainingOn, SgdAndLionStepAsOnTheReference) {
  for (const std::string optimizer : {"sgd", "lion"}) {
    const auto steps = [&](const std::string& name) {
      TrainerSetup s = ten_steps(name + optimizer, small("nanogpt"));
      s.run.train.use_optimizer(optimizer);
      return s;
    };
    std::vector<double> losses;
    std::vector<double> expected;
    train_on(*backend, steps("got"), &losses);
    train_on(*reference, steps("wanted"), &expected);
    ASSERT_EQ(losses.size(), 10U);
    EXPECT_LT(losses.back(), losses.front() - 0.01) << optimizer;
    for (std::size_t i = 0; i < losses.size(); ++i) {
      EXPECT_NEAR(losses[i], expected[i], 1e-4) << optimizer << ", step " << i + 1;
    }
    EXPECT_LT(
        moment_distance(checkpoint("got" + optimizer, 10), checkpoint("wanted" + optimizer, 10)),
        1e-3)
        << optimizer;
  }
}

TEST_P(TrainingOn, SixtyStepsEndWhereTheReferenceEnds) {
  const auto sixty = [&](const std::string& name) {
    TrainerSetup s = setup(name);
    s.run.train.iters = 60;
    s.run.train.grad_accum_steps = 1;
    s.run.train.eval_interval = 60;
    return s;
  };
  std::vector<double> losses;
  std::vector<double> expected;
  train_on(*backend, sixty("got"), &losses);
  train_on(*reference, sixty("expected"), &expected);
  EXPECT_LT(losses.back(), losses.front() - 2);
  EXPECT_NEAR(losses.back(), expected.back(), 1e-4);
}

TEST_P(TrainingOn, ASecondRunAndAResumedOneHaveTheSameParametersAndMomentsBitForBit) {
  train_on(*backend, setup("whole"));
  train_on(*backend, setup("second"));
  expect_same_bits("second", "whole");
  // As after a new start of the program.
  const auto fresh = make_backend(GetParam(), 2);
  resume(*fresh, "whole", 10, "resumed");
  expect_same_bits("resumed", "whole");
}

TEST_P(TrainingOn, ARunGoesOnOnTheReferenceAndTheReferencesRunHere) {
  std::vector<double> whole;
  train_on(*backend, setup("here"), &whole);
  train_on(*reference, setup("there"));
  const auto from_here = resume(*reference, "here", 10, "from_here");
  const auto from_there = resume(*backend, "there", 10, "from_there");
  ASSERT_EQ(from_here.size(), 10U);
  ASSERT_EQ(from_there.size(), 10U);
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_NEAR(from_here[i], whole[10 + i], 1e-4) << i;
    EXPECT_NEAR(from_there[i], whole[10 + i], 1e-4) << i;
  }
  EXPECT_LT(moment_distance(checkpoint("from_here", 20), checkpoint("there", 20)), 1e-3);
  EXPECT_LT(moment_distance(checkpoint("from_there", 20), checkpoint("there", 20)), 1e-3);
}

TEST_P(TrainingOn, Bf16LearnsAsF32) {
  const auto run = [&](const std::string& name, DType dtype) {
    TrainerSetup s = setup(name);
    s.run.train.iters = 12;
    s.run.train.dtype = dtype;
    std::vector<double> losses;
    train_on(*backend, std::move(s), &losses);
    return losses;
  };
  const auto narrow = run("bf16", DType::bf16);
  const auto wide = run("f32", DType::f32);
  ASSERT_EQ(narrow.size(), 12U);
  for (std::size_t i = 0; i < wide.size(); ++i) EXPECT_NEAR(narrow[i], wide[i], 0.03) << i;
}

TEST_P(TrainingOn, ALossThatIsNotFiniteLeavesEveryWeight) {
  TrainerSetup s = setup("diverged");
  s.run.train.lr = 1e30;
  s.run.train.grad_clip = 0;
  s.run.train.eval_interval = 100;
  const Trainer* trainer = nullptr;
  std::vector<std::vector<float>> weights;
  std::vector<StepMetrics> steps;
  Trainer made(*backend, std::move(s), clock, {.on_step = [&](const StepMetrics& m) {
    steps.push_back(m);
    weights.push_back(to_floats(*backend, trainer->parameters().values()));
  }});
  trainer = &made;
  EXPECT_THROW(made.run(never), Error);
  ASSERT_GT(steps.size(), 9U);
  for (std::size_t i = steps.size() - 9; i < steps.size(); ++i) {
    EXPECT_TRUE(steps[i].is_skipped) << i;
    EXPECT_FALSE(std::isfinite(steps[i].loss) && std::isfinite(steps[i].grad_norm)) << i;
    EXPECT_EQ(weights[i], weights[steps.size() - 10]) << i;
  }
}

TEST_P(TrainingOn, AnOptimizerGoesOnAfterAStepThatWasNoneAsIfItHadNotBeen) {
  for (const OptimizerKind kind : {OptimizerKind::adamw, OptimizerKind::sgd, OptimizerKind::lion}) {
    const auto weights_after = [&](const std::vector<double>& scales) {
      const GptConfig config = small("gpt2");
      Parameters parameters(*backend, gpt_parameters(config), DType::f32, DType::bf16);
      parameters.allocate_gradients();
      initialize(*backend, config, parameters, 1);
      fill(*backend, parameters.gradients(), 0.01);
      Optimizer optimizer(*backend, parameters, {.kind = kind, .momentum = 0.5});
      for (const double scale : scales) {
        optimizer.step(0.1, full(*backend, {}, scale));
        if (scale == 0) optimizer.take_back();
      }
      return std::pair(to_floats(*backend, parameters.values()),
                       to_floats(*backend, parameters.compute_copy()));
    };
    EXPECT_EQ(weights_after({0, 1, 0, 0, 0.5}), weights_after({1, 0.5})) << to_string(kind);
  }
}

TEST_P(TrainingOn, SamplesAreDrawnOnTheWay) {
  TrainerSetup s = setup("told");
  s.run.train.iters = 2;
  s.run.train.sample_interval = 1;
  s.run.train.is_checkpointing = true;
  s.sample_prompts = {"1 and"};
  std::vector<std::string> texts;
  Trainer trainer(
      *backend, std::move(s), clock,
      {.on_sample = [&](const std::string&, const std::string& text) { texts.push_back(text); }});
  trainer.run(never);
  ASSERT_EQ(texts.size(), 2U);
  for (const std::string& text : texts) EXPECT_FALSE(text.empty());
}

std::vector<std::string_view> all_but_the_reference() {
  std::vector<std::string_view> names = usable_backends();
  std::erase(names, "cpu_ref");
  return names;
}

INSTANTIATE_TEST_SUITE_P(Backends, TrainingOn, testing::ValuesIn(all_but_the_reference()),
                         backend_test_name);

}  // namespace
}  // namespace alpha::test
