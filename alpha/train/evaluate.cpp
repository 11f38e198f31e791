#include "alpha/train/evaluate.h"

#include <algorithm>
#include <numbers>
#include <numeric>

#include "alpha/autograd/ops.h"
#include "alpha/data/batch.h"
#include "alpha/data/sequential_batches.h"
#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/layout.h"

namespace alpha {

namespace {

static_assert(kIgnoreTarget == kIgnoreIndex, "padding of a batch must not count in the loss");

Tensor upload_ids(Backend& backend, const Batch& batch, const std::vector<TokenId>& ids) {
  Tensor tensor = empty(backend, {batch.B, batch.T}, DType::i32);
  backend.upload(ids.data(), tensor);
  return tensor;
}

/// Mean loss over the targets of a batch that count, a scalar [].
Tensor batch_loss(const EvaluatedModel& model, const Batch& batch) {
  Tape tape(model.backend, false);
  const Variable logits = gpt_forward(tape, model.config, model.weights,
                                      upload_ids(model.backend, batch, batch.inputs));
  const Tensor targets = upload_ids(model.backend, batch, batch.targets);
  return cross_entropy(tape, logits, targets).data();
}

}  // namespace

double evaluate_windows(const EvaluatedModel& model, std::span<const TokenId> tokens,
                        std::int64_t B, std::int64_t n_windows) {
  const std::int64_t T = model.config.block_size;
  const std::vector<std::int64_t> starts =
      evaluation_windows(static_cast<std::int64_t>(tokens.size()), T, n_windows);
  std::vector<Tensor> losses;  // read together: a device need not wait between batches
  std::vector<double> sizes;
  Batch batch;
  for (std::size_t i = 0; i < starts.size(); i += static_cast<std::size_t>(B)) {
    const std::size_t n = std::min(static_cast<std::size_t>(B), starts.size() - i);
    fill_windows(tokens, std::span(starts).subspan(i, n), T, batch);
    losses.push_back(batch_loss(model, batch).reshape({1}));
    sizes.push_back(static_cast<double>(n));
  }
  const std::vector<double> values = to_doubles(model.backend, cat(model.backend, losses, 0));
  return std::inner_product(values.begin(), values.end(), sizes.begin(), 0.0) /
         static_cast<double>(starts.size());
}

double evaluate_all(const EvaluatedModel& model, std::span<const TokenId> tokens, std::int64_t B,
                    const std::function<bool(std::int64_t, std::int64_t)>& on_progress) {
  check_tokens(tokens, model.config.vocab_size);
  SequentialBatches batches(tokens, B, model.config.block_size);
  double total = 0;
  std::int64_t n_done = 0;
  Batch batch;
  while (batches.next(batch)) {
    const std::int64_t n = batch.n_targets();
    total += to_scalar(model.backend, batch_loss(model, batch)) * static_cast<double>(n);
    n_done += n;
    if (on_progress && !on_progress(n_done, batches.n_targets())) {
      fail(ErrorCode::cancelled, "evaluation stopped after {} of {} tokens", n_done,
           batches.n_targets());
    }
  }
  return total / static_cast<double>(n_done);
}

double bits_per_byte(double nats_per_token, std::int64_t n_tokens, std::int64_t n_bytes) {
  return nats_per_token * static_cast<double>(n_tokens) / static_cast<double>(n_bytes) /
         std::numbers::ln2;
}

}  // namespace alpha
