// The original's own numbers for a tiny model (reference, appendix D): vocabulary 11, block 8,
// 2 layers, width 8, 2 heads, seed 42, inputs 1 … 8, targets 2 … 9.
#include <cmath>
#include <map>
#include <numeric>

#include "tests/ops/backend_param.h"
#include <gtest/gtest.h>

#include "alpha/autograd/ops.h"
#include "alpha/model/gpt.h"
#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/adamw.h"
#include "alpha/tensor/ops/fill.h"
#include "alpha/tensor/ops/reduce.h"

namespace alpha {
namespace {

GptConfig tiny() {
  return {.vocab_size = 11, .block_size = 8, .n_layer = 2, .n_embd = 8, .n_head = 2};
}

class OriginalVectors : public testing::TestWithParam<std::string_view> {
 protected:
  OriginalVectors()
      : backend(make_backend(GetParam(), 2)),
        config(tiny()),
        parameters(*backend, gpt_parameters(config)) {
    parameters.allocate_gradients();
    initialize(*backend, config, parameters, 42, InitSource::original);
    weights = gpt_weights(config, parameters);
    std::vector<std::int32_t> ids(9);
    std::iota(ids.begin(), ids.end(), 1);
    inputs = from_values(*backend, {1, 8}, std::span<const std::int32_t>(ids).first(8));
    targets = from_values(*backend, {1, 8}, std::span<const std::int32_t>(ids).last(8));
  }

  double relative_tolerance() const { return GetParam() == "cpu_ref" ? 1e-6 : 1e-5; }

  void expect_close(double value, double expected, const std::string& what) const {
    EXPECT_NEAR(value, expected, relative_tolerance() * std::abs(expected)) << what;
  }

  /// Forward and backward; returns the loss.
  double step() {
    fill(*backend, parameters.gradients(), 0);
    Tape tape(*backend);
    const Variable loss = cross_entropy(tape, gpt_forward(tape, config, weights, inputs), targets);
    const double value = to_scalar(*backend, loss.data());
    tape.backward(loss);
    return value;
  }

  std::vector<float> first_three(const std::string& name) {
    std::vector<float> values = to_floats(*backend, parameters.value(parameters.index(name)));
    values.resize(3);
    return values;
  }

  std::unique_ptr<Backend> backend;
  GptConfig config;
  Parameters parameters;
  GptWeights weights;
  Tensor inputs;
  Tensor targets;
};

using Three = std::vector<float>;

TEST_P(OriginalVectors, InitialWeightsAreTheOriginalsBitForBit) {
  EXPECT_EQ(config.n_parameters(), 1856);
  EXPECT_EQ(first_three("wpe"),
            (Three{-0.01771143265068531F, -0.004258640576153994F, -0.00263466639444232F}));
  EXPECT_EQ(first_three("layer.0.attn.wqkv"),
            (Three{0.032396912574768066F, 0.0027933046221733093F, 0.008859679102897644F}));
  EXPECT_EQ(first_three("layer.0.attn.wo"),
            (Three{-0.009431404061615467F, 0.00659657409414649F, 0.002975005190819502F}));
  EXPECT_EQ(first_three("layer.1.mlp.fc2"),
            (Three{0.0022117982152849436F, 0.020341284573078156F, 0.006313761696219444F}));
  EXPECT_EQ(first_three("lmHead"),
            (Three{-0.014082939364016056F, 0.004331832751631737F, -0.0034863632172346115F}));
}

TEST_P(OriginalVectors, LossAndLogitsAreTheOriginals) {
  expect_close(step(), 2.3972134590148926, "loss");
  Tape tape(*backend, false);
  const std::vector<double> logits =
      to_doubles(*backend, gpt_forward(tape, config, weights, inputs).data());
  const double first_row[] = {-0.023444755002856255, 0.07715151458978653,   -0.04055983945727348,
                              -0.016606098040938377, -0.013727583922445774, -0.08462885767221451,
                              -0.08655646443367004,  -0.07295095175504684,  -0.04495188221335411,
                              -0.013463328592479229, -0.11567605286836624};
  const double last_row[] = {0.06672422587871552,  -0.08597295731306076, -0.01690204255282879,
                             0.052477918565273285, 0.04259254410862923,  0.12755924463272095,
                             0.06274882704019547,  0.030474243685603142, 0.08902129530906677,
                             0.03024727664887905,  0.04998005926609039};
  for (std::size_t i = 0; i < 11; ++i) {
    expect_close(logits[i], first_row[i], "row 0");
    expect_close(logits[77 + i], last_row[i], "row 7");
  }
}

TEST_P(OriginalVectors, GradientNormsAreTheOriginals) {
  step();
  const std::map<std::string, double> expected = {{"wte", 0.5823815621164499},
                                                  {"wpe", 0.5823815621164499},
                                                  {"lmHead", 0.9734006754724148},
                                                  {"lnF.weight", 0.017900871569166327},
                                                  {"layer.0.attn.wqkv", 0.02585642587119011},
                                                  {"layer.1.mlp.fc2", 0.08399006167716451}};
  for (const auto& [name, norm] : expected) {
    const Tensor gradient = parameters.gradient(parameters.index(name));
    expect_close(std::sqrt(to_scalar(*backend, sum_squares(*backend, gradient))), norm, name);
  }
  expect_close(std::sqrt(to_scalar(*backend, sum_squares(*backend, parameters.gradients()))),
               1.2848463293459056, "global");
}

TEST_P(OriginalVectors, TenAdamwStepsFollowTheOriginal) {
  const double expected[] = {2.3972134590148926, 2.2726118564605713, 2.2052993774414062,
                             2.146327018737793,  2.0800282955169678, 2.0119287967681885,
                             1.9438759088516235, 1.874316930770874,  1.8038759231567383,
                             1.7324321269989014};
  const std::int64_t n = parameters.values().numel();
  const Tensor m = zeros(*backend, {n});
  const Tensor v = zeros(*backend, {n});
  for (int t = 1; t <= 10; ++t) {
    expect_close(step(), expected[t - 1], "step " + std::to_string(t));
    for (const bool is_decayed : {true, false}) {
      const std::int64_t begin = is_decayed ? 0 : parameters.n_decayed();
      const std::int64_t end = is_decayed ? parameters.n_decayed() : n;
      adamw(*backend, {.parameters = parameters.values().flat(begin, end),
                       .gradients = parameters.gradients().flat(begin, end),
                       .m = m.flat(begin, end),
                       .v = v.flat(begin, end),
                       .copy = {},
                       .scale = ones(*backend, {}),
                       .lr = 1e-2,
                       .beta1 = 0.9,
                       .beta2 = 0.95,
                       .eps = 1e-8,
                       .weight_decay = is_decayed ? 0.1 : 0,
                       .bias_correction1 = 1 - std::pow(0.9, t),
                       .bias_correction2 = 1 - std::pow(0.95, t)});
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, OriginalVectors, test::each_backend(), test::backend_test_name);

}  // namespace
}  // namespace alpha
