#include "apps/alpha/step_time.h"

#include <algorithm>
#include <limits>

#include "alpha/autograd/ops.h"
#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/fill.h"
#include "alpha/tensor/ops/gradient_scale.h"
#include "alpha/tensor/ops/reduce.h"

namespace alpha::cli {

namespace {

constexpr int kWarmUpSteps = 2;
constexpr int kTimedSteps = 20;

Parameters make_parameters(Backend& backend, const RunConfig& run) {
  Parameters parameters(backend, gpt_parameters(run.model), DType::f32, run.train.dtype);
  parameters.allocate_gradients();
  initialize(backend, run.model, parameters, run.train.seed);
  return parameters;
}

}  // namespace

TrialTraining::TrialTraining(Backend& backend, const RunConfig& run)
    : backend_(backend),
      run_(run),
      parameters_(make_parameters(backend, run)),
      weights_(gpt_weights(run.model, parameters_)),
      optimizer_(backend, parameters_, {}),
      tape_(backend),
      tokens_(empty(backend, {run.train.batch_size, run.model.block_size}, DType::i32)) {
  std::vector<std::int32_t> ids(static_cast<std::size_t>(tokens_.numel()));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ids[i] = static_cast<std::int32_t>(i % static_cast<std::size_t>(run.model.vocab_size));
  }
  backend.upload(ids.data(), tokens_);
}

void TrialTraining::step() {
  fill(backend_, parameters_.gradients(), 0);
  tape_.clear();
  const Variable loss =
      cross_entropy(tape_,
                    gpt_forward(tape_, run_.model, weights_, tokens_,
                                {.is_training = true,
                                 .dropout_seed = n_steps_++,
                                 .is_checkpointing = run_.train.is_checkpointing}),
                    tokens_);
  tape_.backward(loss, 1);
  const auto [scale, report] =
      gradient_scale(backend_, loss.data().reshape({1}),
                     sum_squares(backend_, parameters_.gradients()), run_.train.grad_clip, 0);
  optimizer_.step(run_.train.lr, scale);
  to_doubles(backend_, report);
}

double measure_step_seconds(Backend& backend, const RunConfig& run, const Clock& clock) {
  TrialTraining training(backend, run);
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kWarmUpSteps + kTimedSteps; ++i) {
    const double start = clock.seconds();
    training.step();
    if (i >= kWarmUpSteps) best = std::min(best, clock.seconds() - start);
  }
  return best;
}

}  // namespace alpha::cli
