#include <algorithm>
#include <array>

#include "apps/alpha/backend_flags.h"
#include "apps/alpha/commands.h"
#include "apps/alpha/console.h"
#include "apps/alpha/helios_bench.h"
#include "apps/alpha/signals.h"

#include "alpha/core/json.h"

namespace alpha::cli {

namespace {

constexpr const char* kExamples =
    "  alpha bench helios\n"
    "  alpha bench helios --only attention --no-step\n"
    "  alpha bench helios --no-kernels --layers 6 --dim 384 --heads 6 --block 256 --batch 64\n";

constexpr std::array<std::string_view, 2> kScales = {"full", "small"};

struct HeliosBenchFlags {
  std::optional<std::string> device, dtype, scale, only, preset;
  std::optional<std::int64_t> repeats, batch, layers, dim, heads, block, vocab_size;
  std::optional<double> dropout;
  std::optional<bool> kernels, step, json, verbose;

  void add_to(Flags& flags) {
    flags.group("Flags");
    flags.text("--device", device, "Part of its name, or its number in `alpha devices`");
    flags.choice("--dtype", dtype, compute_dtype_names(), "What is computed in [bf16]");
    flags.choice("--scale", scale, kScales, "Size of the tensors [full; small on a CPU]");
    flags.integer("--repeats", repeats, "Of each measurement; the median counts [10; small: 3]",
                  {.min = 1, .max = 1000});
    flags.text("--only", only, "Kernels with this in their name");
    flags.boolean("--kernels,!--no-kernels", kernels, "Measure kernels; --no-kernels: do not");
    flags.boolean("--step,!--no-step", step, "Measure a training step; --no-step: do not");
    flags.boolean("--verbose", verbose, "What was tuned to the device, one by one");
    flags.boolean("--json", json, "One JSON object instead of tables");
    flags.group("Model of the training step");
    flags.choice("--preset,--model", preset, gpt_preset_names(), "Model to start from [gpt2]");
    flags.integer("--batch,--batchSize,--batch-size", batch, "Sequences [16; small: 2]",
                  {.min = 1});
    flags.integer("--block,--blockSize,--block-size", block, "Tokens of each [1024; small: 64]",
                  {.min = 1});
    flags.integer("--layers,--nLayer,--n-layer", layers, "Layers [12; small: 2]", {.min = 1});
    flags.integer("--dim,--nEmbd,--n-embd", dim, "Width [768; small: 128]", {.min = 1});
    flags.integer("--heads,--nHead,--n-head", heads, "Attention heads [12; small: 2]", {.min = 1});
    flags.integer("--vocabSize,--vocab-size", vocab_size, "Tokens [50304; small: 512]",
                  {.min = 1, .max = 1 << 24});
    flags.number("--dropout", dropout, "Dropout [0]");
  }

  HeliosBenchOptions options(bool is_small) const {
    HeliosBenchOptions options = {
        .helios = {.device = device.value_or(""),
                   .cache_folder = user_cache_folder(),
                   .is_tuning = true,
                   .on_notice = [](const std::string& text) { warn(text); }},
        .dtype = parse_dtype(dtype.value_or("bf16")),
        .n_repeats = repeats.value_or(is_small ? 3 : 10),
        .only = only.value_or(""),
        .has_kernels = kernels.value_or(true),
        .has_step = step.value_or(true),
        .sizes = is_small ? kSmallSizes : kFullSizes};
    GptConfig& model = options.run.model;
    model = gpt_preset(preset.value_or("gpt2"));
    model.vocab_size = vocab_size.value_or(is_small ? 512 : 50304);
    model.block_size = block.value_or(is_small ? 64 : model.block_size);
    model.n_layer = layers.value_or(is_small ? 2 : model.n_layer);
    model.n_embd = dim.value_or(is_small ? 128 : model.n_embd);
    model.n_head = heads.value_or(is_small ? 2 : model.n_head);
    model.dropout = dropout.value_or(0);
    options.run.train.batch_size = batch.value_or(is_small ? 2 : 16);
    options.run.train.dtype = options.dtype;
    if (!options.has_kernels && !options.has_step) {
      fail_usage("--no-kernels and --no-step: nothing is left to measure");
    }
    const auto is_meant = [&](const KernelCase& kernel) {
      return kernel.name.find(options.only) != std::string::npos;
    };
    if (std::ranges::none_of(kernel_cases(options.sizes, options.dtype), is_meant)) {
      fail_usage("--only: no kernel has '{}' in its name", options.only);
    }
    try {
      model.validate();
      options.run.train.validate();
    } catch (const Error& error) {
      throw UsageError(error.what());
    }
    return options;
  }
};

/// Whether sizes are to be small: where that was not said, on a CPU that plays a GPU.
bool is_small(const HeliosBenchFlags& flags) {
  if (flags.scale) return *flags.scale == "small";
  const helios::vk::Instance instance(helios::vk::InstanceOptions{});
  return helios::Device(instance, flags.device.value_or("")).info().kind == "CPU";
}

Json to_json(const HeliosBench& bench, const KernelRate& rate) {
  Json json = {{"name", rate.kernel.name},
               {"shape", rate.kernel.shape},
               {"dtype", to_string(rate.kernel.dtype)}};
  if (!rate.problem.empty()) {
    json["problem"] = rate.problem;
    return json;
  }
  json["ms"] = rate.seconds * 1e3;
  if (rate.kernel.flops > 0) {
    json["flopsPerSecond"] = rate.flops_per_second();
  } else {
    json["bytesPerSecond"] = rate.bytes_per_second();
  }
  json["fraction"] = bench.fraction(rate);
  return json;
}

Json to_json(const StepSplit& step) {
  Json kernels = Json::array();
  for (const auto& kernel : step.kernels) {
    kernels.push_back({{"name", kernel.name},
                       {"times", static_cast<double>(kernel.n) / static_cast<double>(step.n_steps)},
                       {"ms", kernel.ms}});
  }
  Json json = {{"tokens", step.n_tokens},
               {"parameters", step.n_parameters},
               {"deviceMs", step.device_seconds * 1e3},
               {"kernels", std::move(kernels)}};
  if (step.seconds > 0) {
    json.update({{"stepMs", step.seconds * 1e3},
                 {"tokensPerSecond", step.tokens_per_second()},
                 {"flopsPerSecond", step.tokens_per_second() * step.flops_per_token},
                 {"hostCpuMs", step.cpu_seconds * 1e3},
                 {"pieces", step.n_pieces},
                 {"piecesReused", step.n_reused}});
  }
  return json;
}

Json to_json(const helios::Tuner::Choice& choice) {
  Json ms = Json::array();
  for (const double seconds : choice.seconds) ms.push_back(seconds * 1e3);
  return {{"key", choice.key}, {"choice", choice.name}, {"ms", std::move(ms)}};
}

Json to_json(const HeliosBench& bench) {
  Json peaks = Json::object();
  for (const auto& [dtype, peak] : bench.peak_flops_per_second) {
    if (peak > 0) peaks[std::string(to_string(dtype))] = peak;
  }
  Json kernels = Json::array();
  for (const KernelRate& rate : bench.kernels) kernels.push_back(to_json(bench, rate));
  Json choices = Json::array();
  for (const auto& [key, choice] : bench.choices) choices.push_back(to_json(choice));
  Json json = {{"device", bench.device.name},
               {"driver", bench.device.driver},
               {"dtype", to_string(bench.dtype)},
               {"copyBytesPerSecond", bench.copy_bytes_per_second},
               {"peakFlopsPerSecond", std::move(peaks)},
               {"kernels", std::move(kernels)},
               {"tuned", std::move(choices)},
               {"tuningMs", bench.tuning_seconds * 1e3}};
  if (bench.step) json["step"] = to_json(*bench.step);
  return json;
}

/// "305.12 TFLOP/s", "1.20 GFLOP/s".
std::string rate_text(double flops_per_second) {
  constexpr double kTera = 1e12;
  constexpr double kGiga = 1e9;
  const bool is_large = flops_per_second >= 0.1 * kTera;
  return fmt::format("{:.2f} {}FLOP/s", flops_per_second / (is_large ? kTera : kGiga),
                     is_large ? "T" : "G");
}

void line(const std::string& text) {
  write_stdout(text + "\n");
}

void print_kernels(const HeliosBench& bench) {
  line(fmt::format("{:<22}{:>13.1f} GB/s read and written", "copy",
                   bench.copy_bytes_per_second * 1e-9));
  for (const auto& [dtype, peak] : bench.peak_flops_per_second) {
    if (peak <= 0) continue;
    line(fmt::format("{:<22}{:>18}", fmt::format("best {} product", to_string(dtype)),
                     rate_text(peak)));
  }
  if (bench.kernels.empty()) return;
  line("");
  line(fmt::format("{:<36}{:<24}{:>6}{:>12}{:>18}{:>10}", "kernel", "shape", "", "ms", "rate",
                   "of best"));
  for (const KernelRate& rate : bench.kernels) {
    const std::string start = fmt::format("{:<36}{:<24}{:>6}", rate.kernel.name, rate.kernel.shape,
                                          to_string(rate.kernel.dtype));
    if (!rate.problem.empty()) {
      line(fmt::format("{}  {}", start, rate.problem));
      continue;
    }
    const std::string speed = rate.kernel.flops > 0
                                  ? rate_text(rate.flops_per_second())
                                  : fmt::format("{:.1f} GB/s   ", rate.bytes_per_second() * 1e-9);
    line(fmt::format("{}{:>12.4f}{:>18}{:>8.1f} %", start, rate.seconds * 1e3, speed,
                     100 * bench.fraction(rate)));
  }
}

void print_step(const HeliosBench& bench, const StepSplit& step) {
  const std::string start =
      fmt::format("step of {} tokens, {} parameters, {}", with_commas(step.n_tokens),
                  short_count(static_cast<double>(step.n_parameters)), to_string(bench.dtype));
  if (step.seconds > 0) {
    line(fmt::format("{}: {:.2f} ms, {:.0f} tokens/s, {} of the model", start, step.seconds * 1e3,
                     step.tokens_per_second(),
                     rate_text(step.tokens_per_second() * step.flops_per_token)));
    line(fmt::format(
        "the host: {:.2f} ms of CPU; {:.0f} of {:.0f} pieces of commands were there already",
        step.cpu_seconds * 1e3, step.n_reused, step.n_pieces));
  } else {
    line(start);
  }
  line(fmt::format("its kernels one after the other, times measured: {:.2f} ms",
                   step.device_seconds * 1e3));
  line(fmt::format("{:<36}{:>8}{:>12}{:>9}", "kernel", "times", "ms", "share"));
  for (const auto& kernel : step.kernels) {
    line(fmt::format("{:<36}{:>8.0f}{:>12.4f}{:>7.1f} %", kernel.name,
                     static_cast<double>(kernel.n) / static_cast<double>(step.n_steps), kernel.ms,
                     100 * kernel.ms * 1e-3 / step.device_seconds));
  }
}

/// What was measured now, and what processes before have left.
void print_choices(const HeliosBench& bench, bool is_verbose) {
  const auto n_measured = std::ranges::count_if(
      bench.choices, [](const auto& entry) { return !entry.second.seconds.empty(); });
  line(fmt::format("tuned to the device: {} kernels in {:.1f} s; {} were known", n_measured,
                   bench.tuning_seconds, std::ssize(bench.choices) - n_measured));
  if (!is_verbose) return;
  for (const auto& [key, choice] : bench.choices) {
    std::string times;
    for (const double seconds : choice.seconds) times += fmt::format(" {:.4f}", seconds * 1e3);
    line(fmt::format("  {:<72}{:>6}{}{}", key, choice.name, times, times.empty() ? "" : " ms"));
  }
}

void print(const HeliosBench& bench, bool is_verbose) {
  line(fmt::format("{} ({})", bench.device.name, bench.device.driver));
  const bool has_kernels = bench.copy_bytes_per_second > 0;
  if (has_kernels) print_kernels(bench);
  if (bench.step) {
    if (has_kernels) line("");
    print_step(bench, *bench.step);
  }
  if (bench.choices.empty()) return;
  line("");
  print_choices(bench, is_verbose);
}

}  // namespace

int bench_helios_command(Arguments args) {
  HeliosBenchFlags flags;
  Flags parser("bench helios",
               "How fast a GPU computes what training is made of, and where a step's time goes.",
               kExamples);
  flags.add_to(parser);
  if (!parser.parse(args)) return 0;
  flags.options(true);  // mistakes first, devices later
  const HeliosBench bench = run_helios_bench(flags.options(is_small(flags)));
  if (flags.json.value_or(false)) {
    write_stdout(to_json(bench).dump() + "\n");
  } else {
    print(bench, flags.verbose.value_or(false));
  }
  return exit_code_after_stop(0);
}

}  // namespace alpha::cli
