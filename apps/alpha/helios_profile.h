#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "apps/alpha/console.h"

#include "alpha/core/clock.h"
#include "alpha/core/json.h"
#include "alpha/helios/helios_backend.h"
#include "alpha/train/trainer.h"

namespace alpha::cli {

/// A trace of some training steps in Chrome's format, for chrome://tracing or ui.perfetto.dev: on
/// one track what the host went through, on the other the device's kernels. While it is recorded
/// kernels run one after the other.
class HeliosProfile {
 public:
  static constexpr std::int64_t kFirstSteps = 3;

  /// Records `n_steps` steps after the first few, which compile kernels. All outlive it. Error:
  /// unsupported, for a device that does not tell times; io, when the file cannot be written.
  HeliosProfile(helios::HeliosBackend& backend, std::filesystem::path path, std::int64_t n_steps,
                const Clock& clock, Console& console);
  HeliosProfile(const HeliosProfile&) = delete;
  HeliosProfile& operator=(const HeliosProfile&) = delete;

  /// For the run that is recorded; lives as long as they are called.
  TrainerHooks hooks();

  /// Writes what there is, if the run ended early. A trace that cannot be written is a warning: the
  /// run is worth more.
  void finish();

  /// Whether the file holds the steps that were recorded.
  bool is_written() const noexcept { return is_written_; }

  /// That were recorded so far.
  std::int64_t n_steps() const noexcept { return n_recorded_; }

 private:
  enum class State : std::uint8_t { waiting, recording, done };

  void on_phase(const TrainPhase& phase);
  void on_step(const StepMetrics& metrics);
  void begin();
  void align_clocks();
  void write();
  void add(std::string_view name, int track, double begin_ms, double end_ms);

  helios::HeliosBackend& backend_;
  std::filesystem::path path_;
  std::int64_t n_steps_;
  const Clock& clock_;
  Console& console_;
  bool is_written_ = false;
  State state_ = State::waiting;
  std::int64_t n_seen_ = 0;
  std::int64_t n_recorded_ = 0;
  double start_ms_ = 0;         // of the trace, on the host's clock
  double step_start_ms_ = 0;    // on the host's clock
  double device_ahead_ms_ = 0;  // of the host's clock
  Json events_ = Json::array();
};

}  // namespace alpha::cli
