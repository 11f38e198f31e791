#include "alpha/model/gpt.h"

#include <algorithm>

#include "tests/ops/backend_param.h"
#include <gtest/gtest.h>

#include "alpha/autograd/ops.h"
#include "alpha/core/json.h"
#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/fill.h"

namespace alpha {
namespace {

GptConfig small(std::string_view preset) {
  GptConfig config = gpt_preset(preset);
  config.vocab_size = 13;
  config.block_size = 12;
  config.n_layer = 2;
  config.n_embd = 16;
  config.n_head = 4;
  return config;
}

/// Every option that changes the function that the model computes.
std::vector<GptConfig> variants() {
  std::vector<GptConfig> result = {small("alpha"), small("gpt2"), small("nanogpt")};
  using enum FfnActivation;
  for (const FfnActivation activation : {relu, silu, swiglu}) {
    result.push_back(small("gpt2"));
    result.back().activation = activation;
  }
  result.push_back(small("alpha"));
  result.back().norm = Norm::rms_norm;
  return result;
}

std::vector<std::int32_t> some_tokens(std::int64_t n, std::int64_t vocab_size, int seed = 3) {
  SeededRng rng(seed);
  std::vector<std::int32_t> ids(static_cast<std::size_t>(n));
  for (auto& id : ids) id = static_cast<std::int32_t>(rng.next() * static_cast<double>(vocab_size));
  return ids;
}

/// A model with weights large enough for its non-linear parts to matter.
struct Model {
  Model(Backend& backend, const GptConfig& c, DType dtype = DType::f32)
      : config(c),
        parameters(backend, gpt_parameters(c), dtype, dtype) {
    SeededRng rng(5);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const Tensor value = parameters.value(i);
      std::vector<double> numbers(static_cast<std::size_t>(value.numel()));
      const bool is_scale = parameters.specs()[i].name.ends_with("weight");
      for (double& x : numbers) x = (is_scale ? 1 : 0) + 0.3 * rng.next_gauss();
      const Tensor filled =
          from_values(backend, value.shape(), std::span<const double>(numbers), dtype);
      std::vector<std::byte> bytes(value.size_bytes());
      backend.download(filled, bytes.data());
      backend.upload(bytes.data(), value);
    }
    parameters.allocate_gradients();
    weights = gpt_weights(config, parameters);
  }

  GptConfig config;
  Parameters parameters;
  GptWeights weights;
};

class Gpt : public testing::TestWithParam<std::string_view> {
 protected:
  std::unique_ptr<Backend> backend = make_backend(GetParam(), 2);

  Tensor tokens(const std::vector<std::int32_t>& ids, std::int64_t B = 1) {
    return from_values(*backend, {B, static_cast<std::int64_t>(ids.size()) / B},
                       std::span<const std::int32_t>(ids));
  }

  std::vector<float> logits(const Model& model, const std::vector<std::int32_t>& ids,
                            const ForwardOptions& options = {}) {
    Tape tape(*backend, false);
    return to_floats(*backend,
                     gpt_forward(tape, model.config, model.weights, tokens(ids), options).data());
  }
};

TEST_P(Gpt, ALaterTokenChangesNoEarlierLogitBit) {
  for (const GptConfig& config : variants()) {
    const Model model(*backend, config);
    auto ids = some_tokens(config.block_size, config.vocab_size);
    const std::vector<float> before = logits(model, ids);
    const auto V = static_cast<std::size_t>(config.vocab_size);
    for (const std::size_t j : {std::size_t{11}, std::size_t{7}, std::size_t{1}}) {
      auto changed = ids;
      changed[j] = (changed[j] + 1) % static_cast<std::int32_t>(config.vocab_size);
      const std::vector<float> after = logits(model, changed);
      EXPECT_TRUE(std::equal(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(j * V),
                             after.begin()));
      EXPECT_FALSE(std::equal(before.begin() + static_cast<std::ptrdiff_t>(j * V), before.end(),
                              after.begin() + static_cast<std::ptrdiff_t>(j * V)));
    }
  }
}

TEST_P(Gpt, RecomputedActivationsGiveTheSameGradientsDropoutIncluded) {
  GptConfig config = small("gpt2");
  config.dropout = 0.3;
  Model model(*backend, config);
  const auto ids = some_tokens(24, config.vocab_size);
  const auto gradients = [&](bool is_checkpointing, std::int32_t seed) {
    fill(*backend, model.parameters.gradients(), 0);
    Tape tape(*backend);
    const Variable y = gpt_forward(
        tape, config, model.weights, tokens(ids, 2),
        {.is_training = true, .dropout_seed = seed, .is_checkpointing = is_checkpointing});
    tape.backward(cross_entropy(tape, y, tokens(some_tokens(24, config.vocab_size, 9), 2)));
    return to_floats(*backend, model.parameters.gradients());
  };
  const std::vector<float> plain = gradients(false, 1);
  EXPECT_EQ(gradients(true, 1), plain);
  EXPECT_NE(gradients(true, 2), plain);
}

TEST_P(Gpt, ABatchRowDoesNotSeeTheOthers) {
  const Model model(*backend, small("alpha"));
  const auto ids = some_tokens(36, 13);
  Tape tape(*backend, false);
  const std::vector<float> together =
      to_floats(*backend, gpt_forward(tape, model.config, model.weights, tokens(ids, 3)).data());
  const std::vector<float> alone = logits(model, {ids.begin() + 12, ids.begin() + 24});
  EXPECT_TRUE(std::equal(alone.begin(), alone.end(), together.begin() + 12 * 13));
}

TEST_P(Gpt, RefusesWhatDoesNotFit) {
  const Model model(*backend, small("alpha"));
  const auto refusal = [&](const Tensor& ids, const ForwardOptions& options = {}) -> std::string {
    Tape tape(*backend, false);
    try {
      gpt_forward(tape, model.config, model.weights, ids, options);
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing";
  };
  EXPECT_EQ(refusal(tokens(some_tokens(12, 13))), "nothing");
  EXPECT_EQ(refusal(tokens(some_tokens(13, 13))), "[gpt] 13 positions, expected at most 12");
  const PagedStep step;
  EXPECT_EQ(refusal(tokens(some_tokens(4, 13), 2), {.paged = &step}),
            "[gpt] tokens of a paged step have shape [2, 2], expected [1, rows]");
}

INSTANTIATE_TEST_SUITE_P(Backends, Gpt, test::each_backend(), test::backend_test_name);

TEST(GptGradient, OfTheWholeModelAgreesWithDifferencesInDouble) {
  const auto backend = make_backend("cpu_ref");
  for (GptConfig config : variants()) {
    config.dropout = 0.2;
    Model model(*backend, config, DType::f64);
    const auto ids = some_tokens(10, config.vocab_size);
    const Tensor inputs = from_values(*backend, {2, 5}, std::span<const std::int32_t>(ids));
    const auto wanted = some_tokens(10, config.vocab_size, 8);
    const Tensor targets = from_values(*backend, {2, 5}, std::span<const std::int32_t>(wanted));
    const auto loss = [&](bool is_recording) {
      Tape tape(*backend, is_recording);
      const Variable y = gpt_forward(tape, config, model.weights, inputs,
                                     {.is_training = true, .dropout_seed = 7});
      const Variable value = cross_entropy(tape, y, targets);
      if (is_recording) tape.backward(value);
      return to_scalar(*backend, value.data());
    };
    loss(true);
    const std::vector<double> gradients = to_doubles(*backend, model.parameters.gradients());
    auto* values = model.parameters.values().data<double>();
    SeededRng rng(1);
    for (int i = 0; i < 60; ++i) {
      const auto j = static_cast<std::size_t>(rng.next() * static_cast<double>(gradients.size()));
      const double x = values[j];
      values[j] = x + 1e-5;
      const double above = loss(false);
      values[j] = x - 1e-5;
      const double below = loss(false);
      values[j] = x;
      ASSERT_NEAR(gradients[j], (above - below) / 2e-5, 1e-7) << j;
    }
  }
}

TEST(GptConfig, CountsParametersAsTheOriginal) {
  EXPECT_EQ((GptConfig{.vocab_size = 4000}.n_parameters()), 6838784);
  EXPECT_EQ(gpt_preset("gpt2").n_parameters(), 124439808);
}

TEST(GptConfig, SurvivesJson) {
  for (const GptConfig& config : variants()) {
    GptConfig expected = config;
    expected.ffn_dim = config.resolved_ffn_dim();
    EXPECT_EQ(gpt_config_from_json(to_json(config), "test"), expected);
  }
}

TEST(GptConfig, SaysWhatIsWrongWithTheNumbers) {
  GptConfig config;
  config.n_embd = 100;
  config.n_head = 7;
  try {
    config.validate();
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("7 heads do not divide a width of 100"),
              std::string::npos);
  }
  EXPECT_THROW(gpt_preset("gpt5"), Error);
  EXPECT_THROW(gpt_config_from_json({{"vocabSize", 3}}, "x"), Error);
  EXPECT_THROW(gpt_config_from_json({{"vocabSize", "3"}}, "x"), Error);
}

}  // namespace
}  // namespace alpha
