#include "apps/alpha/train_flags.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "apps/alpha/chat_template_flag.h"

#include "alpha/core/files.h"
#include "alpha/core/suggest.h"
#include "alpha/tokenizers/tokenizer_factory.h"
#include "alpha/train/domains.h"
#include "alpha/train/optimizer.h"

namespace alpha::cli {

namespace {

constexpr std::array<std::string_view, 4> kActivations = {"gelu", "relu", "silu", "swiglu"};
constexpr std::array<std::string_view, 2> kNorms = {"layer_norm", "rms_norm"};
constexpr std::array<std::string_view, 2> kInits = {"counter", "original"};
constexpr std::array<std::string_view, 4> kLogLevels = {"debug", "info", "warn", "error"};

constexpr std::array<std::string_view, 3> kReportedCheckpoints = {"last", "all", "none"};

constexpr std::array<std::string_view, 21> kChangeableOnResume = {"resume",
                                                                  "config",
                                                                  "data",
                                                                  "valData",
                                                                  "runDir",
                                                                  "backend",
                                                                  "device",
                                                                  "threads",
                                                                  "evalInterval",
                                                                  "checkpointInterval",
                                                                  "sampleInterval",
                                                                  "logEvery",
                                                                  "log",
                                                                  "profile",
                                                                  "profile-steps",
                                                                  "trace",
                                                                  "json",
                                                                  "quiet",
                                                                  "report",
                                                                  "report-secret-file",
                                                                  "report-checkpoints"};

std::span<const std::string_view> domain_ids() {
  static const std::vector<std::string_view> ids = [] {
    std::vector<std::string_view> out;
    for (const Domain& domain : domains()) out.push_back(domain.id);
    return out;
  }();
  return ids;
}

template<class T, class U>
void set_if_given(U& field, const std::optional<T>& flag) {
  if (flag) field = static_cast<U>(*flag);
}

/// A path that means the same from any working folder.
std::string absolute_path(const std::string& path) {
  return std::filesystem::absolute(path).lexically_normal().string();
}

/// What a configuration refuses is what was typed.
template<class Config>
void validate_typed(const Config& config) {
  try {
    config.validate();
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
}

}  // namespace

void TrainFlags::add_to(Flags& flags) {
  add_data_flags(flags);
  add_model_flags(flags);
  add_optimizer_flags(flags);
  add_report_flags(flags);
}

void TrainFlags::add_data_flags(Flags& flags) {
  flags.group("Text and run");
  flags.text("--data", data, "UTF-8 text to learn from");
  flags.text("--valData,--val-data", val_data, "Text to judge by [the last tenth of --data]");
  flags.choice("--domain", domain, domain_ids(),
               "Tokenizer, model and settings for a kind of text");
  flags.text("--tokenizer", tokenizer, "char, word, bpe, bpe-4k, … or a tokenizer file [bpe]");
  flags.text("--chat-template", chat_template,
             "alpha, chatml, plain or a file: how a chat becomes a prompt [by the tokenizer]");
  flags.integer("--vocabSize,--vocab-size", vocab_size,
                "Tokens of a bpe that is made [by its name]", {.min = 1, .max = 1 << 24});
  flags.text("--runDir,--run-dir", run_dir, "Folder of the run [runs/<run id>]");
  flags.text("--resume", resume, "Run folder or checkpoint to continue");
  flags.config_file();
}

void TrainFlags::add_model_flags(Flags& flags) {
  flags.group("Model");
  flags.choice("--preset,--model", preset, gpt_preset_names(), "Model to start from [alpha]");
  flags.integer("--block,--blockSize,--block-size", block, "Tokens the model sees [256]",
                {.min = 1});
  flags.integer("--layers,--nLayer,--n-layer", layers, "Layers [6]", {.min = 1});
  flags.integer("--dim,--nEmbd,--n-embd", dim, "Width [256]", {.min = 1});
  flags.integer("--heads,--nHead,--n-head", heads, "Attention heads [8]", {.min = 1});
  flags.integer("--ffnDim,--ffn-dim", ffn_dim, "Feed-forward width [4 x width]", {.min = 1});
  flags.choice("--activation", activation, kActivations, "Of the feed-forward part [gelu]");
  flags.choice("--norm", norm, kNorms, "Normalization [layer_norm]");
  flags.number("--dropout", dropout, "Dropout [0]");
  flags.number("--softCap,--soft-cap", soft_cap, "Soft cap of attention scores, 0 for none [30]");
  flags.boolean("--bias,!--no-bias", bias, "Biases in linear layers and norms; --no-bias: none");
  flags.boolean("--tie,!--no-tie", tie,
                "Use the token embedding as output matrix; --no-tie: do not");
  flags.choice("--init", init, kInits, "Where initial values are drawn from [counter]");
}

void TrainFlags::add_optimizer_flags(Flags& flags) {
  flags.group("Training");
  flags.integer("--steps,--iters,--max-iters,--max-steps", steps, "Optimizer steps [1000]",
                {.min = 1});
  flags.integer("--batch,--batchSize,--batch-size", batch, "Sequences per pass [64]", {.min = 1});
  flags.integer("--accumSteps,--accum-steps,--gradient-accumulation-steps", accum_steps,
                "Passes per step [1]", {.min = 1});
  flags.number("--lr,--learning-rate", lr, "Learning rate [3e-4; lion 1e-4, sgd 0.01]");
  flags.number("--lrMin,--lr-min,--min-lr", lr_min, "Where its cosine ends [lr / 10]");
  flags.integer("--warmupIters,--warmup-iters,--warmup-steps", warmup_iters,
                "Steps of warm-up; negative: none [a fifth, at most 2000]");
  flags.number("--beta1", beta1, "AdamW, Lion [0.9]");
  flags.number("--beta2", beta2, "AdamW, Lion [0.95; lion 0.99]");
  flags.number("--eps", eps, "AdamW [1e-8]");
  flags.number("--momentum", momentum, "SGD, 0 for none [0.9]");
  flags.number("--weightDecay,--weight-decay", weight_decay,
               "Decay of matrices [0.1; lion 0.3, sgd 0]");
  flags.number("--gradClip,--grad-clip", grad_clip, "Largest gradient norm, 0 for any [1]");
  flags.number("--spikeThreshold,--spike-threshold", spike_threshold,
               "Skip steps with a larger gradient norm, 0 for never [0]");
  flags.choice("--optim,--optimizer", optim, optimizer_names(), "Optimizer [adamw]");
  flags.integer("--seed", seed, "Of initial values, batches and dropout [42]",
                {.min = std::numeric_limits<std::int32_t>::min(),
                 .max = std::numeric_limits<std::int32_t>::max()});
  flags.choice("--dtype", dtype, compute_dtype_names(), "Of forward and backward passes [f32]");
  flags.boolean("--checkpoint,--activation-checkpointing", checkpoint,
                "Keep less for the backward pass and compute it again");
  flags.boolean("--fp16", fp16, "Not offered: see --dtype bf16");
  backend.add_to(flags);
}

void TrainFlags::add_report_flags(Flags& flags) {
  flags.group("Reports");
  flags.integer("--evalInterval,--eval-interval", eval_interval, "Steps between evaluations [100]",
                {.min = 1});
  flags.integer("--evalIters,--eval-iters", eval_iters, "Batches per evaluation [10]", {.min = 1});
  flags.integer("--checkpointInterval,--checkpoint-interval", checkpoint_interval,
                "Steps between checkpoints [evalInterval]", {.min = 1});
  flags.integer("--sampleInterval,--sample-interval", sample_interval,
                "Steps between samples, 0 for none [100]", {.min = 0});
  flags.integer("--logEvery,--log-every,--log-interval", log_every,
                "Steps between lines of progress [about one a second]", {.min = 1});
  flags.choice("--log,--log-level", log, kLogLevels, "How much is told [info]");
  flags.text("--report", report, "URL of a server to report the run to");
  flags.text("--report-secret-file", report_secret_file,
             "File with the server's secret [ALPHA_REMOTE_SECRET]");
  flags.choice("--report-checkpoints", report_checkpoints, kReportedCheckpoints,
               "Which checkpoints the server gets, without optimizer state [last]");
  flags.text(
      "--profile", profile,
      "File for a trace of some steps (Chrome's format): kernels of the device, one after the "
      "other while they are measured, and the host's work; --backend helios only");
  flags.integer("--profile-steps,--profileSteps", profile_steps, "Steps of the trace [10]",
                {.min = 1, .max = 1000});
  flags.boolean("--trace", trace, "Tell where the time of a step goes");
  flags.boolean("--json", json, "One JSON object per step, and one at the end, on stdout");
  flags.boolean("--quiet", quiet, "Tell the result alone");
}

GptConfig TrainFlags::model() const {
  GptConfig model = gpt_preset(preset.value_or("alpha"));
  if (domain) {
    const GptConfig& from = find_domain(*domain).model;
    const GptConfig original;
    model.block_size = from.block_size;
    model.n_layer = from.n_layer;
    model.n_embd = from.n_embd;
    model.n_head = from.n_head;
    if (from.dropout != original.dropout) model.dropout = from.dropout;
    if (from.activation != original.activation) model.activation = from.activation;
  }
  set_if_given(model.block_size, block);
  set_if_given(model.n_layer, layers);
  set_if_given(model.n_embd, dim);
  set_if_given(model.n_head, heads);
  set_if_given(model.ffn_dim, ffn_dim);
  set_if_given(model.dropout, dropout);
  set_if_given(model.soft_cap, soft_cap);
  set_if_given(model.has_bias, bias);
  set_if_given(model.has_norm_bias, bias);
  set_if_given(model.is_tied, tie);
  if (activation) model.activation = parse_ffn_activation(*activation);
  if (norm) model.norm = parse_norm(*norm);
  validate_typed(model);
  return model;
}

void TrainFlags::apply_intervals(TrainConfig& train) const {
  set_if_given(train.eval_interval, eval_interval);
  set_if_given(train.checkpoint_interval, checkpoint_interval);
  set_if_given(train.sample_interval, sample_interval);
  set_if_given(train.backend, backend.backend);
}

void TrainFlags::check_optimizer_flags(const TrainConfig& train) const {
  const auto require = [&](bool is_given, std::string_view flag, bool fits) {
    if (is_given && !fits) fail_usage("{} is not one of {}'s settings", flag, train.optimizer);
  };
  const bool is_adamw = train.optimizer == "adamw";
  const bool is_sgd = train.optimizer == "sgd";
  require(beta1.has_value(), "--beta1", !is_sgd);
  require(beta2.has_value(), "--beta2", !is_sgd);
  require(eps.has_value(), "--eps", is_adamw);
  require(momentum.has_value(), "--momentum", is_sgd);
}

RunConfig TrainFlags::new_run() const {
  if (!data) fail_usage("--data is missing: which text to learn from?");
  if (fp16.value_or(false)) {
    fail_usage("--fp16: training in f16 is not offered, use --dtype bf16 (or f32, the default)");
  }
  RunConfig run;
  run.domain = domain.value_or("");
  run.model = model();
  if (domain) run.train = find_domain(*domain).train;
  TrainConfig& train = run.train;
  if (optim) train.use_optimizer(*optim);
  set_if_given(train.iters, steps);
  set_if_given(train.batch_size, batch);
  set_if_given(train.grad_accum_steps, accum_steps);
  set_if_given(train.lr, lr);
  set_if_given(train.lr_min, lr_min);
  set_if_given(train.warmup_iters, warmup_iters);
  set_if_given(train.beta1, beta1);
  set_if_given(train.beta2, beta2);
  set_if_given(train.eps, eps);
  set_if_given(train.momentum, momentum);
  set_if_given(train.weight_decay, weight_decay);
  set_if_given(train.grad_clip, grad_clip);
  set_if_given(train.spike_threshold, spike_threshold);
  set_if_given(train.eval_iters, eval_iters);
  set_if_given(train.seed, seed);
  set_if_given(train.tokenizer, tokenizer);
  set_if_given(train.is_checkpointing, checkpoint);
  if (chat_template) run.chat_template = read_chat_template(*chat_template);
  if (dtype) train.dtype = parse_dtype(*dtype);
  if (init) train.init = parse_init_source(*init);
  apply_intervals(train);
  check_optimizer_flags(train);
  validate_typed(train);
  run.data_path = absolute_path(*data);
  if (val_data) run.validation_path = absolute_path(*val_data);
  if (run.validation_path == run.data_path) {
    fail_usage(
        "--valData is the same file as --data: the model would be judged by what it learned");
  }
  return run;
}

void TrainFlags::check_profile(const RunConfig& run, const Flags& flags,
                               const std::filesystem::path& resumed) const {
  if (profile_steps && !profile) fail_usage("--profile-steps without --profile: which file?");
  if (profile && run.train.backend != "helios") {
    fail_usage("--profile is for --backend helios, and this runs on {}", run.train.backend);
  }
  if (!profile) return;
  std::vector<std::filesystem::path> inputs = {run.data_path, run.validation_path,
                                               run.train.tokenizer};
  for (const auto& flag : {flags.config_path(), chat_template, report_secret_file}) {
    if (flag) inputs.emplace_back(*flag);
  }
  if (!resumed.empty()) {
    for (const std::string& name : list_folder(resumed)) inputs.push_back(resumed / name);
  }
  for (const std::filesystem::path& input : inputs) {
    std::error_code error;  // of what is no file: "char", for one
    if (!std::filesystem::equivalent(*profile, input, error)) continue;
    fail_usage("--profile: '{}' is a file that this run reads, and a trace would replace it",
               *profile);
  }
}

void TrainFlags::apply_to_resumed(RunConfig& run, const Flags& flags) const {
  for (const std::string& name : flags.given()) {
    if (std::find(kChangeableOnResume.begin(), kChangeableOnResume.end(), name) ==
        kChangeableOnResume.end()) {
      fail_usage("--{} cannot change when a run is resumed: it would be another run", name);
    }
  }
  apply_intervals(run.train);
  if (data) run.data_path = absolute_path(*data);
  if (val_data) run.validation_path = absolute_path(*val_data);
}

}  // namespace alpha::cli
