#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "alpha/core/clock.h"
#include "alpha/core/files.h"
#include "alpha/train/metrics.h"

namespace alpha {

/// Something worth knowing of a run: a line of events.jsonl.
struct TrainEvent {
  std::int64_t step = 0;  // the last one taken
  std::string level;      // "info", "warn" or "error"
  std::string kind;       // run_started, run_resumed, warning, checkpoint_saved, run_finished,
                          // run_stopped, run_failed
  std::string message;
  std::int64_t created_ms = 0;  // since 1970
};

/// {step, level, kind, message, created_at}.
Json to_json(const TrainEvent& event);

/// A text that the model wrote on the way: a line of samples.jsonl.
struct TrainSample {
  std::int64_t step = 0;
  std::int64_t idx = 0;  // which prompt
  std::string prompt;
  std::string output;
  std::int64_t created_ms = 0;  // since 1970
};

/// {step, idx, prompt, output, created_at}.
Json to_json(const TrainSample& sample);

/// Appends whole lines to metrics.jsonl, samples.jsonl and events.jsonl of a run.
class RunLog {
 public:
  /// Error: io, here and below.
  explicit RunLog(const std::filesystem::path& run_dir);

  void add(const StepMetrics& metrics);
  void add(const TrainSample& sample);
  void add(const TrainEvent& event);

 private:
  LineAppender metrics_;
  LineAppender samples_;
  LineAppender events_;
};

}  // namespace alpha
