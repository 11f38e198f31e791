#include "alpha/train/trainer.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "alpha/autograd/ops.h"
#include "alpha/checkpoint/checkpoint_search.h"
#include "alpha/core/hash.h"
#include "alpha/core/json.h"
#include "alpha/core/process.h"
#include "alpha/inference/generate.h"
#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/fill.h"
#include "alpha/tensor/ops/gradient_scale.h"
#include "alpha/tensor/ops/layout.h"
#include "alpha/tensor/ops/reduce.h"
#include "alpha/train/evaluate.h"
#include "alpha/train/peak.h"

namespace alpha {

namespace {

constexpr std::int64_t kSampleTokens = 50;
constexpr std::size_t kSamplePrompts = 3;
constexpr int kMaxNotFinite = 10;

OptimizerOptions optimizer_options(const TrainConfig& config) {
  return {.kind = parse_optimizer(config.optimizer),
          .beta1 = config.beta1,
          .beta2 = config.beta2,
          .eps = config.eps,
          .momentum = config.momentum,
          .weight_decay = config.weight_decay};
}

Parameters make_parameters(Backend& backend, const RunConfig& run) {
  Parameters parameters(backend, gpt_parameters(run.model), DType::f32, run.train.dtype);
  parameters.allocate_gradients();
  return parameters;
}

/// The dropout seed of a micro-batch, as the original sets it.
std::int32_t dropout_seed(const TrainConfig& config, std::int64_t step, std::int64_t micro) {
  return static_cast<std::int32_t>(config.seed + step * 1000 + micro);
}

/// A count in a trainer state. Error: corrupt when it is outside [0, maximum].
std::int64_t state_count(const Json& state, const char* key, std::string_view where,
                         std::int64_t maximum) {
  const auto value = json_get<std::int64_t>(state, key, where);
  if (value < 0 || value > maximum) {
    fail(ErrorCode::corrupt, "{}: field '{}' is {}, expected 0 to {}", where, key, value, maximum);
  }
  return value;
}

/// The time between two moments, which is told as a phase too.
class Laps {
 public:
  Laps(const Clock& clock, const TrainerHooks& hooks)
      : clock_(clock),
        hooks_(hooks),
        last_(clock.seconds()) {}

  /// Milliseconds since the last lap, which were `phase`.
  double end(std::string_view phase) {
    const double begin = last_;
    last_ = clock_.seconds();
    if (hooks_.on_phase) {
      hooks_.on_phase({.name = phase, .begin_seconds = begin, .end_seconds = last_});
    }
    return (last_ - begin) * 1e3;
  }

 private:
  const Clock& clock_;
  const TrainerHooks& hooks_;
  double last_;
};

}  // namespace

Trainer::Trainer(Backend& backend, TrainerSetup setup, const Clock& clock, TrainerHooks hooks)
    : backend_(backend),
      setup_((setup.run.model.validate(), setup.run.train.validate(),
              check_data(setup.data, setup.run.model.block_size), std::move(setup))),
      clock_(clock),
      hooks_(std::move(hooks)),
      parameters_(make_parameters(backend, setup_.run)),
      weights_(gpt_weights(setup_.run.model, parameters_)),
      optimizer_(backend, parameters_, optimizer_options(setup_.run.train)),
      batches_(setup_.data.train, setup_.run.train.batch_size, setup_.run.model.block_size,
               setup_.run.train.seed),
      tape_(backend),
      best_validation_loss_(std::numeric_limits<double>::infinity()) {
  check_tokens(setup_.data.train, setup_.run.model.vocab_size);
  check_tokens(setup_.data.validation, setup_.run.model.vocab_size);
  const TrainConfig& train = setup_.run.train;
  const Shape shape = {train.batch_size, setup_.run.model.block_size};
  inputs_ = empty(backend, shape, DType::i32);
  targets_ = empty(backend, shape, DType::i32);
  initialize(backend, setup_.run.model, parameters_, train.seed, train.init);
  peak_flops_ = measure_peak_flops(backend, train.dtype, clock);
}

Trainer::~Trainer() = default;

/// What an optimizer remembers means nothing to another one.
void Trainer::check_optimizer(const CheckpointReader& checkpoint) const {
  const std::string where = (checkpoint.path() / kConfigFile).string();
  const Json train = checkpoint.config().value("trainConfig", Json::object());
  const auto name = json_get<std::string>(train, "optimizer", where, "adamw");
  if (name != setup_.run.train.optimizer) {
    fail_invalid("'{}' was trained with {}, it cannot go on with {}", checkpoint.path().string(),
                 name, setup_.run.train.optimizer);
  }
  const auto momentum = json_get<double>(train, "momentum", where, 0.0);
  if ((momentum > 0) != (setup_.run.train.momentum > 0)) {
    fail_invalid("'{}' was trained with a momentum of {}, it cannot go on with {}",
                 checkpoint.path().string(), momentum, setup_.run.train.momentum);
  }
}

void Trainer::resume(const CheckpointReader& checkpoint) {
  const std::string where = (checkpoint.path() / kTrainerStateFile).string();
  const Json* state = checkpoint.trainer_state();
  if (state != nullptr) check_optimizer(checkpoint);
  const bool has_moments = checkpoint.has_optimizer() || !optimizer_.has_state();
  if (state == nullptr || !has_moments) {
    fail_invalid("'{}' holds weights only, expected a checkpoint with optimizer and trainer state",
                 checkpoint.path().string());
  }
  if (json_get<std::string>(*state, "dataFingerprint", where) != hex64(setup_.data.fingerprint)) {
    fail_invalid("the training text is not the one that '{}' was trained on",
                 checkpoint.path().string());
  }
  const SafetensorsFile model = checkpoint.model();
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    model.load_into(backend_, parameters_.specs()[i].name, parameters_.value(i),
                    ValueCheck::finite);
  }
  parameters_.refresh_compute_copy();
  if (optimizer_.has_state()) optimizer_.load(checkpoint.optimizer());
  optimizer_.set_n_steps(state_count(*state, "optimizerStep", where, setup_.run.train.iters));
  step_ = state_count(*state, "step", where, setup_.run.train.iters);
  n_clipped_ = state_count(*state, "clippedSteps", where, step_);
  const Json best = state->value("bestValLoss", Json());
  if (best.is_number()) best_validation_loss_ = best.get<double>();
  batches_.set_position(json_get<std::uint64_t>(*state, "batchRows", where));
  last_checkpoint_ = checkpoint.path();
}

TrainSummary Trainer::run(const std::atomic<bool>& is_stopping) {
  const double start = clock_.seconds();
  prepare_run_directory(setup_.run_dir, setup_.run, step_);
  log_ = std::make_unique<RunLog>(setup_.run_dir);
  const std::int64_t iters = setup_.run.train.iters;
  if (step_ == 0) {
    tell("info", "run_started", fmt::format("{} steps to take", iters));
  } else {
    tell("info", "run_resumed", fmt::format("after step {} of {}", step_, iters));
  }
  try {
    take_steps(is_stopping);
  } catch (const std::exception& error) {
    try {
      tell("error", "run_failed", error.what());
    } catch (const std::exception&) {
      // What went wrong first is what counts.
    }
    throw;
  }
  const bool is_complete = step_ == iters;
  tell("info", is_complete ? "run_finished" : "run_stopped",
       fmt::format("after step {} of {}", step_, iters));
  return {.step = step_,
          .is_complete = is_complete,
          .best_validation_loss = best_validation_loss_,
          .seconds = clock_.seconds() - start,
          .checkpoint = last_checkpoint_};
}

void Trainer::take_steps(const std::atomic<bool>& is_stopping) {
  const TrainConfig& train = setup_.run.train;
  while (step_ < train.iters && !is_stopping.load()) {
    StepMetrics metrics = train_step();
    const bool is_last = step_ == train.iters;
    if (step_ % train.eval_interval == 0 || is_last) evaluate(metrics);
    log_->add(metrics);
    if (hooks_.on_step) hooks_.on_step(metrics);
    if (step_ % train.resolved_checkpoint_interval() == 0 || is_last) save_checkpoint();
    if (train.sample_interval > 0 && (step_ % train.sample_interval == 0 || is_last))
      write_samples();
  }
  if (step_ > 0 && last_checkpoint_ != checkpoint_path(setup_.run_dir, step_)) save_checkpoint();
}

StepMetrics Trainer::train_step() {
  const TrainConfig& train = setup_.run.train;
  StepMetrics metrics;
  metrics.lr = learning_rate(train, step_);
  const double start = clock_.seconds();
  fill(backend_, parameters_.gradients(), 0);
  read_report(update(accumulate_gradients(metrics), metrics), metrics);
  metrics.step = ++step_;
  const double seconds = clock_.seconds() - start;
  const auto n_tokens =
      static_cast<double>(train.batch_size * train.grad_accum_steps * setup_.run.model.block_size);
  metrics.step_ms = seconds * 1e3;
  metrics.tokens_per_second = n_tokens / seconds;
  metrics.mfu = metrics.tokens_per_second *
                setup_.run.model.flops_per_token(setup_.run.model.block_size) / peak_flops_;
  metrics.resident_bytes = resident_memory_bytes();
  metrics.clipped_percent = 100 * static_cast<double>(n_clipped_) / static_cast<double>(step_);
  return metrics;
}

/// The losses of the micro-batches.
Tensor Trainer::accumulate_gradients(StepMetrics& metrics) {
  std::vector<Tensor> losses;
  for (std::int64_t micro = 0; micro < setup_.run.train.grad_accum_steps; ++micro) {
    losses.push_back(micro_step(micro, metrics).reshape({1}));
  }
  return cat(backend_, losses, 0);
}

Tensor Trainer::micro_step(std::int64_t micro, StepMetrics& metrics) {
  const TrainConfig& train = setup_.run.train;
  Laps laps(clock_, hooks_);
  batches_.next(batch_);
  backend_.upload(batch_.inputs.data(), inputs_);
  backend_.upload(batch_.targets.data(), targets_);
  metrics.data_ms += laps.end("data");
  tape_.clear();
  const double dloss = 1.0 / static_cast<double>(train.grad_accum_steps);
  const Variable loss =
      cross_entropy(tape_,
                    gpt_forward(tape_, setup_.run.model, weights_, inputs_,
                                {.is_training = true,
                                 .dropout_seed = dropout_seed(train, step_, micro),
                                 .is_checkpointing = train.is_checkpointing}),
                    targets_, {.dloss = dloss});
  metrics.forward_ms += laps.end("forward");
  tape_.backward(loss, dloss);
  metrics.backward_ms += laps.end("backward");
  return loss.data();
}

/// Whether the step is taken, and what gradients count in it, is decided where they are: nobody
/// waits for them here. Returns what the host is told about it.
Tensor Trainer::update(const Tensor& losses, StepMetrics& metrics) {
  const TrainConfig& train = setup_.run.train;
  Laps laps(clock_, hooks_);
  const Tensor squares = sum_squares(backend_, parameters_.gradients());
  metrics.grad_norm_ms = laps.end("gradient norm");
  const auto [scale, report] =
      gradient_scale(backend_, losses, squares, train.grad_clip, train.spike_threshold);
  optimizer_.step(metrics.lr, scale);
  metrics.optimizer_ms = laps.end("optimizer");
  return report;
}

/// The one thing of a step that travels to the host.
void Trainer::read_report(const Tensor& report, StepMetrics& metrics) {
  const TrainConfig& train = setup_.run.train;
  Laps laps(clock_, hooks_);
  const std::vector<double> told = to_doubles(backend_, report);
  metrics.wait_ms = laps.end("wait");
  const std::span losses = std::span(told).first(told.size() - 2);
  const double scale = told.back();
  metrics.loss =
      std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(losses.size());
  metrics.grad_norm = std::sqrt(told[losses.size()]);
  const bool is_finite = std::isfinite(metrics.loss) && std::isfinite(metrics.grad_norm);
  n_not_finite_ = is_finite ? 0 : n_not_finite_ + 1;
  if (scale == 0) {
    metrics.is_skipped = true;
    optimizer_.take_back();
    warn(is_finite
             ? fmt::format(
                   "step {}: gradient norm {} is above the spike threshold of {}; step skipped",
                   step_ + 1, metrics.grad_norm, train.spike_threshold)
             : fmt::format("step {}: loss {} with gradient norm {}; the weights stay as they were",
                           step_ + 1, metrics.loss, metrics.grad_norm));
    if (n_not_finite_ < kMaxNotFinite) return;
    fail(ErrorCode::corrupt,
         "training has diverged: {} steps in a row were not finite; try a lower learning rate "
         "than {}, or a gradient clip",
         n_not_finite_, train.lr);
  }
  metrics.clip_coefficient = scale;
  if (scale < 1) ++n_clipped_;
}

void Trainer::evaluate(StepMetrics& metrics) {
  const TrainConfig& train = setup_.run.train;
  Laps laps(clock_, hooks_);
  const double loss = evaluate_windows(
      {.backend = backend_, .config = setup_.run.model, .weights = weights_},
      setup_.data.validation, train.batch_size, train.batch_size * train.eval_iters);
  metrics.validation_loss = loss;
  metrics.bits_per_byte =
      bits_per_byte(loss, static_cast<std::int64_t>(setup_.data.validation.size()),
                    setup_.data.n_validation_bytes);
  best_validation_loss_ = std::min(best_validation_loss_, loss);
  laps.end("eval");
}

void Trainer::save_checkpoint() {
  if (!std::isfinite(to_scalar(backend_, sum_squares(backend_, parameters_.values())))) {
    fail(ErrorCode::corrupt, "weights are not finite after step {}: nothing was saved", step_);
  }
  Json state = {{"step", step_},
                {"optimizerStep", optimizer_.n_steps()},
                {"clippedSteps", n_clipped_},
                {"batchRows", batches_.position()},
                {"dataFingerprint", hex64(setup_.data.fingerprint)},
                {"bestValLoss", nullptr}};
  if (std::isfinite(best_validation_loss_)) state["bestValLoss"] = best_validation_loss_;
  CheckpointContent content{.config = to_json(setup_.run),
                            .tokenizer = setup_.tokenizer->to_json(),
                            .trainer_state = std::move(state),
                            .model = {},
                            .optimizer = optimizer_.state()};
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    content.model.push_back({.name = parameters_.specs()[i].name, .tensor = parameters_.value(i)});
  }
  last_checkpoint_ = checkpoint_path(setup_.run_dir, step_);
  save_checkpoint_directory(last_checkpoint_, backend_, content);
  tell("info", "checkpoint_saved", last_checkpoint_.filename().string());
  if (hooks_.on_checkpoint) hooks_.on_checkpoint(last_checkpoint_, step_);
}

void Trainer::write_samples() {
  if (!hooks_.on_sample) return;
  std::optional<Generator> generator;
  for (std::size_t i = 0; i < std::min(kSamplePrompts, setup_.sample_prompts.size()); ++i) {
    const std::string& prompt = setup_.sample_prompts[i];
    try {
      if (!generator) {
        generator.emplace(backend_,
                          pack_weights(backend_, setup_.run.model, setup_.tokenizer, parameters_));
      }
      const std::string text =
          generator->write_on(prompt, kSampleTokens, {.seed = static_cast<std::uint64_t>(step_)});
      log_->add({.step = step_,
                 .idx = static_cast<std::int64_t>(i),
                 .prompt = prompt,
                 .output = text,
                 .created_ms = clock_.unix_ms()});
      hooks_.on_sample(prompt, text);
    } catch (const Error& error) {
      warn(fmt::format("no sample for \"{}\": {}", prompt, error.what()));
    }
  }
}

void Trainer::warn(const std::string& message) {
  tell("warn", "warning", message);
  if (hooks_.on_warning) hooks_.on_warning(message);
}

void Trainer::tell(std::string_view level, std::string_view kind, std::string message) {
  const TrainEvent event{.step = step_,
                         .level = std::string(level),
                         .kind = std::string(kind),
                         .message = std::move(message),
                         .created_ms = clock_.unix_ms()};
  log_->add(event);
  if (hooks_.on_event) hooks_.on_event(event);
}

}  // namespace alpha
