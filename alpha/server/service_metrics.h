#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "alpha/inference/scheduler_core.h"

namespace alpha {

/// What was counted of a run's models since the start.
struct ModelTotals {
  std::int64_t n_finished = 0;
  std::int64_t n_prompt_tokens = 0;
  std::int64_t n_cached_tokens = 0;
  std::int64_t n_generated_tokens = 0;
};

/// What the service counts, as Prometheus reads it. Names and units follow its conventions; the
/// label `model` is a run's id. For the server's thread.
class ServiceMetrics {
 public:
  explicit ServiceMetrics(std::string_view version);
  ~ServiceMetrics();
  ServiceMetrics(const ServiceMetrics&) = delete;
  ServiceMetrics& operator=(const ServiceMetrics&) = delete;

  void observe_first_token(const std::string& model, double seconds);
  void observe_between_tokens(const std::string& model, double seconds);
  void observe_queue(const std::string& model, double seconds);

  /// A generation has ended: how long it took in all, and why.
  void observe_request(const std::string& model, double seconds, std::string_view finish_reason);
  void count_tokens(const std::string& model, std::int64_t n_prompt, std::int64_t n_cached,
                    std::int64_t n_completion);
  void count_http(std::string_view route, int status);

  /// Gauges of a model, from its scheduler.
  void set_model(const std::string& model, const SchedulerStats& stats, std::size_t size_bytes);

  /// Sets the gauges of all models to 0; before `set_model` of those that are loaded.
  void clear_models();
  void set_process(double uptime_seconds, std::size_t n_connections, std::int64_t n_loads);

  /// The counters by run.
  std::map<std::string, ModelTotals> totals() const;

  /// The text format of Prometheus.
  std::string text() const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace alpha
