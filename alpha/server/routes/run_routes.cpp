#include <charconv>

#include "alpha/runs/run_files.h"
#include "alpha/runs/run_rows.h"
#include "alpha/server/routes/routes.h"
#include "alpha/server/service.h"

namespace alpha {

namespace {

constexpr std::size_t kMaxRuns = 100;  // of one answer, as the original

/// A whole number of the query. Error: ApiError 400.
std::optional<std::int64_t> query_integer(const Call& call, std::string_view name) {
  const std::string_view text = call.query(name);
  if (text.empty()) return {};
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) {
    fail_param(name, "'{}' is '{}', expected a whole number of 0 or more", name,
               text.substr(0, 40));
  }
  return value;
}

std::shared_ptr<const RunInfo> find_run(const Call& call) {
  auto run = call.service().store().find(call.parameter);
  if (!run) {
    throw ApiError(404, fmt::format("there is no run '{}'", call.parameter.substr(0, 200)));
  }
  return run;
}

void list_runs(const std::shared_ptr<Call>& call) {
  const std::string_view status = call->query("status");
  const std::string_view domain = call->query("domain");
  Json rows = Json::array();
  for (const auto& run : *call->service().store().snapshot()) {
    if (run->is_bare_checkpoint || rows.size() == kMaxRuns) continue;
    if (!status.empty() && to_string(run->status) != status) continue;
    if (!domain.empty() && run->domain != domain) continue;
    rows.push_back(run_row(*run));
  }
  call->respond(rows);
}

void show_run(const std::shared_ptr<Call>& call) {
  call->respond(run_row(*find_run(*call)));
}

void list_models(const std::shared_ptr<Call>& call) {
  Json rows = Json::array();
  for (const auto& run : *call->service().store().snapshot()) {
    if (!run->checkpoints.empty()) rows.push_back(model_row(*run));
  }
  call->respond(rows);
}

void show_metrics(const std::shared_ptr<Call>& call) {
  call->service().respond_later(call, [run = find_run(*call), last = query_integer(*call, "last")] {
    Json rows = Json::array();
    for (const Json& line : read_metrics(run->path, last)) {
      rows.push_back(metric_row(run->id, line));
    }
    return json_response(rows);
  });
}

void show_checkpoints(const std::shared_ptr<Call>& call) {
  const auto run = find_run(*call);
  Json rows = Json::array();
  for (auto at = run->checkpoints.rbegin(); at != run->checkpoints.rend(); ++at) {
    rows.push_back(checkpoint_row(run->id, *at));
  }
  call->respond(rows);
}

RowFilter read_filter(const Call& call) {
  RowFilter filter{.last = query_integer(call, "last"),
                   .step = query_integer(call, "step"),
                   .from_step = query_integer(call, "fromStep"),
                   .from_id = query_integer(call, "fromId"),
                   .level = std::string(call.query("level")),
                   .kind = std::string(call.query("kind"))};
  if (const auto limit = query_integer(call, "limit")) filter.limit = *limit;
  return filter;
}

void show_samples(const std::shared_ptr<Call>& call) {
  call->service().respond_later(call, [run = find_run(*call), filter = read_filter(*call)] {
    Json rows = Json::array();
    for (const Json& line : read_samples(run->path, filter)) {
      rows.push_back(sample_row(run->id, line));
    }
    return json_response(rows);
  });
}

void show_events(const std::shared_ptr<Call>& call) {
  call->service().respond_later(call, [run = find_run(*call), filter = read_filter(*call)] {
    Json rows = Json::array();
    for (const Json& line : read_events(run->path, filter)) {
      rows.push_back(event_row(run->id, line));
    }
    return json_response(rows);
  });
}

/// Server-sent events: snapshot, then run_start, metrics, samples, event, run_complete as they
/// come.
void watch(const std::shared_ptr<Call>& call) {
  call->service().check_accepting();
  call->service().watch(call);
}

}  // namespace

void add_run_routes(Router& router, Service& /*service*/) {
  const auto add = [&router](const char* pattern, auto* body) {
    router.add({"GET", pattern, body, Access::key, ErrorShape::original});
  };
  add("/api/models", list_models);
  add("/api/runs", list_runs);
  add("/api/runs/{}/metrics", show_metrics);
  add("/api/runs/{}/checkpoints", show_checkpoints);
  add("/api/runs/{}/samples", show_samples);
  add("/api/runs/{}/events", show_events);
  add("/api/runs/{}", show_run);
  add("/api/training/live", watch);
}

}  // namespace alpha
