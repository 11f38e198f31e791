#include <algorithm>
#include <charconv>

#include "alpha/runs/curve_store.h"
#include "alpha/runs/curve_text.h"
#include "alpha/runs/run_files.h"
#include "alpha/runs/run_rows.h"
#include "alpha/server/routes/routes.h"
#include "alpha/server/service.h"

namespace alpha {

namespace {

constexpr std::size_t kMaxRuns = 100;  // of one answer, as the original
constexpr std::int64_t kMaxPoints = 5000;
constexpr std::uint64_t kLongFileBytes = std::uint64_t{16} << 20U;  // that takes a while to read

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

/// Names with commas. Error: ApiError 400 for more than a run has.
std::vector<std::string> query_names(const Call& call, std::string_view name) {
  std::vector<std::string> names;
  for (std::string_view rest = call.query(name); !rest.empty();) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view column = rest.substr(0, comma);
    if (!column.empty() && std::ranges::find(names, column) == names.end()) {
      names.emplace_back(column);
    }
    if (names.size() > kMaxColumns) {
      fail_param(name, "'{}' has more than {} names", name, kMaxColumns);
    }
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return names;
}

CurveQuery read_curve_query(const Call& call) {
  CurveQuery query{.from = query_integer(call, "from"),
                   .to = query_integer(call, "to"),
                   .columns = query_names(call, "columns")};
  if (const auto points = query_integer(call, "points")) query.max_points = *points;
  if (query.max_points < 1 || query.max_points > kMaxPoints) {
    fail_param("points", "'points' is {}, expected 1 to {}", query.max_points, kMaxPoints);
  }
  if (query.from && query.to && *query.from > *query.to) {
    fail_param("from", "'from' is {}, behind 'to', which is {}", *query.from, *query.to);
  }
  return query;
}

/// All metrics of a run, in as many buckets as there are places to draw them. A long file that was
/// not read before keeps only others of its kind waiting.
void show_curves(const std::shared_ptr<Call>& call, const std::shared_ptr<CurveStore>& curves) {
  const auto run = find_run(*call);
  const auto read = [curves, run, query = read_curve_query(*call)] {
    return http::Response{.body = curve_text(run->id, curves->read(run->path, query))};
  };
  call->service().work_later(call, [call, curves, run, read]() -> std::function<void()> {
    if (curves->n_unread_bytes(run->path) > kLongFileBytes) {
      return [call, read] { call->service().respond_later(call, read, TaskLength::long_task); };
    }
    return [call, response = read()]() mutable { call->respond(std::move(response)); };
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
  const auto add = [&router](const char* pattern, auto body) {
    router.add({"GET", pattern, body, Access::key, ErrorShape::original});
  };
  const auto curves = std::make_shared<CurveStore>();
  add("/api/models", list_models);
  add("/api/runs", list_runs);
  add("/api/runs/{}/metrics", show_metrics);
  add("/api/runs/{}/curves",
      [curves](const std::shared_ptr<Call>& call) { show_curves(call, curves); });
  add("/api/runs/{}/checkpoints", show_checkpoints);
  add("/api/runs/{}/samples", show_samples);
  add("/api/runs/{}/events", show_events);
  add("/api/runs/{}", show_run);
  add("/api/training/live", watch);
}

}  // namespace alpha
