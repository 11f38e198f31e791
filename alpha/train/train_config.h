#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "alpha/core/json_fwd.h"
#include "alpha/model/parameters.h"
#include "alpha/tensor/dtype.h"

namespace alpha {

/// How a model is trained. Defaults are the original's.
struct TrainConfig {
  std::int64_t iters = 1000;     // optimizer steps
  std::int64_t batch_size = 64;  // sequences of block_size tokens per micro-batch
  std::int64_t grad_accum_steps = 1;
  double lr = 3e-4;
  double lr_min = 0;              // 0: lr / 10
  std::int64_t warmup_iters = 0;  // 0: min(2000, iters / 5); negative: none
  double beta1 = 0.9;             // of adamw and lion
  double beta2 = 0.95;
  double eps = 1e-8;    // of adamw
  double momentum = 0;  // of sgd; 0: none
  double weight_decay = 0.1;
  double grad_clip = 1;        // of the global norm; 0: none
  double spike_threshold = 0;  // a larger norm skips the step; 0: never
  std::int64_t eval_interval = 100;
  std::int64_t eval_iters = 10;
  std::int64_t checkpoint_interval = 0;  // 0: eval_interval
  std::int64_t sample_interval = 100;    // 0: never
  std::int32_t seed = 42;
  std::string backend = "cpu";
  std::string tokenizer = "bpe";
  std::string optimizer = "adamw";
  DType dtype = DType::f32;  // of the forward pass: f32, or bf16 over f32 master weights
  InitSource init = InitSource::counter;
  bool is_checkpointing = false;  // recompute activations in backward

  /// Takes an optimizer, and the learning rate, decay and momenta that are usual with it. Error:
  /// invalid_argument.
  void use_optimizer(std::string_view name);

  /// Error: a value out of range, with the numbers.
  void validate() const;

  std::int64_t resolved_warmup_iters() const noexcept;
  std::int64_t resolved_checkpoint_interval() const noexcept;

  bool operator==(const TrainConfig&) const = default;
};

/// The original's field names (iters, batchSize, lr, lrMin, …); momentum where there is one.
Json to_json(const TrainConfig& config);

/// Error: corrupt.
TrainConfig train_config_from_json(const Json& json, std::string_view where);

/// The learning rate of 0-based step `step`: linear warm-up to lr, then a cosine down to the floor
/// (lr_min, or lr / 10 when that is 0).
double learning_rate(const TrainConfig& config, std::int64_t step);

}  // namespace alpha
