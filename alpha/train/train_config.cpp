#include "alpha/train/train_config.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "alpha/core/json.h"
#include "alpha/train/optimizer.h"

namespace alpha {

namespace {

constexpr std::int64_t kMaxCount = std::int64_t{1} << 40U;  // of steps and intervals
constexpr std::int64_t kMaxSequences = std::int64_t{1}
                                       << 24U;  // that a step or an evaluation reads

void in_range(std::string_view name, std::int64_t value, std::int64_t minimum,
              std::int64_t maximum = kMaxCount) {
  if (value < minimum || value > maximum) {
    fail_invalid("training: {} is {}, expected {} to {}", name, value, minimum, maximum);
  }
}

void not_negative(std::string_view name, double value) {
  if (!(value >= 0) || !std::isfinite(value)) {
    fail_invalid("training: {} is {}, expected 0 or more", name, value);
  }
}

void below_one(std::string_view name, double value) {
  if (!(value >= 0 && value < 1))
    fail_invalid("training: {} is {}, expected 0 <= value < 1", name, value);
}

}  // namespace

/// AdamW's are the defaults. Lion's steps have the size of the rate itself, so its rate is a third
/// and its decay three times as large (Chen et al., 2023, section 5).
void TrainConfig::use_optimizer(std::string_view name) {
  const OptimizerKind kind = parse_optimizer(name);
  optimizer = name;
  switch (kind) {
    case OptimizerKind::adamw: break;
    case OptimizerKind::sgd:
      lr = 0.01;
      lr_min = 0;
      momentum = 0.9;
      weight_decay = 0;
      break;
    case OptimizerKind::lion:
      lr = 1e-4;
      lr_min = 0;
      beta2 = 0.99;
      weight_decay = 0.3;
      break;
  }
}

void TrainConfig::validate() const {
  in_range("steps", iters, 1);
  in_range("batch size", batch_size, 1, kMaxSequences);
  in_range("accumulation steps", grad_accum_steps, 1, kMaxSequences);
  in_range("evaluation interval", eval_interval, 1);
  in_range("evaluation batches", eval_iters, 1, kMaxSequences);
  in_range("checkpoint interval", checkpoint_interval, 0);
  in_range("sample interval", sample_interval, 0);
  not_negative("learning rate", lr);
  not_negative("minimum learning rate", lr_min);
  if (lr_min > lr)
    fail_invalid("training: minimum learning rate {} is above the learning rate {}", lr_min, lr);
  below_one("beta1", beta1);
  below_one("beta2", beta2);
  if (!(eps > 0)) fail_invalid("training: eps is {}, expected more than 0", eps);
  not_negative("weight decay", weight_decay);
  not_negative("gradient clip", grad_clip);
  not_negative("spike threshold", spike_threshold);
  below_one("momentum", momentum);
  parse_optimizer(optimizer);
  if (dtype != DType::f32 && dtype != DType::bf16) {
    fail_invalid("training: dtype is {}, expected f32 or bf16", to_string(dtype));
  }
}

std::int64_t TrainConfig::resolved_warmup_iters() const noexcept {
  if (warmup_iters != 0) return std::max<std::int64_t>(warmup_iters, 0);
  return std::min<std::int64_t>(2000, iters / 5);
}

std::int64_t TrainConfig::resolved_checkpoint_interval() const noexcept {
  return checkpoint_interval != 0 ? checkpoint_interval : eval_interval;
}

Json to_json(const TrainConfig& c) {
  Json json = {{"iters", c.iters},
               {"batchSize", c.batch_size},
               {"gradAccumSteps", c.grad_accum_steps},
               {"lr", c.lr},
               {"lrMin", c.lr_min},
               {"warmupIters", c.warmup_iters},
               {"beta1", c.beta1},
               {"beta2", c.beta2},
               {"eps", c.eps},
               {"weightDecay", c.weight_decay},
               {"gradClip", c.grad_clip},
               {"spikeThreshold", c.spike_threshold},
               {"evalInterval", c.eval_interval},
               {"evalIters", c.eval_iters},
               {"checkpointInterval", c.checkpoint_interval},
               {"sampleInterval", c.sample_interval},
               {"seed", c.seed},
               {"backend", c.backend},
               {"tokenizer", c.tokenizer},
               {"optimizer", c.optimizer},
               {"dtype", to_string(c.dtype)},
               {"init", to_string(c.init)},
               {"activationCheckpointing", c.is_checkpointing}};
  if (c.momentum != 0) json["momentum"] = c.momentum;
  return json;
}

TrainConfig train_config_from_json(const Json& json, std::string_view where) {
  TrainConfig c;
  const auto get = [&]<class T>(const char* key, T& field) {
    field = json_get<T>(json, key, where, field);
  };
  get("iters", c.iters);
  get("batchSize", c.batch_size);
  get("gradAccumSteps", c.grad_accum_steps);
  get("lr", c.lr);
  get("lrMin", c.lr_min);
  get("warmupIters", c.warmup_iters);
  get("beta1", c.beta1);
  get("beta2", c.beta2);
  get("eps", c.eps);
  get("momentum", c.momentum);
  get("weightDecay", c.weight_decay);
  get("gradClip", c.grad_clip);
  get("spikeThreshold", c.spike_threshold);
  get("evalInterval", c.eval_interval);
  get("evalIters", c.eval_iters);
  get("checkpointInterval", c.checkpoint_interval);
  get("sampleInterval", c.sample_interval);
  get("seed", c.seed);
  get("backend", c.backend);
  get("tokenizer", c.tokenizer);
  get("optimizer", c.optimizer);
  get("activationCheckpointing", c.is_checkpointing);
  try {
    c.dtype = parse_dtype(json_get<std::string>(json, "dtype", where, "f32"));
    c.init = parse_init_source(json_get<std::string>(json, "init", where, "counter"));
    c.validate();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::corrupt) throw;
    fail(ErrorCode::corrupt, "{}: {}", where, error.what());
  }
  return c;
}

double learning_rate(const TrainConfig& config, std::int64_t step) {
  const std::int64_t warmup = config.resolved_warmup_iters();
  const double floor = config.lr_min == 0 ? config.lr / 10 : config.lr_min;
  if (step < warmup) {
    return floor +
           (config.lr - floor) * static_cast<double>(step + 1) / static_cast<double>(warmup);
  }
  const auto span = static_cast<double>(std::max<std::int64_t>(config.iters - warmup, 1));
  const double progress = static_cast<double>(step - warmup) / span;
  return floor + (config.lr - floor) * 0.5 * (1 + std::cos(std::numbers::pi * progress));
}

}  // namespace alpha
