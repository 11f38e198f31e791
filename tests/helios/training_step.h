#pragma once

#include "tests/helios/helios_test_base.h"

#include "alpha/autograd/ops.h"
#include "alpha/model/gpt.h"

namespace alpha::helios::test {

/// A model, a step of training it, and the parameters after that.
inline std::vector<float> train_a_step(HeliosBackend& backend) {
  const GptConfig config = {
      .vocab_size = 11, .block_size = 8, .n_layer = 1, .n_embd = 8, .n_head = 2, .dropout = 0.1};
  Parameters parameters(backend, gpt_parameters(config));
  parameters.allocate_gradients();
  initialize(backend, config, parameters, 42);
  const GptWeights weights = gpt_weights(config, parameters);
  const std::vector<std::int32_t> ids = {1, 2, 3, 4, 5, 6, 7, 8};
  const Tensor tokens = from_values(backend, {1, 8}, std::span<const std::int32_t>(ids));
  Tape tape(backend);
  const Variable loss = cross_entropy(
      tape, gpt_forward(tape, config, weights, tokens, {.is_training = true, .dropout_seed = 3}),
      tokens);
  tape.backward(loss);
  const GradientScale step = gradient_scale(backend, loss.data().reshape({1}),
                                            sum_squares(backend, parameters.gradients()), 1, 0);
  const std::int64_t n = parameters.values().numel();
  adamw(backend, {.parameters = parameters.values(),
                  .gradients = parameters.gradients(),
                  .m = zeros(backend, {n}),
                  .v = zeros(backend, {n}),
                  .copy = {},
                  .scale = step.scale,
                  .lr = 1e-2,
                  .bias_correction1 = 0.1,
                  .bias_correction2 = 0.001});
  backend.take_times();
  return to_floats(backend, parameters.values());
}

}  // namespace alpha::helios::test
