#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "apps/alpha/helios_cases.h"

#include "alpha/helios/helios_backend.h"
#include "alpha/train/run_directory.h"

namespace alpha::cli {

struct HeliosBenchOptions {
  helios::HeliosOptions helios = {};  // of the device
  DType dtype = DType::bf16;
  std::int64_t n_repeats = 10;
  std::string only = {};    // kernels with this in their name; empty: all
  bool has_kernels = true;  // whether they are measured
  bool has_step = true;     // whether a training step is
  RunConfig run = {};       // model and batch of the step; vocab_size is set
  KernelSizes sizes = kFullSizes;
};

/// An op as it was measured; `problem` says why it was not.
struct KernelRate {
  KernelCase kernel;
  double seconds = 0;  // median, on the device
  std::string problem = {};

  double flops_per_second() const { return seconds > 0 ? kernel.flops / seconds : 0; }

  double bytes_per_second() const { return seconds > 0 ? kernel.bytes / seconds : 0; }
};

/// A training step: what its kernels took with times measured, one after the other, and how fast
/// steps are without.
struct StepSplit {
  std::int64_t n_tokens = 0;  // of a step
  std::int64_t n_parameters = 0;
  std::int64_t n_steps = 0;   // whose kernels were measured
  double seconds = 0;         // of a step on the clock, nothing measured on the device
  double cpu_seconds = 0;     // of the host, in a step
  double n_pieces = 0;        // of commands that a step has
  double n_reused = 0;        // those that were there from an earlier step
  double device_seconds = 0;  // of its kernels
  std::vector<helios::Recorder::KernelTime> kernels;  // of a step; the longest first
  double flops_per_token = 0;

  /// 0 where that was not measured: the user has asked to stop.
  double tokens_per_second() const {
    return seconds > 0 ? static_cast<double>(n_tokens) / seconds : 0;
  }
};

struct HeliosBench {
  helios::DeviceInfo device;
  std::map<std::string, helios::Tuner::Choice> choices;  // that were made, by key
  double tuning_seconds = 0;
  DType dtype = DType::bf16;
  double copy_bytes_per_second = 0;               // read and written
  std::map<DType, double> peak_flops_per_second;  // of the best product of each dtype
  std::vector<KernelRate> kernels;
  std::optional<StepSplit> step;

  /// What the kernel reaches of the best product or of the copy; 0 where there is nothing to
  /// compare with.
  double fraction(const KernelRate& rate) const;
};

/// Measures kernels and a training step on a device. Stops early, with what it has, when the user
/// asks to. Error: unsupported, also for a device that does not tell times; out_of_memory, of the
/// step.
HeliosBench run_helios_bench(const HeliosBenchOptions& options);

}  // namespace alpha::cli
