#include "alpha/server/service_metrics.h"

#include <algorithm>
#include <cmath>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "alpha/core/process.h"

namespace alpha {

namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;

const Histogram::BucketBoundaries kSeconds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                              0.5,   1,      2.5,   5,    10,    30,   60,  120};
const Histogram::BucketBoundaries kTokenSeconds = {0.0005, 0.001, 0.002, 0.004, 0.008, 0.016,
                                                   0.032,  0.064, 0.128, 0.256, 0.512, 1.024};

/// Adds up a family's counters by the label `model`.
void add_up(const Family<Counter>& family, std::int64_t ModelTotals::*member,
            std::map<std::string, ModelTotals>& totals) {
  for (const prometheus::MetricFamily& one : family.Collect()) {
    for (const prometheus::ClientMetric& metric : one.metric) {
      const auto label =
          std::ranges::find(metric.label, "model", &prometheus::ClientMetric::Label::name);
      if (label == metric.label.end()) continue;
      totals[label->value].*member += std::llround(metric.counter.value);
    }
  }
}

}  // namespace

struct ServiceMetrics::Families {
  prometheus::Registry registry;

  Family<Histogram>& histogram(const char* name, const char* help) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
  }

  Family<Counter>& counter(const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
  }

  Family<Gauge>& gauge(const char* name, const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
  }

  Family<Histogram>& first_token =
      histogram("alpha_time_to_first_token_seconds", "From the request to its first token");
  Family<Histogram>& between_tokens =
      histogram("alpha_time_between_tokens_seconds", "Between two tokens of a request");
  Family<Histogram>& queue =
      histogram("alpha_queue_seconds", "From the request until work on it began");
  Family<Histogram>& request =
      histogram("alpha_request_seconds", "From the request to the end of its answer");
  Family<Counter>& finished =
      counter("alpha_requests_finished_total", "Requests that have ended, by the reason");
  Family<Counter>& prompt_tokens =
      counter("alpha_prompt_tokens_total", "Tokens of prompts that were read");
  Family<Counter>& cached_tokens =
      counter("alpha_prefix_cached_tokens_total", "Tokens of prompts that needed no computing");
  Family<Counter>& generated_tokens =
      counter("alpha_generated_tokens_total", "Tokens that were written");
  Family<Counter>& http = counter("alpha_http_requests_total", "Requests, by route and status");

  Family<Gauge>& running = gauge("alpha_requests_running", "Texts that are being written");
  Family<Gauge>& waiting = gauge("alpha_requests_waiting", "Requests that wait for a session");
  Family<Gauge>& kv_blocks = gauge("alpha_kv_blocks", "Blocks of the KV cache, by what they hold");
  Family<Gauge>& preemptions = gauge(
      "alpha_preemptions", "Texts that had to give up their blocks since the model was loaded");
  Family<Gauge>& model_bytes =
      gauge("alpha_model_bytes", "Memory of a loaded model's weights and KV cache");
  Gauge& uptime = gauge("alpha_uptime_seconds", "Since the start of the process").Add({});
  Gauge& connections = gauge("alpha_http_connections", "Connections that are open").Add({});
  Gauge& loads = gauge("alpha_model_loads", "Loads of models since the start").Add({});
  Gauge& resident = gauge("process_resident_memory_bytes", "Memory in use").Add({});

  /// What is measured at every token is looked up once per model.
  struct Meters {
    Histogram& first_token;
    Histogram& between_tokens;
    Histogram& queue;
    Histogram& request;
    Counter& prompt_tokens;
    Counter& cached_tokens;
    Counter& generated_tokens;
  };

  std::map<std::string, Meters> meters;

  Meters& of(const std::string& model) {
    const auto known = meters.find(model);
    if (known != meters.end()) return known->second;
    const prometheus::Labels labels = {{"model", model}};
    return meters
        .try_emplace(model, Meters{.first_token = first_token.Add(labels, kSeconds),
                                   .between_tokens = between_tokens.Add(labels, kTokenSeconds),
                                   .queue = queue.Add(labels, kSeconds),
                                   .request = request.Add(labels, kSeconds),
                                   .prompt_tokens = prompt_tokens.Add(labels),
                                   .cached_tokens = cached_tokens.Add(labels),
                                   .generated_tokens = generated_tokens.Add(labels)})
        .first->second;
  }
};

ServiceMetrics::ServiceMetrics(std::string_view version) : families_(std::make_unique<Families>()) {
  families_->gauge("alpha_build_info", "1, labelled with the version")
      .Add({{"version", std::string(version)}})
      .Set(1);
}

ServiceMetrics::~ServiceMetrics() = default;

void ServiceMetrics::observe_first_token(const std::string& model, double seconds) {
  families_->of(model).first_token.Observe(seconds);
}

void ServiceMetrics::observe_between_tokens(const std::string& model, double seconds) {
  families_->of(model).between_tokens.Observe(seconds);
}

void ServiceMetrics::observe_queue(const std::string& model, double seconds) {
  families_->of(model).queue.Observe(seconds);
}

void ServiceMetrics::observe_request(const std::string& model, double seconds,
                                     std::string_view finish_reason) {
  families_->of(model).request.Observe(seconds);
  families_->finished.Add({{"model", model}, {"finish_reason", std::string(finish_reason)}})
      .Increment();
}

void ServiceMetrics::count_tokens(const std::string& model, std::int64_t n_prompt,
                                  std::int64_t n_cached, std::int64_t n_completion) {
  const Families::Meters& meters = families_->of(model);
  meters.prompt_tokens.Increment(static_cast<double>(n_prompt));
  meters.cached_tokens.Increment(static_cast<double>(n_cached));
  meters.generated_tokens.Increment(static_cast<double>(n_completion));
}

void ServiceMetrics::count_http(std::string_view route, int status) {
  families_->http.Add({{"route", std::string(route)}, {"status", std::to_string(status)}})
      .Increment();
}

void ServiceMetrics::set_model(const std::string& model, const SchedulerStats& stats,
                               std::size_t size_bytes) {
  families_->of(model);
  const auto set = [&](Family<Gauge>& family, std::int64_t value) {
    family.Add({{"model", model}}).Set(static_cast<double>(value));
  };
  set(families_->running, stats.n_sessions);
  set(families_->waiting, stats.n_waiting);
  set(families_->preemptions, stats.n_preemptions);
  set(families_->model_bytes, static_cast<std::int64_t>(size_bytes));
  const auto set_blocks = [&](const char* state, std::int64_t value) {
    families_->kv_blocks.Add({{"model", model}, {"state", state}}).Set(static_cast<double>(value));
  };
  set_blocks("used", stats.n_blocks_used);
  set_blocks("cached", stats.n_blocks_idle);
  set_blocks("free", stats.n_blocks_free);
}

void ServiceMetrics::clear_models() {
  for (const auto& [model, meters] : families_->meters) set_model(model, {}, 0);
}

void ServiceMetrics::set_process(double uptime_seconds, std::size_t n_connections,
                                 std::int64_t n_loads) {
  families_->uptime.Set(uptime_seconds);
  families_->connections.Set(static_cast<double>(n_connections));
  families_->loads.Set(static_cast<double>(n_loads));
  families_->resident.Set(static_cast<double>(resident_memory_bytes()));
}

std::map<std::string, ModelTotals> ServiceMetrics::totals() const {
  std::map<std::string, ModelTotals> totals;
  add_up(families_->finished, &ModelTotals::n_finished, totals);
  add_up(families_->prompt_tokens, &ModelTotals::n_prompt_tokens, totals);
  add_up(families_->cached_tokens, &ModelTotals::n_cached_tokens, totals);
  add_up(families_->generated_tokens, &ModelTotals::n_generated_tokens, totals);
  return totals;
}

std::string ServiceMetrics::text() const {
  return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

}  // namespace alpha
