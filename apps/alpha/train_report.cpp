#include "apps/alpha/train_report.h"

#include <cmath>

#include "apps/alpha/usage.h"

#include "alpha/core/json.h"
#include "alpha/tokenizers/utf8.h"
#include "alpha/train/config_hash.h"

namespace alpha::cli {

namespace {

constexpr double kPlainLineSeconds = 1;
constexpr double kLiveLineSeconds = 0.1;

/// Lines behind the first stand under it; nothing that a terminal could take for a command.
std::string indented(const std::string& text) {
  std::string out;
  for (const char c : replace_invalid_utf8(text)) {
    if (c == '\n') {
      out += "\n    ";
    } else if (static_cast<unsigned char>(c) >= ' ') {
      out += c;
    }
  }
  return out;
}

std::string model_line(const GptConfig& model) {
  std::string line =
      fmt::format("{}L {}D {}H, vocab {}, block {}, {} ffn {}, {}", model.n_layer, model.n_embd,
                  model.n_head, model.vocab_size, model.block_size, to_string(model.activation),
                  model.resolved_ffn_dim(), to_string(model.norm));
  if (model.dropout > 0) line += fmt::format(", dropout {}", model.dropout);
  if (model.soft_cap > 0) line += fmt::format(", soft cap {}", model.soft_cap);
  if (model.has_bias) line += ", biases";
  if (model.is_tied) line += ", tied head";
  return line;
}

std::int64_t tokens_per_step(const RunConfig& run) {
  return run.train.batch_size * run.train.grad_accum_steps * run.model.block_size;
}

/// 246 GFLOP/s.
std::string flops_per_second(double flops) {
  std::string count = short_count(flops);
  if (count.back() > '9') count.insert(count.size() - 1, " ");
  return count + "FLOP/s";
}

}  // namespace

TrainReport::TrainReport(const ReportOptions& options, const Clock& clock)
    : options_(options),
      clock_(clock),
      console_(options.is_json),
      start_(clock.seconds()) {
  // Who reads JSON needs no second report, unless somebody watches.
  if (options.is_json && !console_.is_terminal()) options_.is_quiet = true;
}

void TrainReport::say(const std::string& text) {
  if (!options_.is_quiet) console_.line(text);
}

TrainerHooks TrainReport::hooks() {
  return {.on_step = [this](const StepMetrics& metrics) { on_step(metrics); },
          .on_checkpoint =
              [this](const std::filesystem::path& path, std::int64_t) {
                say(fmt::format("  checkpoint saved: {}", path.string()));
              },
          .on_sample =
              [this](const std::string& prompt, const std::string& text) {
                const bool has_prompt = text.starts_with(prompt);
                say(has_prompt
                        ? fmt::format("  sample: {}", indented(text))
                        : fmt::format("  sample: \"{}\" → {}", indented(prompt), indented(text)));
              },
          .on_warning = [this](const std::string& message) { console_.warning(message); }};
}

void TrainReport::header(const RunConfig& run, std::int64_t n_train, std::int64_t n_validation,
                         const Trainer& trainer) {
  iters_ = run.train.iters;
  first_step_ = trainer.step();
  start_ = clock_.seconds();
  const TrainConfig& train = run.train;
  const std::int64_t n_parameters = run.model.n_parameters();
  const std::int64_t per_step = tokens_per_step(run);
  say("── alpha training ──");
  say(fmt::format("run_id: {}", run.run_id));
  say(fmt::format("config_hash: {}", config_hash(to_json(run.model), to_json(train))));
  say(fmt::format("params: {} ({})", with_commas(n_parameters),
                  human_bytes(static_cast<std::uint64_t>(n_parameters) * sizeof(float))));
  say(fmt::format("model: {}", model_line(run.model)));
  say(fmt::format("data: {} tokens to learn, {} to judge ({})", with_commas(n_train),
                  with_commas(n_validation), run.data_path));
  say(fmt::format("backend: {} | threads: {} | dtype: {} | peak: {}", train.backend,
                  options_.n_threads, to_string(train.dtype),
                  flops_per_second(trainer.peak_flops())));
  say(fmt::format("tokenizer: {} | optimizer: {} | seed: {}", train.tokenizer, train.optimizer,
                  train.seed));
  const std::string passes =
      train.grad_accum_steps > 1 ? fmt::format(" x {} passes", train.grad_accum_steps) : "";
  say(fmt::format("batch: {} x {} tokens{} = {} a step ({} steps read as much as there is)",
                  train.batch_size, run.model.block_size, passes, with_commas(per_step),
                  with_commas((n_train + per_step - 1) / per_step)));
  say(fmt::format("iters: {} | lr: {} | warm-up: {} steps", train.iters, train.lr,
                  train.resolved_warmup_iters()));
  if (train.is_checkpointing) say("activation_checkpointing: enabled");
  if (first_step_ > 0) say(fmt::format("continues after step {}", first_step_));
  say("");
}

bool TrainReport::is_due(const StepMetrics& metrics, double now) {
  if (metrics.step == iters_) return true;
  if (options_.log_every) return metrics.step % *options_.log_every == 0;
  const double pause = console_.is_terminal() ? kLiveLineSeconds : kPlainLineSeconds;
  return now - last_shown_ >= pause;
}

void TrainReport::on_step(const StepMetrics& metrics) {
  const double now = clock_.seconds();
  smooth_step_ms_ =
      smooth_step_ms_ == 0 ? metrics.step_ms : 0.9 * smooth_step_ms_ + 0.1 * metrics.step_ms;
  if (options_.is_json) {
    write_stdout(to_json(metrics).dump() + "\n");
  }
  const bool has_evaluation = metrics.validation_loss.has_value();
  if (has_evaluation) last_validation_loss_ = metrics.validation_loss;
  if (!options_.is_quiet && is_due(metrics, now)) {
    last_shown_ = now;
    const std::string line = progress_line(metrics, now);
    if (console_.is_terminal() && metrics.step != iters_ && !options_.log_every) {
      console_.live(live_line(metrics, now));
    } else {
      console_.line(line);
    }
  }
  if (has_evaluation) on_evaluation(metrics);
}

void TrainReport::on_evaluation(const StepMetrics& metrics) {
  const bool is_best = !best_validation_loss_ || *metrics.validation_loss < *best_validation_loss_;
  if (is_best) {
    best_validation_loss_ = metrics.validation_loss;
    best_bits_per_byte_ = metrics.bits_per_byte;
  }
  say(fmt::format("  eval step {}: loss={:.4f}, val_loss={:.4f}, bits_per_byte={:.4f}{}",
                  metrics.step, metrics.loss, *metrics.validation_loss,
                  metrics.bits_per_byte.value_or(std::nan("")), is_best ? " (best)" : ""));
}

std::string TrainReport::live_line(const StepMetrics& m, double now) const {
  const double speed = m.step_ms / smooth_step_ms_;
  return fmt::format("step {}/{} | loss {:.4f} | {} tok/s | mfu {:.0f}% | {:.0f} ms/it | {} left",
                     m.step, iters_, m.loss, short_count(m.tokens_per_second * speed),
                     100 * m.mfu * speed, smooth_step_ms_, short_duration(seconds_left(m, now)));
}

double TrainReport::seconds_left(const StepMetrics& m, double now) const {
  const auto n_done = static_cast<double>(m.step - first_step_);
  return (now - start_) / n_done * static_cast<double>(iters_ - m.step);
}

std::string TrainReport::progress_line(const StepMetrics& m, double now) const {
  std::string line = fmt::format("step {}/{} | loss={:.4f}", m.step, iters_, m.loss);
  if (last_validation_loss_) line += fmt::format(" val_loss={:.4f}", *last_validation_loss_);
  line += fmt::format(" | lr={:.2e} | grad_norm={:.3f}", m.lr, m.grad_norm);
  if (m.clip_coefficient < 1) line += fmt::format(" clip={:.4f}", m.clip_coefficient);
  if (m.is_skipped) line += " skipped";
  line += fmt::format(" | {:.{}f}ms/it | {} tok/s | mfu={:.1f}%", smooth_step_ms_,
                      smooth_step_ms_ < 10 ? 2 : 0,
                      short_count(m.tokens_per_second * m.step_ms / smooth_step_ms_),
                      100 * m.mfu * m.step_ms / smooth_step_ms_);
  line += fmt::format(" | {}, {} left", short_duration(now - start_),
                      short_duration(seconds_left(m, now)));
  if (options_.is_traced) {
    line += fmt::format(
        " | data={:.1f} fwd={:.1f} bwd={:.1f} norm={:.1f} optim={:.1f} wait={:.1f} ms", m.data_ms,
        m.forward_ms, m.backward_ms, m.grad_norm_ms, m.optimizer_ms, m.wait_ms);
  }
  return line;
}

void TrainReport::result(const RunConfig& run, const TrainSummary& summary) {
  const std::string run_dir = summary.checkpoint.parent_path().string();
  const bool has_best = std::isfinite(summary.best_validation_loss);
  if (options_.is_json) {
    Json json = {{"done", summary.is_complete}, {"step", summary.step}, {"iters", run.train.iters}};
    json["bestValLoss"] = has_best ? Json(summary.best_validation_loss) : Json(nullptr);
    json["bitsPerByte"] = best_bits_per_byte_ ? Json(*best_bits_per_byte_) : Json(nullptr);
    json["seconds"] = summary.seconds;
    json["runId"] = run.run_id;
    json["runDir"] = run_dir;
    json["checkpoint"] = summary.checkpoint.string();
    write_stdout(json.dump() + "\n");
    return;
  }
  console_.end_live();
  if (!summary.is_complete) {
    console_.line(fmt::format("── stopped after step {} of {} ──", summary.step, run.train.iters));
    if (summary.checkpoint.empty()) return;
    console_.line(fmt::format("checkpoint: {}", summary.checkpoint.string()));
    console_.line(
        fmt::format("continue with: {} train --resume {}", program(), shell_quoted(run_dir)));
    return;
  }
  console_.line("── training complete ──");
  if (has_best) {
    const std::string bits =
        best_bits_per_byte_ ? fmt::format(" ({:.4f} bits per byte)", *best_bits_per_byte_) : "";
    console_.line(fmt::format("best val_loss: {:.4f}{}", summary.best_validation_loss, bits));
  }
  console_.line(fmt::format("total time: {:.1f}s", summary.seconds));
  console_.line(fmt::format("checkpoint: {}", summary.checkpoint.string()));
  console_.line(
      fmt::format("write with it: {} sample --checkpoint {}", program(), shell_quoted(run_dir)));
}

}  // namespace alpha::cli
