#include "apps/alpha/step_time.h"

#include <algorithm>
#include <limits>

#include "alpha/autograd/ops.h"
#include "alpha/model/gpt.h"
#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/fill.h"
#include "alpha/tensor/ops/reduce.h"
#include "alpha/train/optimizer.h"

namespace alpha::cli {

namespace {

constexpr int kWarmUpSteps = 2;
constexpr int kTimedSteps = 20;

}  // namespace

double measure_step_seconds(Backend& backend, const RunConfig& run, const Clock& clock) {
  const GptConfig& model = run.model;
  Parameters parameters(backend, gpt_parameters(model), DType::f32, run.train.dtype);
  parameters.allocate_gradients();
  initialize(backend, model, parameters, run.train.seed);
  const GptWeights weights = gpt_weights(model, parameters);
  Adamw optimizer(backend, parameters, {});
  std::vector<std::int32_t> ids(static_cast<std::size_t>(run.train.batch_size * model.block_size));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ids[i] = static_cast<std::int32_t>(i % static_cast<std::size_t>(model.vocab_size));
  }
  const Tensor tokens = empty(backend, {run.train.batch_size, model.block_size}, DType::i32);
  backend.upload(ids.data(), tokens);
  Tape tape(backend);
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kWarmUpSteps + kTimedSteps; ++i) {
    const double start = clock.seconds();
    fill(backend, parameters.gradients(), 0);
    tape.clear();
    const Variable logits =
        gpt_forward(tape, model, weights, tokens, {.is_training = true, .dropout_seed = i});
    tape.backward(cross_entropy(tape, logits, tokens), 1);
    static_cast<void>(sum_squares(backend, parameters.gradients()));
    optimizer.step(run.train.lr, 1);
    if (i >= kWarmUpSteps) best = std::min(best, clock.seconds() - start);
  }
  return best;
}

}  // namespace alpha::cli
