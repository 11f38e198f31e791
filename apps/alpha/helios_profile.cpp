#include "apps/alpha/helios_profile.h"

#include <limits>

#include "alpha/core/files.h"
#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/fill.h"

namespace alpha::cli {

namespace {

using Timing = helios::Recorder::Timing;

constexpr int kHost = 1;
constexpr int kDevice = 2;

Json name_of(std::string_view what, int track, const std::string& name) {
  return {{"name", what}, {"ph", "M"}, {"pid", 1}, {"tid", track}, {"args", {{"name", name}}}};
}

}  // namespace

HeliosProfile::HeliosProfile(helios::HeliosBackend& backend, std::filesystem::path path,
                             std::int64_t n_steps, const Clock& clock, Console& console)
    : backend_(backend),
      path_(std::move(path)),
      n_steps_(n_steps),
      clock_(clock),
      console_(console) {
  const helios::DeviceInfo& device = backend.device().info();
  if (device.timestamp_ns <= 0) {
    fail(ErrorCode::unsupported, "'{}' does not tell what time its work takes", device.name);
  }
  events_.push_back(name_of("process_name", kHost, "alpha train"));
  events_.push_back(name_of("thread_name", kHost, "host"));
  events_.push_back(name_of("thread_name", kDevice, device.name));
  write();  // a file that cannot be written is better known before the run
}

TrainerHooks HeliosProfile::hooks() {
  return {.on_step = [this](const StepMetrics& metrics) { on_step(metrics); },
          .on_phase = [this](const TrainPhase& phase) { on_phase(phase); }};
}

void HeliosProfile::on_phase(const TrainPhase& phase) {
  if (state_ != State::recording) return;
  add(phase.name, kHost, phase.begin_seconds * 1e3, phase.end_seconds * 1e3);
}

void HeliosProfile::on_step(const StepMetrics& metrics) {
  if (state_ == State::recording) {
    const double now_ms = clock_.seconds() * 1e3;
    add(fmt::format("step {}", metrics.step), kHost, step_start_ms_, now_ms);
    step_start_ms_ = now_ms;
    if (++n_recorded_ == n_steps_) finish();
  } else if (state_ == State::waiting && ++n_seen_ == kFirstSteps) {
    begin();
  }
}

void HeliosProfile::begin() {
  backend_.set_timing(Timing::spans);
  align_clocks();
  state_ = State::recording;
  start_ms_ = clock_.seconds() * 1e3;
  step_start_ms_ = start_ms_;
}

/// Device and host have clocks of their own: a small piece of work that the host waits for lies in
/// the middle of the wait, and of several waits the shortest tells most.
void HeliosProfile::align_clocks() {
  constexpr int kTries = 10;
  const Tensor scratch = empty(backend_, {64});
  double shortest_ms = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kTries; ++i) {
    backend_.finish();
    backend_.take_spans();
    const double before_ms = clock_.seconds() * 1e3;
    fill(backend_, scratch, 0);
    backend_.finish();
    const double after_ms = clock_.seconds() * 1e3;
    const auto spans = backend_.take_spans();
    if (spans.empty() || after_ms - before_ms >= shortest_ms) continue;
    shortest_ms = after_ms - before_ms;
    device_ahead_ms_ = (spans.front().begin_ms + spans.back().end_ms - before_ms - after_ms) / 2;
  }
}

void HeliosProfile::finish() {
  if (state_ != State::recording) return;
  state_ = State::done;
  for (const helios::Recorder::Span& span : backend_.take_spans()) {
    add(span.name, kDevice, span.begin_ms - device_ahead_ms_, span.end_ms - device_ahead_ms_);
  }
  backend_.set_timing(Timing::none);
  try {
    write();
    is_written_ = true;
  } catch (const Error& error) {
    console_.warning(fmt::format("there is no profile: {}", error.what()));
  }
}

void HeliosProfile::add(std::string_view name, int track, double begin_ms, double end_ms) {
  constexpr double kUsPerMs = 1e3;
  events_.push_back({{"name", name},
                     {"cat", track == kHost ? "host" : "kernel"},
                     {"ph", "X"},
                     {"pid", 1},
                     {"tid", track},
                     {"ts", (begin_ms - start_ms_) * kUsPerMs},
                     {"dur", (end_ms - begin_ms) * kUsPerMs}});
}

void HeliosProfile::write() {
  const Json trace = {{"displayTimeUnit", "ms"}, {"traceEvents", events_}};
  write_file_atomic(path_, trace.dump() + "\n");
}

}  // namespace alpha::cli
