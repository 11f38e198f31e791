#include "alpha/server/service.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "alpha/checkpoint/checkpoint_search.h"
#include "alpha/server/generation.h"
#include "alpha/server/routes/routes.h"

namespace alpha {

namespace {

constexpr std::size_t kRememberedEnds = 64;
constexpr double kRateSeconds = 30;  // how far back the rate of ends looks
constexpr std::int64_t kHeartbeatMs = 15'000;
constexpr std::int64_t kLastCallsMs = 50;
constexpr std::int64_t kCutShortMs = 2'000;  // for what was cut short to be told

/// A checkpoint that is quantized already is served as it is.
std::shared_ptr<const Weights> load(const ModelName& name, Backend& backend,
                                    std::optional<WeightFormat> format) {
  try {
    return load_weights(name.checkpoint.path, backend, format);
  } catch (const Error& error) {
    if (!format || error.code() != ErrorCode::invalid_argument) throw;
    return load_weights(name.checkpoint.path, backend, {});
  }
}

ModelRegistry::Loader make_loader(Backend& backend, const ServerSettings& settings,
                                  const Clock& clock) {
  return [&backend, settings, &clock](const ModelName& name) {
    auto weights = load(name, backend, settings.weights);
    if (settings.chat_template) {
      auto changed = std::make_shared<Weights>(*weights);
      changed->chat_template = *settings.chat_template;
      weights = std::move(changed);
    }
    return std::make_shared<ServedModel>(backend, std::move(weights),
                                         ServedModelOptions{.max_kv_bytes = settings.max_kv_bytes,
                                                            .max_sessions = settings.max_sessions,
                                                            .max_waiting = settings.max_waiting},
                                         clock);
  };
}

std::filesystem::path upload_root(const ServerSettings& settings) {
  if (!settings.upload_root.empty()) return settings.upload_root;
  return settings.roots.empty() ? "runs" : settings.roots.front();
}

}  // namespace

Service::Service(Backend& backend, ServerSettings settings, const Clock& clock)
    : settings_(std::move(settings)),
      backend_(backend),
      clock_(clock),
      started_ms_(clock.unix_ms()),
      started_at_(clock.seconds()),
      guard_(settings_),
      metrics_(settings_.version),
      store_(settings_.roots, clock),
      watcher_(store_),
      ingest_(upload_root(settings_), clock),
      uploads_(upload_root(settings_), clock),
      http_(
          settings_.http, [this](const auto& exchange) { handle(exchange); },
          [this](const std::string& text) { problem(text); }),
      models_(
          settings_.max_model_bytes, make_loader(backend, settings_, clock), loader_,
          [this](std::function<void()> task) { http_.post(std::move(task)); }, clock,
          [this](const std::string& text) { problem(text); }) {
  add_health_routes(router_, *this);
  add_openai_routes(router_, *this);
  add_tokenize_routes(router_, *this);
  add_original_routes(router_, *this);
  add_run_routes(router_, *this);
  add_ingest_routes(router_, *this);
  look();
  http_.post_after(kHeartbeatMs, [this] { heartbeat(); });
}

Service::~Service() = default;

void Service::heartbeat() {
  live_.heartbeat();
  http_.post_after(kHeartbeatMs, [this] { heartbeat(); });
}

void Service::problem(const std::string& text) const {
  if (settings_.on_problem) settings_.on_problem(text);
}

void Service::handle(const std::shared_ptr<http::Exchange>& exchange) {
  const auto call = std::make_shared<Call>(*this, exchange, clock_.seconds());
  call->shape = Router::shape_of(call->request().path);
  ++n_calls_;
  // Neither the call nor the exchange: one that is lost on the way is to be answered, with 500.
  exchange->on_done([this, log = call->shared_log](const http::Outcome& outcome) {
    --n_calls_;
    write_log(*log, outcome);
    if (is_draining_) end_when_idle();
  });
  try {
    dispatch(call);
  } catch (const std::exception& error) {
    fail(*call, error);
  }
}

/// Calls that came before the run folders were looked at for the first time.
void Service::answer_early() {
  for (const auto& answer : std::exchange(early_, {})) answer();
}

void Service::fail(Call& call, const std::exception& error) const {
  const ApiError told = to_api_error(error);
  if (told.status >= 500 && !is_draining_) {
    problem(fmt::format("{} {}: {}", call.request().method, call.request().path, error.what()));
  }
  call.fail(told);
}

void Service::dispatch(const std::shared_ptr<Call>& call) {
  const http::Request& request = call->request();
  guard_.check_origin(request);
  http::Fields cors;
  guard_.add_cors_headers(request, cors);
  for (const auto& [name, value] : cors) call->add_header(name, value);
  if (request.method == "OPTIONS") return call->respond(http::Response{.status = 204});
  const Router::Match match = router_.find(request.method, request.path);
  call->shape = match.route->shape;
  call->log.route = match.route->pattern;
  call->parameter = match.parameter;
  call->log.key = guard_.check_access(request, match.route->access);
  if (is_looked_at_ || match.route->access == Access::open) return match.route->handle(call);
  early_.push_back([this, call, route = match.route] {
    try {
      route->handle(call);
    } catch (const std::exception& error) {
      fail(*call, error);
    }
  });
}

void Service::write_log(const CallLog& log, const http::Outcome& outcome) {
  metrics_.count_http(log.route.empty() ? "none" : log.route, outcome.status);
  if (!settings_.on_access) return;
  Json line = {{"time", clock_.unix_ms()},
               {"id", log.id},
               {"client", log.client},
               {"method", log.method},
               {"path", log.path},
               {"status", outcome.status},
               {"ms", std::round((clock_.seconds() - log.begun_at) * 1e4) / 10},
               {"bytes", outcome.body_bytes}};
  if (!log.key.empty()) line["key"] = log.key;
  if (!log.model.empty()) {
    line["model"] = log.model;
    line["prompt_tokens"] = log.n_prompt_tokens;
    line["completion_tokens"] = log.n_tokens;
    line["finish_reason"] = log.finish_reason;
  }
  settings_.on_access(line.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void Service::look() {
  rescan();
  http_.post_after(settings_.rescan_ms, [this] { look(); });
}

void Service::rescan() {
  if (std::exchange(is_looking_, true)) return;
  files_.run([this] {
    std::vector<RunEvent> events;
    std::string trouble;
    try {
      events = watcher_.poll();
    } catch (const std::exception& error) {
      trouble = error.what();
    }
    http_.post([this, events = std::move(events), trouble, runs = store_.snapshot()] {
      is_looking_ = false;
      if (!trouble.empty()) problem("cannot look at the run folders: " + trouble);
      models_.update(runs);
      live_.send(events);
      is_looked_at_ = true;
      answer_early();
    });
  });
}

void Service::watch(const std::shared_ptr<Call>& call) {
  files_.run([this, call] {
    auto snapshot = std::make_shared<const Json>(watcher_.snapshot());
    call->exchange()->post([this, call, snapshot] { live_.subscribe(call, *snapshot); });
  });
}

void Service::check_accepting() const {
  if (!is_draining_) return;
  ApiError error(503, "the server is shutting down and takes no new work", {}, "shutting_down");
  error.headers.add("Retry-After", "5");
  throw ApiError(error);
}

std::int64_t Service::retry_after_seconds() const {
  constexpr std::int64_t kMost = 120;
  const double now = clock_.seconds();
  const auto n_recent =
      std::ranges::count_if(ended_at_, [&](double ended) { return now - ended <= kRateSeconds; });
  if (n_recent == 0) return 1 + static_cast<std::int64_t>(generations_.size() > 1);
  const double window = std::max(now - ended_at_.front(), 0.1);
  const double rate = static_cast<double>(n_recent) / std::min(window, kRateSeconds);
  std::int64_t n_waiting = 1;
  for (const auto& loaded : models_.loaded()) {
    n_waiting += loaded.model->scheduler().stats().n_waiting;
  }
  return std::clamp(static_cast<std::int64_t>(std::ceil(static_cast<double>(n_waiting) / rate)),
                    std::int64_t{1}, kMost);
}

void Service::respond_later(const std::shared_ptr<Call>& call,
                            std::function<http::Response()> work) {
  files_.run([call, work = std::move(work)] {
    std::optional<http::Response> response;
    std::optional<ApiError> error;
    try {
      response = work();
    } catch (const std::exception& caught) {
      error = to_api_error(caught);
    }
    call->exchange()->post([call, response = std::move(response), error = std::move(error)] {
      if (error) {
        call->fail(*error);
      } else {
        call->respond(*response);
      }
    });
  });
}

void Service::remove(Generation* generation, bool is_finished) {
  generations_.erase(generation);
  if (is_finished) {
    ended_at_.push_back(clock_.seconds());
    if (ended_at_.size() > kRememberedEnds) ended_at_.pop_front();
  }
}

void Service::update_gauges() {
  metrics_.clear_models();

  struct Sum {
    SchedulerStats stats;
    std::size_t size_bytes = 0;
  };

  std::map<std::string, Sum> sums;  // a model that was swapped may still answer beside the new one
  for (const auto& loaded : models_.loaded()) {
    Sum& sum = sums[loaded.id];
    const SchedulerStats stats = loaded.model->scheduler().stats();
    sum.stats.n_sessions += stats.n_sessions;
    sum.stats.n_waiting += stats.n_waiting;
    sum.stats.n_preemptions += stats.n_preemptions;
    sum.stats.n_blocks_used += stats.n_blocks_used;
    sum.stats.n_blocks_idle += stats.n_blocks_idle;
    sum.stats.n_blocks_free += stats.n_blocks_free;
    sum.size_bytes += loaded.model->size_bytes();
  }
  for (const auto& [id, sum] : sums) metrics_.set_model(id, sum.stats, sum.size_bytes);
  metrics_.set_process(clock_.seconds() - started_at_, http_.n_connections(), models_.n_loads());
}

void Service::drain() {
  http_.post([this] { begin_drain(); });
}

void Service::begin_drain() {
  if (std::exchange(is_draining_, true)) return;
  http_.finish_connections();
  live_.close();
  end_when_idle();
  http_.post_after(settings_.drain_timeout_ms, [this] {
    const std::set<Generation*> running = generations_;
    for (Generation* generation : running) generation->cut_short();
    http_.post_after(kCutShortMs, [this] { http_.stop(); });
  });
}

/// A proxy may have sent a request that has not come yet: it is to be told rather than cut off.
void Service::end_when_idle() {
  if (n_calls_ > 0 || std::exchange(is_ending_, true)) return;
  http_.post_after(kLastCallsMs, [this] {
    is_ending_ = false;
    if (n_calls_ == 0) http_.stop();
  });
}

}  // namespace alpha
