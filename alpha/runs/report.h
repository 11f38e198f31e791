#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "alpha/core/clock.h"
#include "alpha/http/client.h"
#include "alpha/train/trainer.h"

namespace alpha {

/// Which checkpoints go to the server, without optimizer state.
enum class ReportedCheckpoints : std::uint8_t { none, last, all };

struct ReporterOptions {
  http::Url url;
  std::string secret;
  ReportedCheckpoints checkpoints = ReportedCheckpoints::last;
  std::size_t max_metrics = 5000;                  // that wait; the oldest give way
  std::int64_t flush_ms = 1000;                    // how long lines are gathered
  std::int64_t heartbeat_ms = 60'000;              // of silence, then a sign of life
  std::int64_t first_retry_ms = 1000;              // doubled by each failure in a row
  std::int64_t max_retry_ms = 60'000;              // up to this
  std::int64_t stall_ms = 30'000;                  // at the end: the longest without a delivery
  std::int64_t max_finish_ms = 3'600'000;          // at the end: altogether
  std::size_t piece_bytes = std::size_t{1} << 20;  // of an upload
};

/// How the reports of a run ended.
struct ReportOutcome {
  bool is_delivered = false;    // everything but the dropped metrics
  std::int64_t n_dropped = 0;   // metrics that gave way or were refused
  std::int64_t n_problems = 0;  // deliveries that failed
};

/// Reports a run to a server elsewhere, on a thread of its own. Training never waits for it and
/// never fails because of it: what cannot be sent is tried again, and in the end left.
/// docs/reporting.md describes the messages.
class Reporter {
 public:
  /// Begins at once. `first_step`: steps done before this session. `on_problem` is told of the
  /// first five failures and each hundredth after that, on the thread that calls the hooks. `clock`
  /// outlives the reporter.
  Reporter(ReporterOptions options, const RunConfig& run, std::int64_t first_step,
           const Clock& clock, std::function<void(const std::string&)> on_problem = {});
  Reporter(const Reporter&) = delete;
  Reporter& operator=(const Reporter&) = delete;

  /// Leaves what has not been sent.
  ~Reporter();

  /// What a trainer is to call. The reporter outlives the trainer.
  TrainerHooks hooks();

  /// Sends the rest, for a bounded time, and with `is_complete` that the run is done after `step`.
  /// `on_wait` is told about once a second what is waited for. Nothing is reported after this.
  ReportOutcome finish(std::int64_t step, bool is_complete,
                       const std::function<void(const std::string&)>& on_wait = {});

 private:
  class Worker;

  void tell_problems();

  std::unique_ptr<Worker> worker_;
  std::function<void(const std::string&)> on_problem_;
};

/// What this machine is: {hostname, cpuCount, ramTotalMb, osPlatform}.
Json host_infra();

}  // namespace alpha
