#include "apps/alpha/helios_bench.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "apps/alpha/signals.h"
#include "apps/alpha/step_time.h"

#include "alpha/core/clock.h"
#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/cast.h"

namespace alpha::cli {

namespace {

using helios::HeliosBackend;

/// Devices that have nothing to do run slowly: before a measurement they get something.
constexpr double kWarmUpSeconds = 0.1;
constexpr double kFirstWarmUpSeconds = 1;
constexpr double kMostWarmUpSeconds = 3;

helios::HeliosOptions timed(helios::HeliosOptions options) {
  options.is_timing = true;
  return options;
}

void add_choices(HeliosBench& bench, const HeliosBackend& backend) {
  const helios::Tuner::Report report = backend.tuner().report();
  bench.tuning_seconds += report.seconds;
  for (const helios::Tuner::Choice& choice : report.choices) {
    bench.choices.emplace(choice.key, choice);
  }
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// Measures ops on a backend that measures times.
class Stopwatch {
 public:
  Stopwatch(HeliosBackend& backend, std::int64_t n_repeats)
      : backend_(backend),
        n_repeats_(n_repeats),
        probe_from_(noise(backend, {kProbeSize}, DType::f32)),
        probe_to_(empty(backend, {kProbeSize})) {
    backend.set_timing(helios::Recorder::Timing::spans);
  }

  /// The median of what the kernels of `op` take on the device, in seconds, one run of it right
  /// behind the other.
  double measure(const std::function<void()>& op) {
    warm_up(op);
    backend_.take_spans();
    std::size_t n = 0;
    for (; n < static_cast<std::size_t>(n_repeats_) && (n == 0 || !stop_flag().load()); ++n) op();
    const std::vector<helios::Recorder::Span> spans = backend_.take_spans();
    std::vector<double> seconds(n);
    for (std::size_t i = 0; i < spans.size(); ++i) {
      seconds[i * n / spans.size()] += (spans[i].end_ms - spans[i].begin_ms) * 1e-3;
    }
    return median(std::move(seconds));
  }

 private:
  /// Works until the clocks are up: a device that had nothing to do, while a kernel was compiled
  /// say, may run at a fifth of its speed for a second.
  void warm_up(const std::function<void()>& op) {
    op();  // compiles what is not compiled yet
    backend_.finish();
    const double start = clock_.seconds();
    const auto lasts = [&](double seconds) {
      return clock_.seconds() - start < seconds && !stop_flag().load();
    };
    // Ever more at a time, so that small ops do not leave the device waiting for the host.
    constexpr std::int64_t kMost = 64;
    const double least = std::isinf(fastest_probe_ms_) ? kFirstWarmUpSeconds : kWarmUpSeconds;
    for (std::int64_t n = 1; lasts(least) || (is_slow() && lasts(kMostWarmUpSeconds));
         n = std::min(2 * n, kMost)) {
      for (std::int64_t i = 0; i < n && !stop_flag().load(); ++i) op();
      backend_.finish();
    }
  }

  /// Whether a copy takes longer now than the fastest so far.
  bool is_slow() {
    constexpr double kTolerance = 1.15;
    backend_.take_spans();
    cast_into(backend_, probe_from_, probe_to_);
    const helios::Recorder::Span span = backend_.take_spans().back();
    const double ms = span.end_ms - span.begin_ms;
    fastest_probe_ms_ = std::min(fastest_probe_ms_, ms);
    return ms > kTolerance * fastest_probe_ms_;
  }

  static constexpr std::int64_t kProbeSize = std::int64_t{1} << 21U;

  HeliosBackend& backend_;
  std::int64_t n_repeats_;
  Tensor probe_from_;
  Tensor probe_to_;
  double fastest_probe_ms_ = std::numeric_limits<double>::infinity();
  SystemClock clock_;
};

/// Of the driver's copy and our own, the faster.
double measure_copy(HeliosBackend& backend, Stopwatch& stopwatch, std::int64_t wanted_bytes) {
  const auto most = static_cast<std::int64_t>(backend.device().available_bytes() / 4);
  const std::int64_t n = std::min(wanted_bytes, most) / 8;
  const Tensor from = noise(backend, {n}, DType::f32);
  const Tensor to = empty(backend, {n});
  const double bytes = 2 * static_cast<double>(from.size_bytes());
  return std::max(bytes / stopwatch.measure([&] { backend.copy(from, to); }),
                  bytes / stopwatch.measure([&] { cast_into(backend, from, to); }));
}

KernelRate measure_kernel(HeliosBackend& backend, Stopwatch& stopwatch, const KernelCase& kernel) {
  KernelRate rate = {.kernel = kernel};
  try {
    rate.seconds = stopwatch.measure(kernel.make(backend));
  } catch (const Error& error) {
    // A device that is too small for one has the others measured.
    if (error.code() == ErrorCode::device_lost) throw;
    rate.problem = error.what();
  }
  backend.trim();
  return rate;
}

void measure_kernels(HeliosBench& bench, const HeliosBenchOptions& options) {
  HeliosBackend backend(timed(options.helios));
  bench.device = backend.device().info();
  if (bench.device.timestamp_ns <= 0) {
    fail(ErrorCode::unsupported, "'{}' does not tell what time its work takes", bench.device.name);
  }
  Stopwatch stopwatch(backend, options.n_repeats);
  bench.copy_bytes_per_second = measure_copy(backend, stopwatch, options.sizes.copy_bytes);
  for (const KernelCase& kernel : kernel_cases(options.sizes, options.dtype)) {
    if (stop_flag().load()) break;
    if (kernel.name.find(options.only) == std::string::npos) continue;
    bench.kernels.push_back(measure_kernel(backend, stopwatch, kernel));
    double& peak = bench.peak_flops_per_second[kernel.dtype];
    peak = std::max(peak, bench.kernels.back().flops_per_second());
  }
  add_choices(bench, backend);
}

/// Steps until the device is at its speed, once all is compiled.
void warm_up(HeliosBackend& backend, TrialTraining& training) {
  const SystemClock clock;
  training.step();
  backend.finish();
  const double start = clock.seconds();
  while (clock.seconds() - start < kFirstWarmUpSeconds && !stop_flag().load()) {
    training.step();
    backend.finish();
  }
}

/// Steps `n` times, or until somebody asks to stop, but once at least; returns how often.
std::int64_t run_steps(TrialTraining& training, std::int64_t n) {
  std::int64_t i = 0;
  for (; i < n && (i == 0 || !stop_flag().load()); ++i) training.step();
  return i;
}

StepSplit measure_step(HeliosBench& bench, const HeliosBenchOptions& options) {
  const GptConfig& model = options.run.model;
  StepSplit split = {.n_tokens = options.run.train.batch_size * model.block_size,
                     .n_parameters = model.n_parameters(),
                     .flops_per_token = model.flops_per_token(model.block_size)};
  {
    HeliosBackend backend(timed(options.helios));
    bench.device = backend.device().info();
    TrialTraining training(backend, options.run);
    warm_up(backend, training);
    backend.take_times();
    split.n_steps = run_steps(training, options.n_repeats);
    split.kernels = backend.take_times();
    for (auto& kernel : split.kernels) {
      kernel.ms /= static_cast<double>(split.n_steps);
      split.device_seconds += kernel.ms * 1e-3;
    }
    add_choices(bench, backend);
  }
  if (stop_flag().load()) return split;
  HeliosBackend backend(options.helios);
  TrialTraining training(backend, options.run);
  warm_up(backend, training);
  const SystemClock clock;
  const double start = clock.seconds();
  const double cpu_start = clock.cpu_seconds();
  const helios::Recorder::Stats before = backend.recorded();
  const auto n = static_cast<double>(run_steps(training, options.n_repeats));
  backend.finish();
  const helios::Recorder::Stats behind = backend.recorded();
  split.seconds = (clock.seconds() - start) / n;
  split.cpu_seconds = (clock.cpu_seconds() - cpu_start) / n;
  split.n_pieces = static_cast<double>(behind.n_pieces - before.n_pieces) / n;
  split.n_reused = static_cast<double>(behind.n_reused - before.n_reused) / n;
  add_choices(bench, backend);
  return split;
}

}  // namespace

double HeliosBench::fraction(const KernelRate& rate) const {
  if (rate.kernel.flops > 0) {
    const auto peak = peak_flops_per_second.find(rate.kernel.dtype);
    if (peak == peak_flops_per_second.end() || peak->second <= 0) return 0;
    return rate.flops_per_second() / peak->second;
  }
  return copy_bytes_per_second > 0 ? rate.bytes_per_second() / copy_bytes_per_second : 0;
}

HeliosBench run_helios_bench(const HeliosBenchOptions& options) {
  HeliosBench bench = {.dtype = options.dtype};
  if (options.has_kernels) measure_kernels(bench, options);
  if (options.has_step && !stop_flag().load()) bench.step = measure_step(bench, options);
  return bench;
}

}  // namespace alpha::cli
